# SPDX-License-Identifier: GPL-2.0-or-later
"""Kodi is killed while the account is written: a new start finds the old account or the new one, whole.

`make crash` does this many times, at random moments, too.
"""

from __future__ import annotations

import pytest

from tests.rig.crash import Flow, OtherAccount, Refresh, Row, SignOut, kill_during
from tests.rig.kodi import Kodi
from tests.rig.standin import StandIn

pytestmark = [pytest.mark.consumers, pytest.mark.usefixtures("device_flow"), pytest.mark.every_kodi]


@pytest.mark.parametrize("kind", [OtherAccount, Refresh, SignOut])
def test_killed_while_writing(kodi: Kodi, simkl: StandIn, kind: type[Flow]) -> None:
    """Killed at the first write and at the last one, the account is there, and none that was stored is lost."""
    row = Row()
    for at_write in (0, kind.writes - 1):
        kill_during(kind(kodi, simkl), at_write, row)
    assert row.new + row.old == row.kills == 2
    assert row.lost_after_stored == 0
