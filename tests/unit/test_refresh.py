# SPDX-License-Identifier: GPL-2.0-or-later
"""The refresh of the access token: when it is due, one interpreter at a time, and what is stored."""

from __future__ import annotations

import pytest

from lib.simkl_account.account.refresh import LOCK_TIMEOUT, REFRESH_MARGIN, is_due, refresh
from lib.simkl_account.errors import ClientIdRefused, NotSaved, RefreshRefused, SignInNeeded, Unreachable
from lib.simkl_account.models import Credentials
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.background import TICK, BackgroundClient, Stopped

from .fakes import ADA, FakeRuntime, Hang, World

WEEK = 604800.0
OLD = Credentials("old-token", "an-id", "r-token", 5000.0, 5000.0 + WEEK, "media:read media:write")
NEW = OLD._replace(access_token="new-token")
PIN = Credentials("another-token", "an-id")
"""Credentials of another sign-in, by the PIN flow."""
FAILURE = Unreachable(Cause.NO_ANSWER)


class RefreshWorld(World):
    """A World with a refresh."""

    def refresh(self) -> Credentials:
        """Refresh OLD. Assert that the lock is released after it."""
        simkl = BackgroundClient(self.simkl.connect, on_tick=lambda: None, runtime=self.runtime)
        try:
            return refresh(simkl, OLD, self.accounts, self.runtime, self.lock, self.log.append)
        finally:
            assert not self.lock.is_held


@pytest.fixture
def world() -> RefreshWorld:
    """A World in which Ada is signed in with OLD, and Simkl answers a refresh with NEW."""
    world = RefreshWorld()
    world.simkl.refreshes = [NEW]
    world.accounts.replace(OLD)
    world.accounts.set_user(OLD, ADA)
    return world


def test_refresh(world: RefreshWorld) -> None:
    """The new credentials are stored and returned, and the user stays the same."""
    assert world.refresh() == NEW
    assert world.accounts.valid_credentials() == NEW
    assert world.simkl.sent == ["refresh r-token"]
    assert world.account[:3] == ("Ada", 7, "pro")


def test_refresh_by_another_during_wait(world: RefreshWorld) -> None:
    """If another interpreter refreshes while this one waits for the lock, this one uses the new token."""
    world.lock.taken_until = 3
    world.lock.before_acquired = lambda: world.accounts.set_refreshed(OLD, NEW)
    assert world.refresh() == NEW
    assert world.simkl.sent == []
    assert world.runtime.elapsed == pytest.approx(3, abs=2 * TICK)


def test_refresh_by_another_before(world: RefreshWorld) -> None:
    """If another interpreter has refreshed already, this one uses the new token."""
    world.accounts.set_refreshed(OLD, NEW)
    assert world.refresh() == NEW
    assert world.simkl.sent == []


def test_lock_timeout(world: RefreshWorld) -> None:
    """If the lock is not released within 20 seconds, the refresh goes on without it."""
    world.lock.taken_until = 1e9
    assert world.refresh() == NEW
    assert world.runtime.elapsed == pytest.approx(LOCK_TIMEOUT, abs=2 * TICK)
    assert LOCK_TIMEOUT <= 20


def test_answer_lost(world: RefreshWorld) -> None:
    """If the answer is lost, the refresh is sent again with the same refresh token."""
    world.simkl.refreshes = [FAILURE, NEW]
    assert world.refresh() == NEW
    assert world.simkl.sent == ["refresh r-token", "refresh r-token"]


@pytest.mark.parametrize(
    "error", [FAILURE, Unreachable(Cause.BUSY), Unreachable(Cause.BAD_ANSWER), ClientIdRefused("HTTP 412")]
)
def test_refresh_fails(world: RefreshWorld, error: Exception) -> None:
    """If the refresh fails, its error is raised, and the user stays signed in with the old token."""
    world.simkl.refreshes = [error]
    with pytest.raises(type(error)):
        world.refresh()
    assert world.accounts.valid_credentials() == OLD
    assert not world.account.needs_sign_in


def test_refresh_refused(world: RefreshWorld) -> None:
    """If Simkl refuses the refresh token, it is not sent again, and the user needs to sign in again."""
    world.simkl.refreshes = [RefreshRefused("HTTP 400")]
    with pytest.raises(SignInNeeded):
        world.refresh()
    assert world.account.needs_sign_in
    assert world.log == ["refresh: the grant has ended"]
    assert world.simkl.sent == ["refresh r-token"]


