# SPDX-License-Identifier: GPL-2.0-or-later
"""The check: what it requests, what it stores, and when it finds that the user needs to sign in again."""

from __future__ import annotations

from typing import Any

import pytest

from lib.simkl_account.account.refresh import refresh
from lib.simkl_account.auth.check import RECHECK_DELAY, REQUEST_TIMEOUT, Check
from lib.simkl_account.errors import ClientIdRefused, TokenRefused, Unreachable
from lib.simkl_account.models import Credentials
from lib.simkl_account.outcome import Cause, Outcome, SignInResult
from lib.simkl_account.simkl.background import TICK

from .fakes import ADA, Hang, World

CREDENTIALS = Credentials("a-token", "an-id")
REFRESHABLE = Credentials("old-token", "an-id", "r-token", 1.0, 604801.0, "media:read media:write")
"""Credentials of the device flow that expired long ago."""
UNKNOWN_EXPIRY = REFRESHABLE._replace(issued_at=0.0, expires_at=0.0)
REFUSED = TokenRefused("HTTP 401")


class CheckWorld(World):
    """A World with a check."""

    def check(self) -> Outcome:
        """Check the stored sign-in. Assert that the screen and the connection are closed after it."""

        def refresh_here(simkl: Any, credentials: Credentials) -> Credentials:
            return refresh(simkl, credentials, self.accounts, self.runtime, self.lock, self.log.append)

        credentials = self.accounts.credentials()
        assert credentials
        check = Check(self.simkl.connect, self.screen, self.accounts, self.runtime, refresh_here, self.log.append)
        outcome = check.run(credentials)
        assert self.screen.closed_at is not None
        assert self.simkl.closed
        return outcome


@pytest.fixture
def world() -> CheckWorld:
    """A World in which a sign-in by the PIN flow is stored, still without a name."""
    world = CheckWorld()
    world.accounts.replace(CREDENTIALS)
    return world


def test_token_accepted(world: CheckWorld) -> None:
    """If Simkl accepts the token, the user is stored."""
    assert world.check() == Outcome(SignInResult.SIGNED_IN, user_name="Ada")
    assert world.account[:3] == ("Ada", 7, "pro")
    assert (world.simkl.sent_at("user a-token"), world.screen.shown) == ([0], ["contacting", "closed"])
    assert world.log == ["check: SIGNED_IN"]


def test_token_refused_twice(world: CheckWorld) -> None:
    """If Simkl refuses the token, and again after RECHECK_DELAY, the user needs to sign in again."""
    world.simkl.users = [REFUSED]
    assert world.check() == Outcome(SignInResult.NEEDS_SIGN_IN)
    assert world.simkl.sent_at("user a-token") == [0, RECHECK_DELAY]
    assert world.account.needs_sign_in


def test_token_refused_once(world: CheckWorld) -> None:
    """If Simkl accepts the token at the second request, the user stays signed in."""
    world.simkl.users = [REFUSED, ADA]
    assert world.check().result is SignInResult.SIGNED_IN
    assert not world.account.needs_sign_in


def test_token_accepted_again(world: CheckWorld) -> None:
    """If Simkl accepts a token that it refused before, the user no longer needs to sign in."""
    world.accounts.set_needs_sign_in(CREDENTIALS)
    assert world.check().result is SignInResult.SIGNED_IN
    assert not world.account.needs_sign_in


FAILURES = [
    (Unreachable(Cause.NO_NETWORK), Outcome(SignInResult.UNREACHABLE, Cause.NO_NETWORK)),
    (Unreachable(Cause.BAD_ANSWER, "HTTP 503"), Outcome(SignInResult.UNREACHABLE, Cause.BAD_ANSWER)),
    (Unreachable(Cause.BUSY, "HTTP 429", 3600.0), Outcome(SignInResult.UNREACHABLE, Cause.BUSY)),
    (Unreachable(Cause.BUSY, "HTTP 429"), Outcome(SignInResult.UNREACHABLE, Cause.BUSY)),
    (ClientIdRefused("HTTP 412"), Outcome(SignInResult.REFUSED)),
]


