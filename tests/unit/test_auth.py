# SPDX-License-Identifier: GPL-2.0-or-later
"""The sign-in, with a clock, a screen and a Simkl of the tests' own."""

from datetime import date
from typing import Any, List

import pytest

from lib.simkl_account.account.store import Account, AccountStore, Grant
from lib.simkl_account.auth.sign_in import NAME_PATIENCE, SignIn
from lib.simkl_account.errors import ClientIdRefused, FlowFailed, TokenRefused, Trouble, Unreachable
from lib.simkl_account.outcome import End, Outcome
from lib.simkl_account.simkl.background import ANSWER_LIMIT, TICK
from lib.simkl_account.simkl.client import User
from lib.simkl_account.simkl.protocol import Approved, Code, Denied, Gone

from .fakes import CODE, GONE, PENDING, SLOW_DOWN, FakeRuntime, FakeScreen, FakeSettings, FakeSimkl, Hang, approved

FAILURE = Unreachable(Trouble.NO_ANSWER)
HANGING = Hang(FAILURE)
TOO_MANY = Unreachable(Trouble.BUSY)


class World:
    """A sign-in and all that it touches."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime()
        self.simkl = FakeSimkl(self.runtime)
        self.screen = FakeScreen(self.runtime)
        self.settings = FakeSettings(access_token="old-token")
        self.log: List[str] = []
        self.chance = 0.0

    def sign_in(self) -> Outcome:
        accounts = AccountStore(self.settings)
        sign_in = SignIn(self.simkl.connect, self.screen, accounts, self.runtime, self.log.append, lambda: self.chance)
        outcome = sign_in.run()
        assert self.screen.shown[-1] == "closed"
        assert not self.runtime.waiting, "a request was left hanging"
        assert self.simkl.closed == bool(self.simkl.requests)
        assert not any(secret in line for line in self.log for secret in ("ABC123", "a-token"))
        return outcome

    @property
    def elapsed(self) -> float:
        return self.runtime.time - 1000


@pytest.fixture
def world() -> World:
    return World()


def test_asks_shows_waits_polls_stores_and_says_who(world: World) -> None:
    world.simkl.polls = [PENDING, PENDING, approved()]
    assert world.sign_in() == Outcome(End.SIGNED_IN, user_name="Ada")
    assert world.simkl.requests == [
        (0, "code"),
        (5, "poll ABC123"),
        (10, "poll ABC123"),
        (15, "poll ABC123"),
        (15, "user a-token"),
    ]
    assert world.screen.shown == ["contacting", "code ABC123", "fine", "fine", "approved", "closed"]
    assert AccountStore(world.settings).load() == Account("Ada", 7, "pro", date.today().isoformat(), False)
    assert AccountStore(world.settings).grant() == Grant("a-token", "an-id")


def test_the_time_left_runs_down_with_the_clock(world: World) -> None:
    world.screen.cancel_at = 12
    world.sign_in()
    assert world.screen.time_left[0] == 900
    assert world.screen.time_left == sorted(world.screen.time_left, reverse=True)
    assert world.screen.time_left[-1] == pytest.approx(900 - 12 + TICK, abs=0.05)
    assert max(world.runtime.waits) <= TICK


def test_the_token_is_stored_before_its_name_is_asked_for(world: World) -> None:
    world.simkl.polls = [approved()]
    stored: List[str] = []

    def user(access_token: str) -> User:
        stored.append(world.settings.get("access_token"))
        return User("Ada")

    world.simkl.user = user  # type: ignore[method-assign]
    world.sign_in()
    assert stored == ["a-token"]


@pytest.mark.parametrize("failure", [FAILURE, TokenRefused("HTTP 401"), HANGING])
def test_without_a_name_it_is_still_signed_in(world: World, failure: Exception) -> None:
    world.simkl.polls, world.simkl.users = [approved()], [failure]
    assert world.sign_in() == Outcome(End.SIGNED_IN)
    account = AccountStore(world.settings).load()
    assert account
    assert (account.name, account.id) == ("", None)
    assert AccountStore(world.settings).grant() == Grant("a-token", "an-id")


def test_cancel_while_the_name_is_fetched_is_still_a_sign_in(world: World) -> None:
    world.simkl.polls, world.simkl.users = [approved()], [HANGING]
    world.screen.cancel_at = 7
    assert world.sign_in() == Outcome(End.SIGNED_IN)
    assert world.elapsed == pytest.approx(7, abs=2 * TICK)
    assert world.settings.get("access_token") == "a-token"


def test_slow_down_lasts(world: World) -> None:
    world.simkl.polls = [SLOW_DOWN, PENDING, SLOW_DOWN, PENDING, approved()]
    world.sign_in()
    assert world.simkl.polled_at() == [5, 15, 25, 40, 55]


@pytest.mark.parametrize("at", [0, 3, 5, 17.5])
def test_cancel_is_felt_within_a_tick_and_stores_nothing(world: World, at: float) -> None:
    world.screen.cancel_at = at
    assert world.sign_in() == Outcome(End.CANCELLED)
    assert world.elapsed <= at + 2 * TICK
    assert world.screen.closed_at == world.runtime.time
    assert world.settings.written == []
    assert len(world.simkl.requests) <= 1 + at // 5


def test_cancel_wins_over_an_approval_that_arrives_with_it(world: World) -> None:
    world.screen.cancel_at = 5
    poll = world.simkl.poll
    world.simkl.polls = [approved()]

    def late_poll(code: Code) -> object:
        world.runtime.time += 0.01
        return poll(code)

    world.simkl.poll = late_poll  # type: ignore[assignment]
    world.screen.cancel_at = 5.005
    assert world.sign_in() == Outcome(End.CANCELLED)
    assert world.simkl.polled_at() == [5.01]
    assert world.settings.written == []


@pytest.mark.parametrize("hanging", ["code", "poll"])
def test_cancel_closes_the_screen_before_it_ends_the_request(world: World, hanging: str) -> None:
    if hanging == "code":
        world.simkl.codes = [HANGING]
    else:
        world.simkl.polls = [HANGING]
    world.screen.cancel_at = 7
    assert world.sign_in() == Outcome(End.CANCELLED)
    assert world.screen.closed_at == pytest.approx(1007, abs=2 * TICK)
    assert world.simkl.hung_up >= 1
    assert world.settings.written == []


def test_an_answer_that_never_ends_is_given_up_and_counts_as_a_failed_poll(world: World) -> None:
    world.simkl.polls = [HANGING, approved()]
    assert world.sign_in().end is End.SIGNED_IN
    assert world.screen.shown[2:4] == ["trouble", "approved"]
    first, second = world.simkl.polled_at()
    assert first + ANSWER_LIMIT + 5 <= second <= first + ANSWER_LIMIT + 5 + 3 * TICK


def test_quit_ends_a_hanging_poll_at_once(world: World) -> None:
    world.simkl.polls = [HANGING]
    world.runtime.shut_down_at = 1007
    assert world.sign_in() == Outcome(End.SHUTTING_DOWN)
    assert world.elapsed <= 7 + 3 * TICK
    assert world.settings.written == []


def test_quit_while_waiting(world: World) -> None:
    world.runtime.shut_down_at = 1003
    assert world.sign_in() == Outcome(End.SHUTTING_DOWN)
    assert world.elapsed <= 3 + 2 * TICK
    assert world.simkl.polled_at() == []


def test_an_approval_that_arrives_with_quit_is_kept(world: World) -> None:
    poll = world.simkl.poll
    world.simkl.polls = [approved()]

    def late_poll(code: Code) -> object:
        world.runtime.shut_down_at = world.runtime.time
        return poll(code)

    world.simkl.poll = late_poll  # type: ignore[assignment]
    assert world.sign_in().end is End.SIGNED_IN
    assert world.settings.get("access_token") == "a-token"


def test_an_expired_code_is_not_polled_nor_shown_any_more(world: World) -> None:
    world.simkl.codes = [CODE._replace(expires_in=12)]
    assert world.sign_in() == Outcome(End.EXPIRED)
    assert world.simkl.polled_at() == [5, 10]
    assert world.elapsed == pytest.approx(12, abs=TICK)
    assert world.screen.shown[-2:] == ["again? EXPIRED", "closed"]


def test_the_life_of_a_code_counts_from_the_request(world: World) -> None:
    request_code = world.simkl.request_code
    world.simkl.codes = [CODE._replace(expires_in=12)]

    def slow() -> Code:
        code = request_code()
        world.runtime.time += 4
        return code

    world.simkl.request_code = slow  # type: ignore[method-assign]
    world.sign_in()
    assert world.elapsed == pytest.approx(12, abs=TICK)


def test_a_new_code_after_an_expired_one(world: World) -> None:
    world.simkl.codes = [CODE._replace(expires_in=12), CODE._replace(user_code="NEW456")]
    world.simkl.polls = [PENDING, PENDING, approved()]
    world.screen.answers = [True]
    assert world.sign_in().end is End.SIGNED_IN
    assert [what for _, what in world.simkl.requests] == [
        "code",
        "poll ABC123",
        "poll ABC123",
        "code",
        "poll NEW456",
        "user a-token",
    ]
    assert [s for s in world.screen.shown if s != "fine"] == [
        "contacting",
        "code ABC123",
        "again? EXPIRED",
        "contacting",
        "code NEW456",
        "approved",
        "closed",
    ]


def test_a_gone_code(world: World) -> None:
    world.simkl.polls = [PENDING, GONE]
    assert world.sign_in() == Outcome(End.EXPIRED)
    assert world.simkl.polled_at() == [5, 10]
    assert world.settings.written == []


def test_a_failed_poll_keeps_the_code_and_says_so(world: World) -> None:
    world.simkl.polls = [FAILURE, Unreachable(Trouble.BAD_ANSWER), PENDING, PENDING, approved()]
    assert world.sign_in().end is End.SIGNED_IN
    assert world.screen.shown[1:6] == ["code ABC123", "trouble", "trouble", "fine", "fine"]
    assert world.simkl.polled_at() == [5, 10, 20, 25, 30]


@pytest.mark.parametrize("trouble", list(Trouble))
def test_no_code_can_be_had(world: World, trouble: Trouble) -> None:
    world.simkl.codes = [Unreachable(trouble)]
    assert world.sign_in() == Outcome(End.UNREACHABLE, trouble)
    assert world.screen.shown == ["contacting", f"again? UNREACHABLE {trouble.name}", "closed"]


def test_try_again(world: World) -> None:
    world.simkl.codes = [FAILURE, CODE]
    world.simkl.polls = [approved()]
    world.screen.answers = [True]
    assert world.sign_in().end is End.SIGNED_IN


def test_too_many_ask_for_a_code(world: World) -> None:
    world.simkl.codes = [TOO_MANY, TOO_MANY, TOO_MANY, CODE]
    world.simkl.polls = [approved()]
    assert world.sign_in().end is End.SIGNED_IN
    assert [at for at, what in world.simkl.requests if what == "code"] == [0, 2, 6, 14]
    assert world.screen.shown[:2] == ["contacting", "code ABC123"], "nobody is asked anything for it"


def test_too_many_for_too_long(world: World) -> None:
    world.simkl.codes = [TOO_MANY]
    assert world.sign_in() == Outcome(End.UNREACHABLE, Trouble.BUSY)
    assert [at for at, _ in world.simkl.requests] == [0, 2, 6, 14, 22, 30, 38, 46, 54]


def test_what_goes_into_the_log(world: World) -> None:
    world.simkl.polls = [Unreachable(Trouble.NO_ANSWER, "ConnectionResetError"), approved()]
    world.simkl.users = [TokenRefused("HTTP 401")]
    world.settings.fail = 1
    world.screen.answers = [True]
    world.sign_in()
    world.simkl.codes = [Unreachable(Trouble.NO_NETWORK)]
    world.sign_in()
    assert world.log == [
        "poll failed: no answer (ConnectionResetError)",
        "not saved: signed_in",
        "no user name: HTTP 401",
        "sign-in: SIGNED_IN",
        "sign-in: UNREACHABLE, no network",
    ]


def test_the_time_left_ends_at_nothing(world: World) -> None:
    world.simkl.codes = [CODE._replace(expires_in=7)]
    world.simkl.polls = [HANGING]
    world.sign_in()
    assert min(world.screen.time_left) == 0


def test_retry_after_beyond_the_patience_is_said_and_kept_to(world: World) -> None:
    world.simkl.codes = [Unreachable(Trouble.BUSY, retry_after=300), CODE]
    world.screen.answers = [True, True]
    assert world.sign_in() == Outcome(End.UNREACHABLE, Trouble.BUSY)
    assert world.simkl.requests == [(0, "code")], "another try does not ask before the time"
    assert world.screen.shown.count("again? UNREACHABLE BUSY") == 3


def test_a_short_retry_after_is_waited_for_by_another_try(world: World) -> None:
    world.simkl.codes = [Unreachable(Trouble.BAD_ANSWER, retry_after=30), CODE]
    world.simkl.polls = [approved()]
    world.screen.answers = [True]
    assert world.sign_in().end is End.SIGNED_IN
    assert [at for at, what in world.simkl.requests if what == "code"] == [0, 30]


def test_the_next_poll_is_no_sooner_than_retry_after_and_the_pace_stays_slower(world: World) -> None:
    world.simkl.polls = [Unreachable(Trouble.BUSY, retry_after=60), PENDING, PENDING, approved()]
    world.sign_in()
    assert world.simkl.polled_at() == [5, 65, 75, 85]


def test_retry_after_past_the_life_of_the_code_ends_it(world: World) -> None:
    world.simkl.polls = [PENDING, Unreachable(Trouble.BUSY, retry_after=950)]
    assert world.sign_in() == Outcome(End.UNREACHABLE, Trouble.BUSY)
    assert world.elapsed < 11


def test_many_who_failed_at_once_come_back_apart(world: World) -> None:
    world.chance = 1.0
    world.simkl.polls = [FAILURE, Unreachable(Trouble.BUSY, retry_after=60), approved()]
    world.sign_in()
    assert world.simkl.polled_at() == [5.5, 13, 103]


def test_without_a_failure_nobody_waits_much_longer_than_the_interval(world: World) -> None:
    world.chance = 1.0
    world.simkl.polls = [PENDING, PENDING, approved()]
    world.sign_in()
    assert world.simkl.polled_at() == [5.5, 11, 16.5]


def test_the_breaks_grow_to_half_a_minute(world: World) -> None:
    world.simkl.polls = [*[FAILURE] * 6, approved()]
    world.sign_in()
    assert world.simkl.polled_at() == [5, 10, 20, 40, 70, 100, 130]


@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_code_that_runs_out_while_simkl_is_out_of_reach_has_not_just_expired(world: World, trouble: Trouble) -> None:
    world.simkl.codes = [CODE._replace(expires_in=12)]
    world.simkl.polls = [PENDING, Unreachable(trouble)]
    assert world.sign_in() == Outcome(End.UNREACHABLE, trouble)
    assert world.elapsed == pytest.approx(12, abs=TICK)


def test_a_code_that_runs_out_after_trouble_has_passed_has_expired(world: World) -> None:
    world.simkl.codes = [CODE._replace(expires_in=18)]
    world.simkl.polls = [FAILURE, PENDING, PENDING]
    assert world.sign_in() == Outcome(End.EXPIRED)


def test_an_approval_whose_answer_was_lost(world: World) -> None:
    world.simkl.polls = [PENDING, FAILURE, GONE]
    assert world.sign_in() == Outcome(End.ANSWER_LOST)
    assert world.screen.shown[-2:] == ["again? ANSWER_LOST", "closed"]


def test_a_gone_code_after_trouble_has_passed_was_not_an_approval(world: World) -> None:
    world.simkl.polls = [FAILURE, PENDING, GONE]
    assert world.sign_in() == Outcome(End.EXPIRED)


def test_a_lost_answer_and_a_new_code(world: World) -> None:
    world.simkl.codes = [CODE, CODE._replace(user_code="NEW456")]
    world.simkl.polls = [FAILURE, GONE, approved()]
    world.screen.answers = [True]
    assert world.sign_in().end is End.SIGNED_IN


def test_the_name_is_asked_for_again_while_too_many_ask(world: World) -> None:
    world.simkl.polls = [approved()]
    world.simkl.users = [TOO_MANY, TOO_MANY, User("Ada")]
    assert world.sign_in() == Outcome(End.SIGNED_IN, user_name="Ada")
    world.simkl.users = [TOO_MANY]
    start = world.elapsed
    assert world.sign_in() == Outcome(End.SIGNED_IN)
    assert world.elapsed - start <= NAME_PATIENCE + 5 + TICK


def test_cancel_and_quit_while_waiting_to_ask_again(world: World) -> None:
    world.simkl.codes = [TOO_MANY]
    world.screen.cancel_at = 3
    assert world.sign_in() == Outcome(End.CANCELLED)
    assert world.elapsed <= 3 + 2 * TICK
    world.screen.cancel_at = None
    world.runtime.shut_down_at = world.runtime.time + 3
    assert world.sign_in() == Outcome(End.SHUTTING_DOWN)


@pytest.mark.parametrize("when", ["code", "poll"])
def test_a_refused_client_id_ends_it(world: World, when: str) -> None:
    if when == "code":
        world.simkl.codes = [ClientIdRefused("HTTP 412")]
    else:
        world.simkl.polls = [ClientIdRefused("HTTP 412")]
    assert world.sign_in() == Outcome(End.REFUSED)
    assert len(world.simkl.requests) == (1 if when == "code" else 2)
    assert world.settings.written == []


def test_what_cannot_be_saved_is_not_called_signed_in(world: World) -> None:
    world.simkl.polls = [approved()]
    world.settings.fail = 1
    assert world.sign_in() == Outcome(End.NOT_SAVED)
    assert "again? NOT_SAVED" in world.screen.shown
    assert world.settings.get("access_token") == "old-token"


def test_saving_is_tried_again_with_the_token_in_hand(world: World) -> None:
    world.simkl.polls = [approved(), PENDING]
    world.settings.fail = 2
    world.screen.answers = [True, True]
    assert world.sign_in().end is End.SIGNED_IN
    assert len(world.simkl.polled_at()) == 1
    assert world.settings.get("access_token") == "a-token"


def test_the_wait_never_reaches_zero(world: World) -> None:
    world.simkl.codes = [CODE._replace(interval=1.0000001, expires_in=3.0000002)]
    world.sign_in()  # FakeRuntime.wait() asserts


def test_declined_at_simkl(world: World) -> None:
    world.simkl.polls = [PENDING, Denied()]
    assert world.sign_in() == Outcome(End.DENIED)
    assert world.screen.shown[-2:] == ["again? DENIED", "closed"]
    assert world.settings.written == []


def test_an_end_without_a_name(world: World) -> None:
    world.simkl.polls = [PENDING, FlowFailed("HTTP 400")]
    assert world.sign_in() == Outcome(End.UNREACHABLE, Trouble.BAD_ANSWER)
    assert len(world.simkl.polled_at()) == 2


def test_a_code_that_is_known_to_have_expired_was_not_used(world: World) -> None:
    world.simkl.polls = [FAILURE, Gone(has_expired=True)]
    assert world.sign_in() == Outcome(End.EXPIRED)


def test_a_sign_in_that_may_only_read(world: World) -> None:
    grant = Grant("a-token", "an-id", "r", 1.0, 2.0, "media:read")
    world.simkl.polls = [Approved(grant)]
    assert world.sign_in() == Outcome(End.SIGNED_IN, user_name="Ada", read_only=True)
    assert AccountStore(world.settings).grant() == grant


def sign_in_as(world: World, user: User) -> Outcome:
    world.simkl.polls, world.simkl.users = [approved(f"token of {user.name}".replace(" ", "-"))], [user]
    return world.sign_in()


def test_another_account_takes_the_place_of_the_first_and_that_is_said(world: World) -> None:
    assert sign_in_as(world, User("Ada", 1, "free")) == Outcome(End.SIGNED_IN, user_name="Ada")
    assert sign_in_as(world, User("Grace", 2, "vip")) == Outcome(End.SIGNED_IN, user_name="Grace", replaced="Ada")
    assert AccountStore(world.settings).grant().access_token == "token-of-Grace"


def test_the_same_account_again_is_just_renewed(world: World) -> None:
    sign_in_as(world, User("Ada", 1, "free"))
    assert sign_in_as(world, User("Ada L.", 1, "free")) == Outcome(End.SIGNED_IN, user_name="Ada L.")
    assert AccountStore(world.settings).grant().access_token == "token-of-Ada-L."


@pytest.mark.parametrize("polls", [[GONE], [ClientIdRefused("HTTP 412")]])
def test_a_failed_attempt_leaves_the_old_account_working(world: World, polls: List[Any]) -> None:
    sign_in_as(world, User("Ada", 1, "free"))
    before = dict(world.settings.values)
    world.simkl.polls = polls
    assert world.sign_in().end is not End.SIGNED_IN
    assert world.settings.values == before