def test_refresh_is_shorter_than_lock_timeout(world: RefreshWorld) -> None:
    """If neither of the two tries is answered, the refresh ends 2 seconds or more before LOCK_TIMEOUT."""
    world.simkl.refreshes = [Hang(FAILURE)]
    with pytest.raises(Unreachable):
        world.refresh()
    assert len(world.simkl.sent) == 2
    assert world.runtime.elapsed < LOCK_TIMEOUT - 2


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.QUOTA])
def test_no_second_try_if_limited(world: RefreshWorld, cause: Cause) -> None:
    """If Simkl refuses the request because there were too many, the refresh is not sent again."""
    world.simkl.refreshes = [Unreachable(cause), NEW]
    with pytest.raises(Unreachable):
        world.refresh()
    assert world.simkl.sent == ["refresh r-token"]


def test_refresh_clears_needs_sign_in(world: RefreshWorld) -> None:
    """If the user needs to sign in again but the refresh succeeds, the user is signed in."""
    world.accounts.set_needs_sign_in(OLD)
    assert world.refresh() == NEW
    assert not world.account.needs_sign_in


def test_two_refreshes_of_same_credentials(world: RefreshWorld) -> None:
    """If two interpreters have refreshed the same credentials, those that are stored later stay."""
    world.accounts.set_refreshed(OLD, OLD._replace(access_token="lost-token"))
    world.accounts.set_refreshed(OLD, NEW)
    assert world.accounts.valid_credentials() == NEW


def test_refresh_refused_and_not_saved(world: RefreshWorld) -> None:
    """If Simkl refuses the refresh token and this cannot be stored, SignInNeeded is raised."""
    world.simkl.refreshes, world.settings.writes_to_fail = [RefreshRefused("HTTP 400")], 1
    with pytest.raises(SignInNeeded):
        world.refresh()


def test_not_saved(world: RefreshWorld) -> None:
    """If the new credentials cannot be stored, NotSaved is raised, and the next refresh works."""
    world.settings.writes_to_fail = 1
    with pytest.raises(NotSaved):
        world.refresh()
    assert world.refresh() == NEW


def test_sign_out_during_wait(world: RefreshWorld) -> None:
    """If the user signs out while the refresh waits for the lock, nothing is sent and nothing is stored."""
    world.lock.taken_until, world.lock.before_acquired = 1, world.accounts.remove
    with pytest.raises(SignInNeeded):
        world.refresh()
    assert world.simkl.sent == []
    assert world.accounts.load() is None


def test_sign_in_during_wait(world: RefreshWorld) -> None:
    """If there is a new sign-in while the refresh waits for the lock, its credentials are returned."""
    world.lock.taken_until, world.lock.before_acquired = 1, lambda: world.accounts.replace(PIN)
    assert world.refresh() == PIN


def test_sign_in_during_request(world: RefreshWorld) -> None:
    """If there is a new sign-in while Simkl answers the refresh, the new sign-in is kept and returned."""
    answer = world.simkl.refresh

    def sign_in_and_answer(credentials: Credentials) -> Credentials:
        world.accounts.replace(PIN)
        return answer(credentials)

    world.simkl.refresh = sign_in_and_answer  # type: ignore[method-assign]
    assert world.refresh() == PIN
    assert world.accounts.valid_credentials() == PIN


def test_quit(world: RefreshWorld) -> None:
    """If Kodi quits while Simkl does not answer, the refresh ends within two ticks."""
    world.simkl.refreshes = [Hang(FAILURE)]
    world.runtime.shut_down_at = FakeRuntime.START + 2
    with pytest.raises(Stopped):
        world.refresh()
    assert world.runtime.elapsed <= 2 + 2 * TICK


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (5000.0, False),
        (5000.0 + WEEK - REFRESH_MARGIN - 1, False),
        (5000.0 + WEEK - REFRESH_MARGIN, True),
        # The clock went forward by weeks: there is one refresh, and the next one is due six days later.
        (5000.0 + 10 * WEEK, True),
        # The clock went back to the time before the sign-in: the refresh follows when Simkl refuses the token.
        (0.0, False),
    ],
)
def test_is_due(now: float, due: bool) -> None:
    """A refresh is due REFRESH_MARGIN before the token expires."""
    assert is_due(OLD, lambda: now) is due


def test_is_due_after_half_of_short_life() -> None:
    """If a token's life is short, a refresh is due after half of it."""
    short = OLD._replace(expires_at=5000.0 + 3600)
    assert not is_due(short, lambda: 5000.0 + 1799)
    assert is_due(short, lambda: 5000.0 + 1800)


def test_never_due() -> None:
    """If the expiry is not known or there is no refresh token, a refresh is never due."""
    for credentials in (PIN, OLD._replace(issued_at=0.0, expires_at=0.0), OLD._replace(refresh_token="")):
        assert not is_due(credentials, lambda: 1e12)
