# SPDX-License-Identifier: GPL-2.0-or-later
"""Check now, with a clock, a screen and a Simkl of the tests' own."""

from typing import Any, List

import pytest

from lib.simkl_account.account.refresh import refresh
from lib.simkl_account.account.store import Account, AccountStore, Grant
from lib.simkl_account.auth.check import PATIENCE, RECHECK_PAUSE, Check
from lib.simkl_account.errors import ClientIdRefused, TokenRefused, Trouble, Unreachable
from lib.simkl_account.outcome import End, Outcome
from lib.simkl_account.simkl.background import TICK
from lib.simkl_account.simkl.client import User

from .fakes import FakeRuntime, FakeScreen, FakeSettings, FakeSimkl, Hang, NoLock

GRANT = Grant("a-token", "an-id")
REFUSED = TokenRefused("HTTP 401")
ADA = User("Ada", 7, "pro")


class World:
    """A check and all that it touches."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime()
        self.simkl = FakeSimkl(self.runtime)
        self.screen = FakeScreen(self.runtime)
        self.settings = FakeSettings()
        self.accounts = AccountStore(self.settings)
        self.accounts.replace(GRANT)
        self.log: List[str] = []

    def check(self) -> Outcome:
        def refresh_here(simkl: Any, grant: Grant) -> Grant:
            return refresh(simkl, grant, self.accounts, self.runtime, NoLock(), self.log.append)

        check = Check(self.simkl.connect, self.screen, self.accounts, self.runtime, refresh_here, self.log.append)
        outcome = check.run(self.accounts.last_grant() or GRANT)
        assert self.screen.closed_at is not None
        assert self.simkl.closed
        return outcome

    @property
    def account(self) -> Account:
        account = self.accounts.load()
        assert account
        return account

    @property
    def asked_at(self) -> List[float]:
        return [at for at, what in self.simkl.requests if what == "user a-token"]


@pytest.fixture
def world() -> World:
    return World()


def test_good(world: World) -> None:
    assert world.check() == Outcome(End.SIGNED_IN, user_name="Ada")
    assert world.account[:3] == ("Ada", 7, "pro")
    assert (world.asked_at, world.screen.shown) == ([0], ["contacting", "closed"])
    assert world.log == ["check: SIGNED_IN"]


def test_no_longer_valid_is_said_after_a_second_look(world: World) -> None:
    world.simkl.users = [REFUSED]
    assert world.check() == Outcome(End.NEEDS_SIGN_IN)
    assert world.asked_at == [0, RECHECK_PAUSE]
    assert world.account.needs_sign_in


def test_one_refusal_is_a_passing_fault(world: World) -> None:
    world.simkl.users = [REFUSED, ADA]
    assert world.check().end is End.SIGNED_IN
    assert not world.account.needs_sign_in


def test_good_again(world: World) -> None:
    world.accounts.set_needs_sign_in(GRANT)
    assert world.check().end is End.SIGNED_IN
    assert not world.account.needs_sign_in


FAULTS = [
    (Unreachable(Trouble.NO_NETWORK), Outcome(End.UNREACHABLE, Trouble.NO_NETWORK)),
    (Unreachable(Trouble.BAD_ANSWER, "HTTP 503"), Outcome(End.UNREACHABLE, Trouble.BAD_ANSWER)),
    (Unreachable(Trouble.BUSY, "HTTP 429", 3600.0), Outcome(End.UNREACHABLE, Trouble.BUSY)),
    (Unreachable(Trouble.BUSY, "HTTP 429"), Outcome(End.UNREACHABLE, Trouble.BUSY)),
    (ClientIdRefused("HTTP 412"), Outcome(End.REFUSED)),
]


@pytest.mark.parametrize(("error", "outcome"), FAULTS)
@pytest.mark.parametrize("earlier", [[], [REFUSED]])
def test_other_faults_never_mark_it(world: World, error: Exception, outcome: Outcome, earlier: List[Any]) -> None:
    world.simkl.users = [*earlier, error]
    assert world.check() == outcome
    assert not world.account.needs_sign_in
    assert world.runtime.time - 1000 <= PATIENCE + RECHECK_PAUSE


@pytest.mark.parametrize("users", [[Hang(Unreachable(Trouble.NO_ANSWER))], [REFUSED]])
def test_cancel_and_quit(world: World, users: List[Any]) -> None:
    world.simkl.users = users
    world.screen.cancel_at = 1
    assert world.check() == Outcome(End.CANCELLED)
    assert world.runtime.time - 1000 <= 1 + 2 * TICK
    world.screen.cancel_at, world.runtime.shut_down_at = None, world.runtime.time + 1
    assert world.check() == Outcome(End.SHUTTING_DOWN)
    assert not world.account.needs_sign_in


REFRESHABLE = Grant("old", "an-id", "r", 1.0, 604801.0, "media:read media:write")


def test_a_token_near_its_end_is_exchanged_first(world: World) -> None:
    world.accounts.replace(REFRESHABLE)
    world.simkl.refreshes = [REFRESHABLE._replace(access_token="new", issued_at=0.0, expires_at=0.0)]
    assert world.check().end is End.SIGNED_IN
    assert [what for _, what in world.simkl.requests] == ["refresh r", "user new"]
    assert world.account.name == "Ada"


def test_a_refused_token_is_exchanged(world: World) -> None:
    world.accounts.replace(REFRESHABLE._replace(issued_at=0.0, expires_at=0.0))
    world.simkl.refreshes = [REFRESHABLE._replace(access_token="new")]
    world.simkl.users = [REFUSED, ADA]
    assert world.check().end is End.SIGNED_IN
    assert [what for _, what in world.simkl.requests] == ["user old", "refresh r", "user new"]


def test_a_grant_that_has_ended(world: World) -> None:
    world.accounts.replace(REFRESHABLE)
    assert world.check() == Outcome(End.NEEDS_SIGN_IN)
    assert world.account.needs_sign_in


def test_a_new_token_that_is_refused_too(world: World) -> None:
    endless = REFRESHABLE._replace(issued_at=0.0, expires_at=0.0)
    world.accounts.replace(endless)
    news = [endless._replace(access_token="new"), endless._replace(access_token="newer")]
    world.simkl.refreshes = list(news)
    world.simkl.users = [REFUSED]
    assert world.check() == Outcome(End.NEEDS_SIGN_IN)
    assert [what for _, what in world.simkl.requests] == [
        "user old",
        "refresh r",
        "user new",
        "refresh r",
        "user newer",
    ]
    assert world.account.needs_sign_in
    world.simkl.refreshes, world.simkl.users = [endless._replace(access_token="good")], [REFUSED, ADA]
    assert world.check().end is End.SIGNED_IN, "and what was marked wrongly is healed"
    assert not world.account.needs_sign_in


def test_what_cannot_be_written_down_is_still_true(world: World) -> None:
    world.settings.fail = 1
    assert world.check() == Outcome(End.SIGNED_IN, user_name="Ada")
    world.simkl.users, world.settings.fail = [REFUSED], 1
    assert world.check() == Outcome(End.NEEDS_SIGN_IN)
