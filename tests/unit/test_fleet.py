# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulation of many Kodis that sign in at the same time: see tests/fleet.py."""

from __future__ import annotations

import pytest

from lib.simkl_account.simkl import background
from lib.simkl_account.simkl.client import DEVICE
from tests.fleet import INTERVAL, simulate


@pytest.mark.parametrize("people", [50, 500])
def test_fleet(people: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """If many users sign in within a minute, all succeed within 5 minutes, and no code is polled too often."""
    monkeypatch.setattr(background, "TICK", background.TICK)  # simulate() changes it: this restores it after the test
    report = simulate(people, within=60)
    assert report.approved == report.signed_in == people
    assert report.closest_polls >= INTERVAL - 1e-6
    assert report.slowest < 300


@pytest.mark.parametrize("people", [50, 500])
def test_fleet_of_device_flow(people: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the polls of all users together are limited, too, nobody who approves is lost, and 50 users all succeed."""
    monkeypatch.setattr(background, "TICK", background.TICK)
    report = simulate(people, within=60, flow=DEVICE)
    assert report.approved == report.signed_in == report.named
    assert report.closest_polls >= INTERVAL - 1e-6
    assert report.signed_in == people or people > 50
