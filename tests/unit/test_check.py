# SPDX-License-Identifier: GPL-2.0-or-later
"""The check: what it requests, what it stores, and when it finds that the user needs to sign in again."""

from __future__ import annotations

from typing import Any

import pytest

from lib.simkl_account.account.refresh import refresh
from lib.simkl_account.account.retries import LASTING
from lib.simkl_account.auth.check import REQUEST_TIMEOUT, Check
from lib.simkl_account.errors import ClientIdRefused, ScopeInsufficient, TokenOutdated, TokenRefused, Unreachable
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

    outdated: tuple[Credentials, ...] = ()
    """The sign-ins that are outdated because of a new client id."""

    def check(self) -> Outcome:
        """Check the stored sign-in. Assert that the screen and the connection are closed after it."""

        def refresh_here(simkl: Any, credentials: Credentials) -> Credentials:
            cooldown = self.cooldown("refresh", credentials)
            return refresh(simkl, credentials, self.accounts, self.runtime, self.lock, cooldown)

        outcome = Check(
            self.simkl.connect,
            self.screen,
            self.accounts,
            self.runtime,
            refresh_here,
            self.cooldown,
            lambda credentials: credentials in self.outdated,
            self.log.append,
        ).run()
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


def test_token_refused(world: CheckWorld) -> None:
    """If Simkl refuses the token, the outcome says so; the sign-in ends if it is refused again after LASTING."""
    world.simkl.users = [REFUSED]
    for _ in range(2):
        assert world.check() == Outcome(SignInResult.TOKEN_REFUSED)
        assert not world.account.needs_sign_in
    world.runtime.time += LASTING
    assert world.check() == Outcome(SignInResult.NEEDS_SIGN_IN)
    assert world.account.needs_sign_in


def test_outdated(world: CheckWorld) -> None:
    """If Simkl wants a token of the device flow, the sign-in is stored as outdated."""
    world.simkl.users = [TokenOutdated("HTTP 403")]
    assert world.check() == Outcome(SignInResult.SIGNED_IN)
    assert world.account.is_outdated


def test_new_client_id(world: CheckWorld) -> None:
    """If there is a new client id for the device flow, the sign-in is stored as outdated, and the user is stored."""
    world.outdated = (CREDENTIALS,)
    assert world.check() == Outcome(SignInResult.SIGNED_IN, user_name="Ada")
    assert (world.account.name, world.account.is_outdated) == ("Ada", True)


def test_scope_insufficient(world: CheckWorld) -> None:
    """If the sign-in does not even allow asking for the name, the outcome is read-only, and the name stays."""
    world.accounts.set_user(CREDENTIALS, ADA)
    world.simkl.users = [ScopeInsufficient("HTTP 403")]
    assert world.check() == Outcome(SignInResult.SIGNED_IN, read_only=True)
    assert world.account.name == "Ada"


def test_token_accepted_again(world: CheckWorld) -> None:
    """If Simkl accepts a token that it refused before, the user no longer needs to sign in."""
    world.accounts.set_needs_sign_in(CREDENTIALS)
    assert world.check().result is SignInResult.SIGNED_IN
    assert not world.account.needs_sign_in


def test_token_refused_again(world: CheckWorld) -> None:
    """A check asks Simkl each time, also if the sign-in has ended a moment ago."""
    world.accounts.set_needs_sign_in(CREDENTIALS)
    world.simkl.users = [REFUSED]
    for checks in (1, 2):
        assert world.check() == Outcome(SignInResult.NEEDS_SIGN_IN)
        assert len(world.simkl.sent) == checks


FAILURES = [
    (Unreachable(Cause.NO_NETWORK), Outcome(SignInResult.UNREACHABLE, Cause.NO_NETWORK)),
    (Unreachable(Cause.BAD_ANSWER, "HTTP 503"), Outcome(SignInResult.UNREACHABLE, Cause.BAD_ANSWER)),
    (Unreachable(Cause.BUSY, "HTTP 429", 3600.0), Outcome(SignInResult.UNREACHABLE, Cause.BUSY)),
    (Unreachable(Cause.BUSY, "HTTP 429"), Outcome(SignInResult.UNREACHABLE, Cause.BUSY)),
    (ClientIdRefused("HTTP 412"), Outcome(SignInResult.REFUSED)),
]


