# SPDX-License-Identifier: GPL-2.0-or-later
"""The notification that a new sign-in is needed."""

from __future__ import annotations

import pytest

from lib.simkl_account.kodi.reminder import REMINDER_INTERVAL, remind

from .stubs import StubbedKodi


def test_one_reminder_per_hour(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within an hour of a reminder there is no second one."""
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    remind()
    remind()
    now += REMINDER_INTERVAL - 1
    remind()
    assert len(kodi.notifications) == 1
    now += 1
    remind()
    assert len(kodi.notifications) == 2


def test_no_reminder_during_video(kodi: StubbedKodi) -> None:
    """While a video plays there is no reminder, and the next one afterwards is shown."""
    kodi.playing = True
    remind()
    assert kodi.notifications == []
    kodi.playing = False
    remind()
    assert kodi.notifications == ["The sign-in to Simkl is no longer valid. Sign in again."]
