# SPDX-License-Identifier: GPL-2.0-or-later
"""The refresh of the access token: when it is due, one interpreter at a time, and what is stored."""

from __future__ import annotations

import json

import pytest

from lib.simkl_account.account.refresh import (
    LOCK_TIMEOUT,
    LONGEST_COOLDOWN,
    REFRESH_MARGIN,
    SEND_TIMEOUT,
    SHORTEST_COOLDOWN,
    is_due,
    refresh,
)
from lib.simkl_account.errors import ClientIdRefused, RefreshRefused, SignInNeeded, Unreachable
from lib.simkl_account.models import Credentials
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.background import TICK, BackgroundClient, Stopped
from lib.simkl_account.simkl.device_flow import REFRESH_READ_TIMEOUT

from .fakes import ADA, FakeCooldown, FakeRuntime, Hang, World

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
        simkl = BackgroundClient(self.simkl.connect, self.runtime, self.screen.is_cancelled, random=lambda: 0.5)
        try:
            return refresh(simkl, OLD, self.accounts, self.runtime, self.lock, self.refresh_cooldown)
        finally:
            assert not self.lock.is_held

    def sign_in_during_request(self) -> None:
        """Let another interpreter store PIN while Simkl answers the next refresh."""
        answer = self.simkl.refresh

        def sign_in_and_answer(credentials: Credentials) -> Credentials:
            self.accounts.replace(PIN)
            return answer(credentials)

        self.simkl.refresh = sign_in_and_answer  # type: ignore[method-assign]

    @property
    def refresh_cooldown(self) -> FakeCooldown:
        return self.cooldown("refresh", OLD)


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


@pytest.mark.parametrize("token", ["new-token", "z-token"])
def test_refresh_by_another_before(world: RefreshWorld, token: str) -> None:
    """If another interpreter has refreshed already, this one uses the new token."""
    new = NEW._replace(access_token=token)
    world.accounts.set_refreshed(OLD, new)
    assert world.refresh() == new
    assert world.simkl.sent == []


def test_lock_timeout(world: RefreshWorld) -> None:
    """If the lock is not released within 20 seconds, nothing is sent: two refreshes would end each other's token."""
    world.lock.taken_until = 1e9
    with pytest.raises(Unreachable):
        world.refresh()
    assert world.simkl.sent == []
    assert world.runtime.elapsed == pytest.approx(LOCK_TIMEOUT, abs=2 * TICK)
    assert LOCK_TIMEOUT <= 20


def test_failure_of_another_during_wait(world: RefreshWorld) -> None:
    """If the refresh of another interpreter fails while this one waits for the lock, this one sends nothing."""
    world.lock.taken_until, world.lock.before_acquired = 1, lambda: world.refresh_cooldown.start(10)
    with pytest.raises(Unreachable):
        world.refresh()
    assert world.simkl.sent == []


@pytest.mark.parametrize("error", [FAILURE, Unreachable(Cause.BUSY)])
def test_second_try(world: RefreshWorld, error: Exception) -> None:
    """If the answer is lost, or Simkl is too busy, the refresh is sent again after 1 to 2 seconds."""
    world.simkl.refreshes = [error, NEW]
    assert world.refresh() == NEW
    assert world.simkl.requests == [(0, "refresh r-token"), (1.5, "refresh r-token")]


@pytest.mark.parametrize(
    ("error", "cooldown"),
    [
        (FAILURE, SHORTEST_COOLDOWN),
        (Unreachable(Cause.BUSY), SHORTEST_COOLDOWN),
        (Unreachable(Cause.BUSY, "HTTP 412", 300.0, status=412), 300.0),
        (Unreachable(Cause.USER_LIMIT, "HTTP 429", 40000.0), LONGEST_COOLDOWN),
        (Unreachable(Cause.BAD_ANSWER), SHORTEST_COOLDOWN),
    ],
)
def test_refresh_fails(world: RefreshWorld, error: Exception, cooldown: float) -> None:
    """If the refresh fails, its error is raised, the user stays signed in, and nothing is sent for a while."""
    world.simkl.refreshes = [error]
    with pytest.raises(type(error)):
        world.refresh()
    assert world.accounts.valid_credentials() == OLD
    assert not world.account.needs_sign_in
    assert world.refresh_cooldown.until == pytest.approx(world.runtime.elapsed + cooldown)
    sent = len(world.simkl.sent)
    with pytest.raises(Unreachable):
        world.refresh()
    assert len(world.simkl.sent) == sent


def test_refresh_refused(world: RefreshWorld) -> None:
    """If Simkl refuses the refresh token, it is not sent again, and the user needs to sign in again."""
    world.simkl.refreshes = [RefreshRefused("HTTP 400")]
    with pytest.raises(SignInNeeded):
        world.refresh()
    assert world.account.needs_sign_in
    assert not world.account.is_client_id_refused
    assert world.simkl.sent == ["refresh r-token"]