@pytest.mark.parametrize(("error", "outcome"), FAILURES)
@pytest.mark.parametrize("earlier", [[], [REFUSED]])
def test_request_fails(world: CheckWorld, error: Exception, outcome: Outcome, earlier: list[Any]) -> None:
    """If the request fails, even after a refusal of the token, the outcome says why, and the user stays signed in."""
    world.simkl.users = [*earlier, error]
    assert world.check() == outcome
    assert not world.account.needs_sign_in
    assert world.runtime.elapsed <= REQUEST_TIMEOUT + RECHECK_DELAY


@pytest.mark.parametrize("users", [[Hang(Unreachable(Cause.NO_ANSWER))], [REFUSED]])
def test_cancel_and_quit(world: CheckWorld, users: list[Any]) -> None:
    """If the user cancels or Kodi quits during a request or RECHECK_DELAY, the check ends and marks nothing."""
    world.simkl.users = users
    world.screen.cancel_at = 1
    assert world.check() == Outcome(SignInResult.CANCELLED)
    assert world.runtime.elapsed <= 1 + 2 * TICK
    world.screen.cancel_at, world.runtime.shut_down_at = None, world.runtime.time + 1
    assert world.check() == Outcome(SignInResult.SHUTTING_DOWN)
    assert not world.account.needs_sign_in


def test_refresh_of_expired_token(world: CheckWorld) -> None:
    """If the token expires soon or has expired, it is refreshed before the check uses it."""
    world.accounts.replace(REFRESHABLE)
    world.simkl.refreshes = [UNKNOWN_EXPIRY._replace(access_token="new-token")]
    assert world.check().result is SignInResult.SIGNED_IN
    assert world.simkl.sent == ["refresh r-token", "user new-token"]
    assert world.account.name == "Ada"


def test_refresh_of_refused_token(world: CheckWorld) -> None:
    """If Simkl refuses a token that can be refreshed, the check goes on with a refreshed token."""
    world.accounts.replace(UNKNOWN_EXPIRY)
    world.simkl.refreshes = [REFRESHABLE._replace(access_token="new-token")]
    world.simkl.users = [REFUSED, ADA]
    assert world.check().result is SignInResult.SIGNED_IN
    assert world.simkl.sent == ["user old-token", "refresh r-token", "user new-token"]


def test_refresh_refused(world: CheckWorld) -> None:
    """If Simkl refuses the refresh token, the user needs to sign in again."""
    world.accounts.replace(REFRESHABLE)
    assert world.check() == Outcome(SignInResult.NEEDS_SIGN_IN)
    assert world.account.needs_sign_in


def test_refreshed_token_refused(world: CheckWorld) -> None:
    """If Simkl refuses two refreshed tokens, the user needs to sign in again, until a later check succeeds."""
    world.accounts.replace(UNKNOWN_EXPIRY)
    world.simkl.refreshes = [
        UNKNOWN_EXPIRY._replace(access_token="new-token"),
        UNKNOWN_EXPIRY._replace(access_token="newer-token"),
    ]
    world.simkl.users = [REFUSED]
    assert world.check() == Outcome(SignInResult.NEEDS_SIGN_IN)
    assert world.simkl.sent == [
        "user old-token",
        "refresh r-token",
        "user new-token",
        "refresh r-token",
        "user newer-token",
    ]
    assert world.account.needs_sign_in
    world.simkl.refreshes, world.simkl.users = [UNKNOWN_EXPIRY._replace(access_token="good-token")], [REFUSED, ADA]
    assert world.check().result is SignInResult.SIGNED_IN
    assert not world.account.needs_sign_in


def test_not_saved(world: CheckWorld) -> None:
    """If the result of the check cannot be stored, the outcome is still what Simkl answered."""
    world.settings.writes_to_fail = 1
    assert world.check() == Outcome(SignInResult.SIGNED_IN, user_name="Ada")
    world.simkl.users, world.settings.writes_to_fail = [REFUSED], 1
    assert world.check() == Outcome(SignInResult.NEEDS_SIGN_IN)
