# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulation of many Kodis that sign in at the same time: see tests/fleet.py."""

from __future__ import annotations

import pytest

from lib.simkl_account.simkl import background
from tests.fleet import INTERVAL, simulate


@pytest.mark.parametrize("people", [50, 500])
def test_fleet(people: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """If many users sign in within a minute, all succeed within 5 minutes, and no code is polled too often."""
    monkeypatch.setattr(background, "TICK", background.TICK)  # simulate() changes it: this restores it after the test
    report = simulate(people, within=60)
    assert report.approved == report.signed_in == people
    assert report.closest_polls >= INTERVAL - 1e-6
    assert report.slowest < 300