@pytest.mark.parametrize(("error", "outcome"), FAILURES)
def test_request_fails(world: CheckWorld, error: Exception, outcome: Outcome) -> None:
    """If the request fails, the outcome says why, and the user stays signed in."""
    world.simkl.users = [error]
    assert world.check() == outcome
    assert not world.account.needs_sign_in
    assert world.runtime.elapsed <= REQUEST_TIMEOUT + 3


def test_cancel_and_quit(world: CheckWorld) -> None:
    """If the user cancels or Kodi quits during a request, the check ends and marks nothing."""
    world.simkl.users = [Hang(Unreachable(Cause.NO_ANSWER))]
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


def test_refresh_fails_but_token_is_good(world: CheckWorld) -> None:
    """If the token cannot be refreshed now, but Simkl still accepts it, the check says that the sign-in is good."""
    world.accounts.replace(REFRESHABLE)
    world.simkl.refreshes = [Unreachable(Cause.BAD_ANSWER, "HTTP 503", status=503)]
    assert world.check().result is SignInResult.SIGNED_IN
    assert world.simkl.sent == ["refresh r-token", "refresh r-token", "user old-token"]


def test_refresh_fails_and_token_is_refused(world: CheckWorld) -> None:
    """If the token cannot be refreshed now, and Simkl refuses it, the check says why it could not be refreshed."""
    world.accounts.replace(REFRESHABLE)
    world.simkl.refreshes, world.simkl.users = [Unreachable(Cause.NO_NETWORK)], [REFUSED]
    assert world.check() == Outcome(SignInResult.UNREACHABLE, Cause.NO_NETWORK)
    assert not world.account.needs_sign_in


def test_refresh_refused(world: CheckWorld) -> None:
    """If Simkl refuses the refresh token, the user needs to sign in again."""
    world.accounts.replace(REFRESHABLE)
    assert world.check() == Outcome(SignInResult.NEEDS_SIGN_IN)
    assert world.account.needs_sign_in


def test_refreshed_token_refused(world: CheckWorld) -> None:
    """If Simkl refuses the refreshed token, too, the sign-in does not end, however long: the grant is good."""
    world.accounts.replace(UNKNOWN_EXPIRY)
    world.simkl.refreshes = [UNKNOWN_EXPIRY._replace(access_token="new-token")]
    world.simkl.users = [REFUSED]
    assert world.check() == Outcome(SignInResult.TOKEN_REFUSED)
    assert world.simkl.sent == ["user old-token", "refresh r-token", "user new-token"]
    world.runtime.time += LASTING
    assert world.check() == Outcome(SignInResult.TOKEN_REFUSED)
    assert not world.account.needs_sign_in


def test_cancel_during_refresh(world: CheckWorld) -> None:
    """If the user cancels while a refresh is being sent, the screen closes at once, and the new token is stored."""
    world.accounts.replace(REFRESHABLE)
    new = UNKNOWN_EXPIRY._replace(access_token="new-token")
    world.simkl.refreshes = [Hang(Unreachable(Cause.NO_ANSWER), is_sent=True, answer=new, after=30)]
    world.screen.cancel_at = 1
    assert world.check() == Outcome(SignInResult.CANCELLED)
    assert world.screen.closed_at == pytest.approx(world.runtime.START + 1, abs=2 * TICK)
    assert world.accounts.valid_credentials() == new
    assert world.simkl.sent == ["refresh r-token"]


def test_not_saved(world: CheckWorld) -> None:
    """If the result of the check cannot be stored, the outcome is still what Simkl answered."""
    world.settings.writes_to_fail = 1
    assert world.check() == Outcome(SignInResult.SIGNED_IN, user_name="Ada")
    world.simkl.users = [REFUSED]
    world.check()
    world.runtime.time, world.settings.writes_to_fail = world.runtime.time + LASTING, 1
    assert world.check() == Outcome(SignInResult.NEEDS_SIGN_IN)
