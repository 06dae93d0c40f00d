# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeping a grant good: one refresh at a time, and nothing lost by it."""

from typing import Any, List

import pytest

from lib.simkl_account.account.refresh import AHEAD, LOCK_PATIENCE, is_due, refresh
from lib.simkl_account.account.store import AccountStore, Grant
from lib.simkl_account.auth.sign_out import LIMIT, revoke
from lib.simkl_account.errors import (
    ClientIdRefused,
    GrantRefused,
    NotSaved,
    SignInNeeded,
    Trouble,
    Unreachable,
)
from lib.simkl_account.simkl.background import TICK, Asking, Ended
from lib.simkl_account.simkl.client import User

from .fakes import FakeRuntime, FakeScreen, FakeSettings, FakeSimkl, Hang

WEEK = 604800.0
OLD = Grant("old", "an-id", "r", 5000.0, 5000.0 + WEEK, "media:read media:write")
NEW = OLD._replace(access_token="new")
FAULT = Unreachable(Trouble.NO_ANSWER)


class FakeLock:
    """Taken by somebody else until that one is done."""

    def __init__(self, runtime: FakeRuntime, taken_until: float = 0) -> None:
        self._runtime = runtime
        self.taken_until = taken_until
        self.is_held = False
        self.then: Any = lambda: None

    def acquire(self) -> bool:
        if self._runtime.now() - 1000 < self.taken_until:
            return False
        self.then()
        self.is_held = True
        return True

    def release(self) -> None:
        self.is_held = False