def test_client_id_refused(world: RefreshWorld) -> None:
    """If Simkl refuses the client id, the user needs to sign in again, and the account says why."""
    world.simkl.refreshes = [ClientIdRefused("HTTP 401")]
    with pytest.raises(SignInNeeded):
        world.refresh()
    assert world.account.needs_sign_in
    assert world.account.is_client_id_refused


def test_not_sent_in_time(world: RefreshWorld) -> None:
    """If the refresh cannot be sent within SEND_TIMEOUT, it ends, and there is no second try."""
    world.simkl.refreshes = [Hang(FAILURE)]
    with pytest.raises(Unreachable):
        world.refresh()
    assert world.simkl.sent == ["refresh r-token"]
    assert world.runtime.elapsed == pytest.approx(SEND_TIMEOUT, abs=3 * TICK)
    assert SEND_TIMEOUT < LOCK_TIMEOUT


def test_late_answer(world: RefreshWorld) -> None:
    """Once a refresh is being sent, its answer is waited for, and stored, for longer than the old token would live."""
    world.simkl.refreshes = [Hang(FAILURE, is_sent=True, answer=NEW, after=SEND_TIMEOUT + 40)]
    assert world.refresh() == NEW
    assert world.accounts.valid_credentials() == NEW
    assert world.simkl.sent == ["refresh r-token"]


def test_no_answer(world: RefreshWorld) -> None:
    """A refresh that was sent and is never answered ends, even if the connection stays open."""
    world.simkl.refreshes = [Hang(FAILURE, is_sent=True), NEW]
    with pytest.raises(Unreachable):
        world.refresh()
    assert world.runtime.elapsed == pytest.approx(SEND_TIMEOUT + REFRESH_READ_TIMEOUT, abs=3 * TICK)
    assert world.simkl.sent == ["refresh r-token"]


def test_cancel_while_sending(world: RefreshWorld) -> None:
    """If the user cancels after the refresh was sent, its answer is still waited for and stored."""
    world.screen.cancel_at = 1
    world.simkl.refreshes = [Hang(FAILURE, is_sent=True, answer=NEW, after=30)]
    assert world.refresh() == NEW
    assert world.accounts.valid_credentials() == NEW


def test_cancel_before_sending(world: RefreshWorld) -> None:
    """If the user cancels before the refresh is sent, the refresh ends within two ticks, and nothing is stored."""
    world.screen.cancel_at = 1
    world.simkl.refreshes = [Hang(FAILURE)]
    with pytest.raises(Stopped):
        world.refresh()
    assert world.runtime.elapsed <= 1 + 2 * TICK
    assert world.accounts.valid_credentials() == OLD


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.USER_LIMIT])
def test_no_second_try_if_told_to_wait(world: RefreshWorld, cause: Cause) -> None:
    """If Simkl asks for a pause, the refresh is not sent again."""
    world.simkl.refreshes = [Unreachable(cause, retry_after=120.0), NEW]
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
    """If the new credentials cannot be stored, they are used from memory, because the stored token has ended."""
    world.settings.writes_to_fail = 1
    assert world.refresh() == NEW
    assert json.loads(world.settings.values["account"])["access_token"] == "old-token"
    assert world.accounts.valid_credentials() == NEW
    world.accounts.set_user(NEW, ADA._replace(name="Ada L."))
    assert json.loads(world.settings.values["account"])["access_token"] == "new-token"


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


def test_sign_in_during_refused_request(world: RefreshWorld) -> None:
    """If Simkl refuses the refresh because a new sign-in has ended the old grant, the new sign-in is used."""
    world.simkl.refreshes = [RefreshRefused("HTTP 400")]
    world.sign_in_during_request()
    assert world.refresh() == PIN
    assert not world.account.needs_sign_in


def test_not_saved_twice(world: RefreshWorld) -> None:
    """If the result of a second refresh cannot be stored either, it replaces the first one in memory."""
    newer = OLD._replace(access_token="newer-token")
    for new, old in ((NEW, OLD), (newer, NEW)):
        world.settings.writes_to_fail = 1
        world.accounts.set_refreshed(old, new)
        assert world.accounts.valid_credentials() == new


def test_sign_in_during_request(world: RefreshWorld) -> None:
    """If there is a new sign-in while Simkl answers the refresh, the new sign-in is kept and returned."""
    world.sign_in_during_request()
    assert world.refresh() == PIN
    assert world.accounts.valid_credentials() == PIN


@pytest.mark.parametrize("is_sent", [False, True])
def test_quit(world: RefreshWorld, is_sent: bool) -> None:
    """If Kodi quits while Simkl does not answer, the refresh ends within two ticks."""
    world.simkl.refreshes = [Hang(FAILURE, is_sent)]
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
