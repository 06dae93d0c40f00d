# SPDX-License-Identifier: GPL-2.0-or-later
"""Revoking the tokens at Simkl when the user signs out."""

from __future__ import annotations

from typing import Any

import pytest

from lib.simkl_account.auth.sign_out import REVOKE_TIMEOUT, revoke_on_screen
from lib.simkl_account.errors import ClientIdRefused, Unreachable
from lib.simkl_account.models import Credentials
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.background import TICK

from .fakes import Hang, World

FAILURE = Unreachable(Cause.NO_ANSWER)


class SignOutWorld(World):
    """A World with a sign-out."""

    def revoke(self) -> bool:
        """Revoke the tokens, and return whether Simkl confirmed it."""
        credentials = Credentials("a-token", "an-id", "r-token")
        return revoke_on_screen(self.simkl.connect, credentials, self.screen, self.runtime, self.log.append)


@pytest.fixture
def world() -> SignOutWorld:
    return SignOutWorld()


def test_revoke(world: SignOutWorld) -> None:
    """The refresh token is sent to Simkl, and the screen and the connection are closed."""
    assert world.revoke()
    assert world.simkl.sent == ["revoke r-token"]
    assert (world.screen.shown, world.simkl.closed) == (["closed"], True)


@pytest.mark.parametrize("answer", [FAILURE, ClientIdRefused("HTTP 412"), Hang(FAILURE)])
def test_revoke_fails(world: SignOutWorld, answer: Any) -> None:
    """If Simkl does not confirm the request within REVOKE_TIMEOUT, the wait ends and everything is closed."""
    world.simkl.revocations = [answer]
    assert not world.revoke()
    assert world.runtime.elapsed <= REVOKE_TIMEOUT + 2 * TICK
    assert (world.screen.shown, world.simkl.closed) == (["closed"], True)


def test_cancel(world: SignOutWorld) -> None:
    """If the user cancels while Simkl does not answer, the wait ends within two ticks."""
    world.simkl.revocations = [Hang(FAILURE)]
    world.screen.cancel_at = 1
    assert not world.revoke()
    assert world.runtime.elapsed <= 1 + 2 * TICK
