# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a sign-in by the PIN flow is outdated, and whether Simkl is asked about that."""

from __future__ import annotations

import pytest

from lib.simkl_account.account.pin_retirement import is_outdated
from lib.simkl_account.errors import ClientIdRefused, Unreachable
from lib.simkl_account.models import Credentials
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.background import BackgroundClient

from .fakes import FakeRuntime, FakeSimkl

PIN = Credentials("a-token", "an-id")
DEVICE = Credentials("a-token", "an-id", "r-token")


@pytest.fixture
def simkl() -> FakeSimkl:
    """A Simkl that has sent a code by the device flow."""
    simkl = FakeSimkl(FakeRuntime())
    simkl.flow = "device"
    return simkl


def look(simkl: FakeSimkl, client_id: str, known_flow: str = "", credentials: Credentials = PIN) -> bool:
    """Return is_outdated(). Assert that the client is closed if it was used."""
    found = is_outdated(
        credentials, client_id, known_flow, lambda: BackgroundClient(simkl.connect, FakeRuntime(), random=lambda: 0)
    )
    assert simkl.closed == bool(simkl.requests)
    return found


@pytest.mark.parametrize(("flow", "outdated"), [("device", True), ("pin", False)])
def test_unknown_flow(simkl: FakeSimkl, flow: str, outdated: bool) -> None:
    """If the flow of another client id is not known, Simkl is asked for a code to find out."""
    simkl.flow = flow
    assert look(simkl, "new-id") is outdated
    assert simkl.sent == ["code"]


@pytest.mark.parametrize("error", [ClientIdRefused("by both flows"), Unreachable(Cause.NO_NETWORK)])
def test_cannot_be_asked(simkl: FakeSimkl, error: Exception) -> None:
    """If Simkl cannot be asked, or if the client id is for neither flow, nothing is said about the sign-in."""
    simkl.codes = [error]
    assert not look(simkl, "new-id")


@pytest.mark.parametrize(
    ("credentials", "client_id", "known_flow", "outdated"),
    [
        (PIN, "", "", False),
        (PIN, "an-id", "", False),
        (PIN, "new-id", "pin", False),
        (PIN, "new-id", "device", True),
        (DEVICE, "new-id", "device", False),
    ],
)
def test_simkl_is_not_asked(
    simkl: FakeSimkl, credentials: Credentials, client_id: str, known_flow: str, outdated: bool
) -> None:
    """Simkl gets no request if there is no other client id, if its flow is known, or after a device-flow sign-in."""
    assert look(simkl, client_id, known_flow, credentials) is outdated
    assert simkl.sent == []
