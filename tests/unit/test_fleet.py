# SPDX-License-Identifier: GPL-2.0-or-later
"""Many people at once, in simulation: nobody who approves is lost, and Simkl's limits are kept to."""

import pytest

from lib.simkl_account.simkl import background as asking
from tests.fleet import INTERVAL, simulate


@pytest.mark.parametrize("people", [50, 500])
def test_everybody_who_approves_ends_signed_in(people: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "TICK", asking.TICK)  # put back what the simulation changes
    report = simulate(people, within=60)
    assert report.approved == report.signed_in == people
    assert report.closest_polls >= INTERVAL - 1e-6
    assert report.slowest < 300