class World:
    """A refresh and all that it touches."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime()
        self.simkl = FakeSimkl(self.runtime)
        self.simkl.refreshes = [NEW]
        self.settings = FakeSettings()
        self.accounts = AccountStore(self.settings)
        self.accounts.replace(OLD)
        self.accounts.set_user(OLD, User("Ada", 1, "pro"))
        self.lock = FakeLock(self.runtime)
        self.log: List[str] = []

    def refresh(self, grant: Grant = OLD) -> Grant:
        asking = Asking(self.simkl.connect, lambda: None, self.runtime)
        try:
            return refresh(asking, grant, self.accounts, self.runtime, self.lock, self.log.append)
        finally:
            assert not self.lock.is_held, "or nobody else could"

    @property
    def requests(self) -> List[str]:
        return [what for _, what in self.simkl.requests]

    def is_marked(self) -> bool:
        account = self.accounts.load()
        return bool(account and account.needs_sign_in)


@pytest.fixture
def world() -> World:
    return World()


def test_a_new_token_is_stored_before_it_is_used(world: World) -> None:
    assert world.refresh() == NEW
    assert world.accounts.grant() == NEW
    assert world.requests == ["refresh r"]
    account = world.accounts.load()
    assert account
    assert account[:3] == ("Ada", 1, "pro")


def test_who_waited_uses_the_new_token(world: World) -> None:
    world.lock.taken_until = 3
    world.lock.then = lambda: world.accounts.refresh(OLD, NEW)
    assert world.refresh() == NEW
    assert world.requests == []
    assert world.runtime.now() - 1000 == pytest.approx(3, abs=2 * TICK)


def test_who_comes_late_uses_the_new_token(world: World) -> None:
    world.accounts.refresh(OLD, NEW)
    assert world.refresh() == NEW
    assert world.requests == []


def test_a_dead_one_blocks_nobody_for_longer_than_20_seconds(world: World) -> None:
    world.lock.taken_until = 1e9
    assert world.refresh() == NEW
    assert world.runtime.now() - 1000 == pytest.approx(LOCK_PATIENCE, abs=2 * TICK)
    assert LOCK_PATIENCE <= 20


def test_a_lost_answer_is_asked_for_again_with_the_same_refresh_token(world: World) -> None:
    world.simkl.refreshes = [FAULT, NEW]
    assert world.refresh() == NEW
    assert world.requests == ["refresh r", "refresh r"]


@pytest.mark.parametrize(
    "error", [FAULT, Unreachable(Trouble.BUSY), Unreachable(Trouble.BAD_ANSWER), ClientIdRefused("HTTP 412")]
)
def test_no_fault_marks_the_account(world: World, error: Exception) -> None:
    world.simkl.refreshes = [error]
    with pytest.raises(type(error)):
        world.refresh()
    assert world.accounts.grant() == OLD
    assert not world.is_marked()


def test_a_grant_that_has_ended_marks_it(world: World) -> None:
    world.simkl.refreshes = [GrantRefused("HTTP 400")]
    with pytest.raises(SignInNeeded):
        world.refresh()
    assert world.is_marked()
    assert world.log == ["refresh: the grant has ended"]
    assert world.requests == ["refresh r"]


def test_a_whole_refresh_takes_less_than_others_wait(world: World) -> None:
    world.simkl.refreshes = [Hang(FAULT)]
    with pytest.raises(Unreachable):
        world.refresh()
    assert len(world.requests) == 2
    assert world.runtime.now() - 1000 < LOCK_PATIENCE - 2


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.QUOTA])
def test_who_is_told_too_many_does_not_ask_again_at_once(world: World, trouble: Trouble) -> None:
    world.simkl.refreshes = [Unreachable(trouble), NEW]
    with pytest.raises(Unreachable):
        world.refresh()
    assert world.requests == ["refresh r"]


def test_what_was_marked_wrongly_is_healed(world: World) -> None:
    world.accounts.set_needs_sign_in(OLD)
    assert world.refresh() == NEW
    assert not world.is_marked()


def test_two_who_have_exchanged_the_same(world: World) -> None:
    world.accounts.refresh(OLD, OLD._replace(access_token="lost"))
    world.accounts.refresh(OLD, NEW)
    assert world.accounts.grant() == NEW, "the later one is the one that lives"


def test_ended_is_true_where_it_cannot_be_written_down(world: World) -> None:
    world.simkl.refreshes, world.settings.fail = [GrantRefused("HTTP 400")], 1
    with pytest.raises(SignInNeeded):
        world.refresh()


def test_what_cannot_be_stored_is_not_used(world: World) -> None:
    world.settings.fail = 1
    with pytest.raises(NotSaved):
        world.refresh()
    assert world.refresh() == NEW, "the refresh token is as good as before"


def test_a_sign_out_meanwhile(world: World) -> None:
    world.lock.taken_until, world.lock.then = 1, world.accounts.remove
    with pytest.raises(SignInNeeded):
        world.refresh()
    assert world.requests == []
    assert world.accounts.load() is None


def test_another_sign_in_meanwhile_is_not_overwritten(world: World) -> None:
    pin = Grant("another", "an-id")
    world.lock.taken_until, world.lock.then = 1, lambda: world.accounts.replace(pin)
    assert world.refresh() == pin


def test_a_sign_in_while_the_answer_is_on_its_way(world: World) -> None:
    ask = world.simkl.refresh
    pin = Grant("another", "an-id")

    def sign_in_meanwhile(grant: Grant) -> Grant:
        world.accounts.replace(pin)
        return ask(grant)

    world.simkl.refresh = sign_in_meanwhile  # type: ignore[method-assign]
    assert world.refresh() == pin
    assert world.accounts.grant() == pin


def test_kodi_quits(world: World) -> None:
    world.simkl.refreshes = [Hang(FAULT)]
    world.runtime.shut_down_at = world.runtime.now() + 2
    with pytest.raises(Ended):
        world.refresh()
    assert world.runtime.now() - 1000 <= 2 + 2 * TICK


# When


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (5000.0, False),
        (5000.0 + WEEK - AHEAD - 1, False),
        (5000.0 + WEEK - AHEAD, True),
        (5000.0 + 10 * WEEK, True),  # the clock jumped ahead by years: one refresh, and then none for a week
        (0.0, False),  # the clock fell back by years: a 401 will say it
    ],
)
def test_a_day_ahead(now: float, due: bool) -> None:
    assert is_due(OLD, lambda: now) is due


def test_half_of_a_short_life_ahead() -> None:
    short = OLD._replace(expires_at=5000.0 + 3600)
    assert not is_due(short, lambda: 5000.0 + 1799)
    assert is_due(short, lambda: 5000.0 + 1800)


def test_what_has_no_known_end_is_never_due() -> None:
    for grant in (Grant("pin", "an-id"), OLD._replace(issued_at=0.0, expires_at=0.0), OLD._replace(refresh_token="")):
        assert not is_due(grant, lambda: 1e12)


# Revoking


def end(world: World, screen: FakeScreen) -> bool:
    return revoke(world.simkl.connect, OLD, screen, world.runtime, world.log.append)


def test_revoked(world: World) -> None:
    screen = FakeScreen(world.runtime)
    assert end(world, screen)
    assert world.requests == ["revoke r"]
    assert (screen.shown, world.simkl.closed) == (["closed"], True)


@pytest.mark.parametrize("answer", [FAULT, ClientIdRefused("HTTP 412"), Hang(FAULT)])
def test_not_revoked_within_three_seconds(world: World, answer: Any) -> None:
    world.simkl.revocations = [answer]
    screen = FakeScreen(world.runtime)
    assert not end(world, screen)
    assert world.runtime.now() - 1000 <= LIMIT + 2 * TICK
    assert (screen.shown, world.simkl.closed) == (["closed"], True)


def test_cancel_ends_the_waiting(world: World) -> None:
    world.simkl.revocations = [Hang(FAULT)]
    screen = FakeScreen(world.runtime)
    screen.cancel_at = 1
    assert not end(world, screen)
    assert world.runtime.now() - 1000 <= 1 + 2 * TICK
