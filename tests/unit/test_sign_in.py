# SPDX-License-Identifier: GPL-2.0-or-later
"""The sign-in: when it sends requests, what the screen shows, what is stored, and how the sign-in ends."""

from __future__ import annotations

from typing import Any

import pytest

from lib.simkl_account.auth.sign_in import LAST_POLL_MARGIN, USER_REQUEST_TIMEOUT, SignIn
from lib.simkl_account.auth.sign_out import REVOKE_TIMEOUT
from lib.simkl_account.errors import ClientIdRefused, SignInFailed, TokenRefused, Unreachable
from lib.simkl_account.models import Account, Code, Credentials, User
from lib.simkl_account.outcome import Cause, Outcome, SignInResult
from lib.simkl_account.simkl.background import ANSWER_TIMEOUT, TICK
from lib.simkl_account.simkl.protocol import Approved, CodeInvalid, Denied

from .fakes import CODE, CODE_INVALID, PENDING, SLOW_DOWN, TODAY, FakeRuntime, Hang, World, approved

START = FakeRuntime.START
CREDENTIALS = Credentials("a-token", "an-id")
NEW_CODE = CODE._replace(user_code="NEW456")
FAILURE = Unreachable(Cause.NO_ANSWER)
HANGING = Hang(FAILURE)
BUSY = Unreachable(Cause.BUSY)
BLOCK = Unreachable(Cause.BUSY, "HTTP 412", 300.0, status=412)
LIMIT = Unreachable(Cause.APP_LIMIT, "HTTP 429", 20000.0)
OLD_GRANT = Credentials("old-token", "old-id", "old-refresh-token")
NEW_GRANT = Credentials("a-token", "an-id", "r-token")
FAULT = Unreachable(Cause.BAD_ANSWER, "HTTP 503", status=503)


class SignInWorld(World):
    """A World with a sign-in. Another sign-in is stored already: the token of an old version."""

    random = 0.0
    """The random number for every jitter, from 0 to 1."""

    def __init__(self) -> None:
        super().__init__(access_token="old-token")

    def sign_in(self) -> Outcome:
        """Run a sign-in. Assert that nothing is left open after it, and that the log holds no secret."""
        outcome = SignIn(
            self.simkl.connect, self.screen, self.accounts, self.runtime, self.log.append, lambda: self.random
        ).run()
        assert self.screen.shown[-1] == "closed"
        assert not self.runtime.waiting, "a request still waits for an answer"
        assert self.simkl.closed == bool(self.simkl.requests)
        assert not any(secret in line for line in self.log for secret in (CODE.user_code, "a-token"))
        return outcome


@pytest.fixture
def world() -> SignInWorld:
    return SignInWorld()


def test_sign_in(world: SignInWorld) -> None:
    """The code is polled at each interval until the user has approved it; then the account and the name are stored."""
    world.simkl.polls = [PENDING, PENDING, approved()]
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN, user_name="Ada")
    assert world.simkl.requests == [
        (0, "code"),
        (5, "poll 5G6JAH"),
        (10, "poll 5G6JAH"),
        (15, "poll 5G6JAH"),
        (15, "user a-token"),
    ]
    assert world.screen.shown == ["contacting", "code 5G6JAH", "reachable", "reachable", "approved", "closed"]
    assert world.account == Account("Ada", 7, "pro", TODAY.isoformat(), False)
    assert world.accounts.valid_credentials() == CREDENTIALS


def test_time_left(world: SignInWorld) -> None:
    """While the code is shown, the time left goes down from the life of the code, at every tick."""
    world.screen.cancel_at = 12
    world.sign_in()
    assert world.screen.time_left[0] == 900
    assert world.screen.time_left == sorted(world.screen.time_left, reverse=True)
    assert world.screen.time_left[-1] == pytest.approx(900 - 12 + TICK, abs=0.05)
    assert max(world.runtime.waits) <= TICK


def test_token_stored_before_user_requested(world: SignInWorld) -> None:
    """The token is stored before the user's name is requested."""
    world.simkl.polls = [approved()]
    stored: list[str] = []

    def user(access_token: str) -> User:
        stored.append(world.settings.get("access_token"))
        return User("Ada")

    world.simkl.user = user  # type: ignore[method-assign]
    world.sign_in()
    assert stored == ["a-token"]


@pytest.mark.parametrize("failure", [FAILURE, TokenRefused("HTTP 401"), HANGING])
def test_user_request_fails(world: SignInWorld, failure: Any) -> None:
    """If the request for the user fails, the user is signed in without a name."""
    world.simkl.polls, world.simkl.users = [approved()], [failure]
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN)
    assert (world.account.name, world.account.id) == ("", None)
    assert world.accounts.valid_credentials() == CREDENTIALS


def test_cancel_during_user_request(world: SignInWorld) -> None:
    """If the user cancels while the name is fetched, the wait ends and the user stays signed in."""
    world.simkl.polls, world.simkl.users = [approved()], [HANGING]
    world.screen.cancel_at = 7
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN)
    assert world.runtime.elapsed == pytest.approx(7, abs=2 * TICK)
    assert world.settings.get("access_token") == "a-token"


def test_slow_down(world: SignInWorld) -> None:
    """Each "Slow down" adds 5 seconds to the interval for the rest of the sign-in."""
    world.simkl.polls = [SLOW_DOWN, PENDING, SLOW_DOWN, PENDING, approved()]
    world.sign_in()
    assert world.simkl.sent_at("poll") == [5, 15, 25, 40, 55]


@pytest.mark.parametrize("at", [0, 3, 5, 17.5])
def test_cancel(world: SignInWorld, at: float) -> None:
    """If the user cancels, the sign-in ends within two ticks and stores nothing."""
    world.screen.cancel_at = at
    assert world.sign_in() == Outcome(SignInResult.CANCELLED)
    assert world.runtime.elapsed <= at + 2 * TICK
    assert world.screen.closed_at == world.runtime.time
    assert world.settings.written == []
    assert len(world.simkl.requests) <= 1 + at // 5


def test_cancel_as_approval_arrives(world: SignInWorld) -> None:
    """If the user cancels during the poll that brings the approval, the sign-in is cancelled and nothing is stored."""
    poll = world.simkl.poll
    world.simkl.polls = [approved()]
    world.screen.cancel_at = 5.005

    def slow_poll(code: Code) -> object:
        world.runtime.time += 0.01
        return poll(code)

    world.simkl.poll = slow_poll  # type: ignore[assignment]
    assert world.sign_in() == Outcome(SignInResult.CANCELLED)
    assert world.simkl.sent_at("poll") == [5.01]
    assert world.settings.written == []


@pytest.mark.parametrize("hanging", ["code", "poll"])
def test_cancel_during_request(world: SignInWorld, hanging: str) -> None:
    """If the user cancels while Simkl does not answer, the screen closes at once and the request is interrupted."""
    if hanging == "code":
        world.simkl.codes = [HANGING]
    else:
        world.simkl.polls = [HANGING]
    world.screen.cancel_at = 7
    assert world.sign_in() == Outcome(SignInResult.CANCELLED)
    assert world.screen.closed_at == pytest.approx(START + 7, abs=2 * TICK)
    assert world.simkl.interruptions >= 1
    assert world.settings.written == []


def test_answer_timeout(world: SignInWorld) -> None:
    """If the answer to a poll does not come, the poll fails after ANSWER_TIMEOUT, and the next poll can succeed."""
    world.simkl.polls = [HANGING, approved()]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.screen.shown[2:4] == ["unreachable", "approved"]
    first, second = world.simkl.sent_at("poll")
    assert first + ANSWER_TIMEOUT + 5 <= second <= first + ANSWER_TIMEOUT + 5 + 3 * TICK


def test_quit_during_poll(world: SignInWorld) -> None:
    """If Kodi quits while Simkl does not answer, the sign-in ends within three ticks and stores nothing."""
    world.simkl.polls = [HANGING]
    world.runtime.shut_down_at = START + 7
    assert world.sign_in() == Outcome(SignInResult.SHUTTING_DOWN)
    assert world.runtime.elapsed <= 7 + 3 * TICK
    assert world.settings.written == []


def test_quit_between_polls(world: SignInWorld) -> None:
    """If Kodi quits between two polls, the sign-in ends within two ticks and polls no more."""
    world.runtime.shut_down_at = START + 3
    assert world.sign_in() == Outcome(SignInResult.SHUTTING_DOWN)
    assert world.runtime.elapsed <= 3 + 2 * TICK
    assert world.simkl.sent_at("poll") == []


def test_quit_as_approval_arrives(world: SignInWorld) -> None:
    """If Kodi quits during the poll that brings the approval, the token is stored."""
    poll = world.simkl.poll
    world.simkl.polls = [approved()]

    def poll_as_kodi_quits(code: Code) -> object:
        world.runtime.shut_down_at = world.runtime.time
        return poll(code)

    world.simkl.poll = poll_as_kodi_quits  # type: ignore[assignment]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.settings.get("access_token") == "a-token"


def test_code_expires(world: SignInWorld) -> None:
    """When the code expires, it is polled no more, and the user is asked whether to try again."""
    world.simkl.codes = [CODE._replace(expires_in=12)]
    assert world.sign_in() == Outcome(SignInResult.EXPIRED)
    assert world.simkl.sent_at("poll") == [5, 10]
    assert world.runtime.elapsed == pytest.approx(12, abs=TICK)
    assert world.screen.shown[-2:] == ["again? EXPIRED", "closed"]


def test_life_of_code_starts_at_request(world: SignInWorld) -> None:
    """The life of a code is counted from its request, even if the answer takes seconds."""
    request_code = world.simkl.request_code
    world.simkl.codes = [CODE._replace(expires_in=12)]

    def slow_request_code() -> Code:
        code = request_code()
        world.runtime.time += 4
        return code

    world.simkl.request_code = slow_request_code  # type: ignore[method-assign]
    world.sign_in()
    assert world.runtime.elapsed == pytest.approx(12, abs=TICK)


def test_new_code_after_expiry(world: SignInWorld) -> None:
    """If the user tries again after the code has expired, a new code is requested, shown and polled."""
    world.simkl.codes = [CODE._replace(expires_in=12), NEW_CODE]
    world.simkl.polls = [PENDING, PENDING, approved()]
    world.screen.answers = [True]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.simkl.sent == ["code", "poll 5G6JAH", "poll 5G6JAH", "code", "poll NEW456", "user a-token"]
    assert [shown for shown in world.screen.shown if shown != "reachable"] == [
        "contacting",
        "code 5G6JAH",
        "again? EXPIRED",
        "contacting",
        "code NEW456",
        "approved",
        "closed",
    ]


def test_code_invalid(world: SignInWorld) -> None:
    """If Simkl does not accept the code any more, the sign-in ends as expired and stores nothing."""
    world.simkl.polls = [PENDING, CODE_INVALID]
    assert world.sign_in() == Outcome(SignInResult.EXPIRED)
    assert world.simkl.sent_at("poll") == [5, 10]
    assert world.settings.written == []


def test_poll_fails(world: SignInWorld) -> None:
    """If a poll fails, the code stays on the screen, which shows "unreachable" until a poll is answered."""
    world.simkl.polls = [FAILURE, Unreachable(Cause.BAD_ANSWER), PENDING, PENDING, approved()]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.screen.shown[1:6] == ["code 5G6JAH", "unreachable", "unreachable", "reachable", "reachable"]
    assert world.simkl.sent_at("poll") == [5, 10, 20, 25, 30]


@pytest.mark.parametrize("cause", list(Cause))
def test_code_request_fails(world: SignInWorld, cause: Cause) -> None:
    """If the request for a code fails, the user is asked whether to try again, with the cause."""
    world.simkl.codes = [Unreachable(cause)]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, cause)
    assert world.screen.shown == ["contacting", f"again? UNREACHABLE, {cause.value}", "closed"]


def test_try_again_after_failure(world: SignInWorld) -> None:
    """If the user tries again after a failed request for a code, the sign-in can succeed."""
    world.simkl.codes = [FAILURE, CODE]
    world.simkl.polls = [approved()]
    world.screen.answers = [True]
    assert world.sign_in().result is SignInResult.SIGNED_IN


def test_code_request_while_busy(world: SignInWorld) -> None:
    """If Simkl is too busy for a code, the request is sent again with growing delays, without asking the user."""
    world.simkl.codes = [BUSY, BUSY, BUSY, CODE]
    world.simkl.polls = [approved()]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.simkl.sent_at("code") == [0, 1, 3, 7]
    assert world.screen.shown[:2] == ["contacting", "code 5G6JAH"], "the user was asked something"


def test_code_request_while_busy_with_jitter(world: SignInWorld) -> None:
    """A code is requested again after one to two seconds, so that many Kodis do not send at the same time."""
    world.random = 1.0
    world.simkl.codes = [BUSY, BUSY, CODE]
    world.screen.cancel_at = 7
    world.sign_in()
    assert world.simkl.sent_at("code") == [0, 2, 6]


def test_code_request_after_fault(world: SignInWorld) -> None:
    """If Simkl has a passing fault, a code is requested again with growing delays, without asking the user."""
    world.simkl.codes = [FAULT, FAULT, FAULT, CODE]
    world.simkl.polls = [approved()]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.simkl.sent_at("code") == [0, 1, 3, 7]
    assert world.screen.shown[:2] == ["contacting", "code 5G6JAH"], "the user was asked something"


def test_code_request_fault_timeout(world: SignInWorld) -> None:
    """If the fault does not pass within 20 seconds, the user is asked whether to try again."""
    world.simkl.codes = [FAULT]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, Cause.BAD_ANSWER)
    assert world.simkl.sent_at("code") == [0, 1, 3, 7, 15]
    assert world.screen.shown == ["contacting", "again? UNREACHABLE, bad answer", "closed"]


def test_user_without_name(world: SignInWorld) -> None:
    """If the user has no name, the number is stored and the outcome says that there is no name."""
    world.simkl.polls, world.simkl.users = [approved()], [User("", 7, "pro")]
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN, is_nameless=True)
    assert (world.account.name, world.account.id) == ("", 7)


def test_code_request_timeout(world: SignInWorld) -> None:
    """If Simkl is too busy for a code for a minute, the sign-in ends."""
    world.simkl.codes = [BUSY]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, Cause.BUSY)
    assert [at for at, _ in world.simkl.requests] == [0, 1, 3, *range(7, 60, 8)]


def test_log(world: SignInWorld) -> None:
    """The log has each failure with its cause, and the result of each try."""
    world.simkl.polls = [Unreachable(Cause.NO_ANSWER, "ConnectionResetError"), approved()]
    world.simkl.users = [TokenRefused("HTTP 401")]
    world.settings.writes_to_fail = 1
    world.screen.answers = [True]
    world.sign_in()
    world.simkl.codes = [Unreachable(Cause.NO_NETWORK)]
    world.sign_in()
    assert world.log == [
        "poll failed: no answer (ConnectionResetError)",
        "not saved: signed_in",
        "no user name: HTTP 401",
        "sign-in: SIGNED_IN",
        "sign-in: UNREACHABLE, no network",
    ]


def test_time_left_ends_at_zero(world: SignInWorld) -> None:
    """If the code expires during a poll, the time left stays at 0."""
    world.simkl.codes = [CODE._replace(expires_in=7)]
    world.simkl.polls = [HANGING]
    world.sign_in()
    assert min(world.screen.time_left) == 0


def test_long_retry_after(world: SignInWorld) -> None:
    """If Retry-After is longer than the timeout, each try until then ends at once without a request."""
    world.simkl.codes = [Unreachable(Cause.BUSY, retry_after=300), CODE]
    world.screen.answers = [True, True]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, Cause.BUSY)
    assert world.simkl.requests == [(0, "code")], "requested before Retry-After has passed"
    assert world.screen.shown.count("again? UNREACHABLE, too many requests") == 3


def test_short_retry_after(world: SignInWorld) -> None:
    """If the user tries again before a short Retry-After has passed, the next request waits for it."""
    world.simkl.codes = [Unreachable(Cause.BAD_ANSWER, retry_after=30), CODE]
    world.simkl.polls = [approved()]
    world.screen.answers = [True]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.simkl.sent_at("code") == [0, 30]


def test_retry_after_of_poll(world: SignInWorld) -> None:
    """After "too many requests", the next poll waits for Retry-After, and the interval stays doubled."""
    world.simkl.polls = [Unreachable(Cause.BUSY, retry_after=60), PENDING, PENDING, approved()]
    world.sign_in()
    assert world.simkl.sent_at("poll") == [5, 65, 75, 85]


def test_retry_after_longer_than_code(world: SignInWorld) -> None:
    """If Retry-After is longer than the rest of the code's life, the sign-in ends at once."""
    world.simkl.polls = [PENDING, Unreachable(Cause.BUSY, retry_after=950)]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, Cause.BUSY)
    assert world.runtime.elapsed < 11


def test_jitter_after_failure(world: SignInWorld) -> None:
    """After a failure, the delay or Retry-After is longer by up to half, so that many Kodis do not return together."""
    world.random = 1.0
    world.simkl.polls = [FAILURE, Unreachable(Cause.BUSY, retry_after=60), approved()]
    world.sign_in()
    assert world.simkl.sent_at("poll") == [5.5, 13, 103]


def test_jitter_without_failure(world: SignInWorld) -> None:
    """Without a failure, the interval is longer by at most a tenth."""
    world.random = 1.0
    world.simkl.polls = [PENDING, PENDING, approved()]
    world.sign_in()
    assert world.simkl.sent_at("poll") == [5.5, 11, 16.5]


def test_backoff(world: SignInWorld) -> None:
    """While polls fail, the delay grows to 30 seconds."""
    world.simkl.polls = [*[FAILURE] * 6, approved()]
    world.sign_in()
    assert world.simkl.sent_at("poll") == [5, 10, 20, 40, 70, 100, 130]


@pytest.mark.parametrize("cause", list(Cause))
def test_code_expires_while_unreachable(world: SignInWorld, cause: Cause) -> None:
    """If the code expires after a failed poll, the result is UNREACHABLE with the cause of the failure."""
    world.simkl.codes = [CODE._replace(expires_in=12)]
    world.simkl.polls = [PENDING, Unreachable(cause)]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, cause)
    assert world.runtime.elapsed == pytest.approx(12, abs=TICK)


def test_code_expires_after_recovery(world: SignInWorld) -> None:
    """If a poll failed but a later poll was answered before the code expires, the result is EXPIRED."""
    world.simkl.codes = [CODE._replace(expires_in=18)]
    world.simkl.polls = [FAILURE, PENDING, PENDING]
    assert world.sign_in() == Outcome(SignInResult.EXPIRED)


def test_answer_lost(world: SignInWorld) -> None:
    """If the code is invalid right after a failed poll, the result is ANSWER_LOST: the approval may have been lost."""
    world.simkl.polls = [PENDING, FAILURE, CODE_INVALID]
    assert world.sign_in() == Outcome(SignInResult.ANSWER_LOST)
    assert world.screen.shown[-2:] == ["again? ANSWER_LOST", "closed"]


def test_code_invalid_after_recovery(world: SignInWorld) -> None:
    """If a poll was answered between the failed poll and the invalid code, the result is EXPIRED."""
    world.simkl.polls = [FAILURE, PENDING, CODE_INVALID]
    assert world.sign_in() == Outcome(SignInResult.EXPIRED)


def test_new_code_after_lost_answer(world: SignInWorld) -> None:
    """If the user tries again after a lost answer, the sign-in can succeed with a new code."""
    world.simkl.codes = [CODE, NEW_CODE]
    world.simkl.polls = [FAILURE, CODE_INVALID, approved()]
    world.screen.answers = [True]
    assert world.sign_in().result is SignInResult.SIGNED_IN


def test_user_request_while_busy(world: SignInWorld) -> None:
    """If Simkl is too busy, the request for the user is sent again, until USER_REQUEST_TIMEOUT at most."""
    world.simkl.polls = [approved()]
    world.simkl.users = [BUSY, BUSY, User("Ada")]
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN, user_name="Ada")
    world.simkl.users = [BUSY]
    start = world.runtime.elapsed
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN)
    assert world.runtime.elapsed - start <= USER_REQUEST_TIMEOUT + 5 + TICK


def test_cancel_and_quit_while_busy(world: SignInWorld) -> None:
    """If the user cancels or Kodi quits during the delay before a retry, the sign-in ends."""
    world.simkl.codes = [BUSY]
    world.screen.cancel_at = 3
    assert world.sign_in() == Outcome(SignInResult.CANCELLED)
    assert world.runtime.elapsed <= 3 + 2 * TICK
    world.screen.cancel_at = None
    world.runtime.shut_down_at = world.runtime.time + 3
    assert world.sign_in() == Outcome(SignInResult.SHUTTING_DOWN)


@pytest.mark.parametrize("when", ["code", "poll"])
def test_client_id_refused(world: SignInWorld, when: str) -> None:
    """If Simkl refuses the client id, the sign-in ends at once and stores nothing."""
    if when == "code":
        world.simkl.codes = [ClientIdRefused("HTTP 412")]
    else:
        world.simkl.polls = [ClientIdRefused("HTTP 412")]
    assert world.sign_in() == Outcome(SignInResult.REFUSED)
    assert len(world.simkl.requests) == (1 if when == "code" else 2)
    assert world.settings.written == []


def test_not_saved(world: SignInWorld) -> None:
    """If the token cannot be stored and the user does not try again, the old token stays."""
    world.simkl.polls = [approved()]
    world.settings.writes_to_fail = 1
    assert world.sign_in() == Outcome(SignInResult.NOT_SAVED)
    assert "again? NOT_SAVED" in world.screen.shown
    assert world.settings.get("access_token") == "old-token"


def test_save_again(world: SignInWorld) -> None:
    """If the token cannot be stored at first but the user tries again, it is stored without another poll."""
    world.simkl.polls = [approved(), PENDING]
    world.settings.writes_to_fail = 2
    world.screen.answers = [True, True]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert len(world.simkl.sent_at("poll")) == 1
    assert world.settings.get("access_token") == "a-token"


def test_no_wait_of_zero_seconds(world: SignInWorld) -> None:
    """If the times of a code are slightly more than whole seconds, no wait has 0 seconds: FakeRuntime asserts it."""
    world.simkl.codes = [CODE._replace(interval=1.0000001, expires_in=3.0000002)]
    assert world.sign_in() == Outcome(SignInResult.EXPIRED)


def test_stored_at_once(world: SignInWorld) -> None:
    """Between the approval and the first write, nothing is waited for, and the screen is not looked at."""
    world.simkl.polls = [approved()]
    steps: list[str] = []
    poll, prepare = world.simkl.poll, world.copy.prepare

    def note(step: str, call: Any) -> Any:
        def noted(*arguments: Any) -> Any:
            steps.append(step)
            return call(*arguments)

        return noted

    world.simkl.poll = note("poll", poll)  # type: ignore[method-assign]
    world.screen.look = note("look", world.screen.look)  # type: ignore[method-assign]
    world.runtime.wait = note("wait", world.runtime.wait)  # type: ignore[method-assign]
    world.copy.prepare = note("store", prepare)  # type: ignore[method-assign]
    world.sign_in()
    assert steps[steps.index("poll") :][:2] == ["poll", "store"]


@pytest.mark.parametrize("how", ["cancel", "quit"])
def test_cancel_while_storing(world: SignInWorld, how: str) -> None:
    """If the user cancels after the approval, while Kodi updates the add-on, the screen closes; the token is stored."""
    replace = world.accounts.replace
    world.simkl.polls = [approved()]
    world.accounts.replace = (  # type: ignore[method-assign]
        lambda credentials: Hang(FAILURE, answer=replace(credentials), after=30)  # type: ignore[assignment,return-value]
    )
    if how == "cancel":
        world.screen.cancel_at = 7
    else:
        world.runtime.shut_down_at = START + 7
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN)
    assert world.screen.closed_at == pytest.approx(START + (7 if how == "cancel" else 30), abs=2 * TICK)
    assert world.runtime.elapsed == pytest.approx(30, abs=2 * TICK)
    assert world.simkl.sent == ["code", "poll 5G6JAH"], "the name is requested for nobody"


def test_denied(world: SignInWorld) -> None:
    """If the user says no at Simkl, nothing is stored."""
    world.simkl.polls = [PENDING, Denied()]
    assert world.sign_in() == Outcome(SignInResult.DENIED)
    assert world.screen.shown[-2:] == ["again? DENIED", "closed"]
    assert world.settings.written == []


def test_unknown_error(world: SignInWorld) -> None:
    """If Simkl ends the sign-in with an unknown error, the result is UNREACHABLE, with BAD_ANSWER as the cause."""
    world.simkl.polls = [PENDING, SignInFailed("HTTP 400")]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, Cause.BAD_ANSWER)
    assert len(world.simkl.sent_at("poll")) == 2


def test_expired_too_early(world: SignInWorld) -> None:
    """If Simkl calls a code expired long before its end, after a failed poll, the approval was probably lost."""
    world.simkl.polls = [FAILURE, CodeInvalid(has_expired=True)]
    assert world.sign_in() == Outcome(SignInResult.ANSWER_LOST)


def test_expired_after_failure(world: SignInWorld) -> None:
    """If Simkl says near the end of the code's life that the code has expired, nothing was lost."""
    world.simkl.codes = [CODE._replace(expires_in=35)]
    world.simkl.polls = [FAILURE, CodeInvalid(has_expired=True)]
    assert world.sign_in() == Outcome(SignInResult.EXPIRED)


def test_read_only(world: SignInWorld) -> None:
    """If the tokens do not allow changing the history, the outcome says so."""
    credentials = Credentials("a-token", "an-id", "r-token", 1.0, 2.0, "media:read")
    world.simkl.polls = [Approved(credentials)]
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN, user_name="Ada", read_only=True)
    assert world.accounts.valid_credentials() == credentials


def sign_in_as(world: SignInWorld, user: User) -> Outcome:
    """Sign in as this user, with a token that has the user's name in it."""
    world.simkl.polls, world.simkl.users = [approved(f"token of {user.name}".replace(" ", "-"))], [user]
    return world.sign_in()


def test_another_user(world: SignInWorld) -> None:
    """If another user was signed in before, the outcome names the replaced user."""
    assert sign_in_as(world, User("Ada", 1, "free")) == Outcome(SignInResult.SIGNED_IN, user_name="Ada")
    outcome = sign_in_as(world, User("Grace", 2, "vip"))
    assert outcome == Outcome(SignInResult.SIGNED_IN, user_name="Grace", replaced_name="Ada")
    assert world.accounts.valid_credentials().access_token == "token-of-Grace"


def test_same_user_again(world: SignInWorld) -> None:
    """If the same user signs in again under another name, nobody is replaced, and the new token is stored."""
    sign_in_as(world, User("Ada", 1, "free"))
    outcome = sign_in_as(world, User("Ada L.", 1, "free"))
    assert outcome == Outcome(SignInResult.SIGNED_IN, user_name="Ada L.", is_same_account=True)
    assert world.accounts.valid_credentials().access_token == "token-of-Ada-L."


@pytest.mark.parametrize("polls", [[CODE_INVALID], [ClientIdRefused("HTTP 412")]])
def test_failed_sign_in_keeps_old_account(world: SignInWorld, polls: list[Any]) -> None:
    """If a sign-in fails, the account that was stored before stays as it is."""
    sign_in_as(world, User("Ada", 1, "free"))
    before = dict(world.settings.values)
    world.simkl.polls = polls
    assert world.sign_in().result is not SignInResult.SIGNED_IN
    assert world.settings.values == before


# A block of the client id


def test_block(world: SignInWorld) -> None:
    """If Simkl blocks the client id, the code stays, the screen says it, and the next poll comes after five minutes."""
    world.simkl.polls = [PENDING, BLOCK, PENDING, approved()]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.simkl.sent_at("poll") == [5, 10, 310, 320]
    assert world.screen.shown[:6] == ["contacting", "code 5G6JAH", "reachable", "blocked", "reachable", "approved"]


def test_block_late(world: SignInWorld) -> None:
    """If the block comes late in the code's life, the last poll comes shortly before its end."""
    world.simkl.codes = [CODE._replace(expires_in=200)]
    world.simkl.polls = [BLOCK, approved()]
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN, user_name="Ada")
    assert world.simkl.sent_at("poll") == [5, 200 - LAST_POLL_MARGIN]


def test_block_until_code_expires(world: SignInWorld) -> None:
    """If Simkl blocks the client id until the code expires, the result is that Simkl is busy."""
    world.simkl.polls = [BLOCK]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, Cause.BUSY)
    assert world.simkl.sent_at("poll") == [5, 305, 605, 900 - LAST_POLL_MARGIN]


def test_block_at_user_request(world: SignInWorld) -> None:
    """If Simkl blocks the client id when the name is requested, that is not requested again: it would prolong it."""
    world.simkl.polls, world.simkl.users = [approved()], [BLOCK]
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN)
    assert len(world.simkl.sent_at("user")) == 1


@pytest.mark.parametrize("interval", [5.0, 40.0])
def test_last_poll(world: SignInWorld, interval: float) -> None:
    """However long the interval is, the last poll comes shortly before the end of the code, and none comes too soon."""
    world.simkl.codes = [CODE._replace(expires_in=300, interval=interval)]
    assert world.sign_in() == Outcome(SignInResult.EXPIRED)
    polls = world.simkl.sent_at("poll")
    assert 300 - LAST_POLL_MARGIN <= polls[-1] < 300 or polls[-1] + interval >= 300
    assert min(later - earlier for earlier, later in zip(polls, polls[1:])) >= interval


# Daily limits


@pytest.mark.parametrize("cause", [Cause.USER_LIMIT, Cause.APP_LIMIT])
def test_daily_limit(world: SignInWorld, cause: Cause) -> None:
    """If the requests for the day are used up, the sign-in ends at once, and the outcome holds the time left."""
    world.simkl.codes = [Unreachable(cause, "HTTP 429", 20000.0)]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, cause, seconds_left=20000)
    assert world.simkl.sent == ["code"]


def test_daily_limit_and_try_again(world: SignInWorld) -> None:
    """If the user tries again although the requests for the day are used up, nothing is sent, and the reason stays."""
    world.simkl.codes, world.screen.answers = [LIMIT], [True]
    assert world.sign_in().cause is Cause.APP_LIMIT
    assert world.simkl.sent == ["code"]
    assert world.screen.shown.count("again? UNREACHABLE, the client id's daily limit") == 2


def test_no_revocation_during_block(world: SignInWorld) -> None:
    """While Simkl blocks the client id, the old grant is not revoked: a request would prolong the block."""
    world.accounts.replace(OLD_GRANT)
    world.simkl.polls, world.simkl.users = [Approved(NEW_GRANT)], [BLOCK]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.simkl.sent_at("revoke") == []


def test_daily_limit_at_poll(world: SignInWorld) -> None:
    """If the requests of the day are used up during the sign-in, it ends at once."""
    world.simkl.polls = [PENDING, LIMIT]
    assert world.sign_in() == Outcome(SignInResult.UNREACHABLE, Cause.APP_LIMIT, seconds_left=20000)
    assert world.runtime.elapsed < 11


# The grant that a new sign-in replaces


@pytest.mark.parametrize("token", ["old-refresh-token", "z-token"])
def test_old_grant_is_revoked(world: SignInWorld, token: str) -> None:
    """The old grant is revoked once the new sign-in is stored and read back."""
    old = OLD_GRANT._replace(refresh_token=token)
    world.accounts.replace(old)
    stored: list[str] = []
    revoke = world.simkl.revoke

    def note_and_revoke(credentials: Credentials) -> None:
        stored.append(world.accounts.valid_credentials().access_token)
        assert credentials == old
        revoke(credentials)

    world.simkl.revoke = note_and_revoke  # type: ignore[method-assign]
    world.simkl.polls = [Approved(NEW_GRANT)]
    assert world.sign_in().result is SignInResult.SIGNED_IN
    assert world.simkl.sent[-1] == f"revoke {token}"
    assert stored == ["a-token"]


@pytest.mark.parametrize("answer", [FAILURE, ClientIdRefused("HTTP 401"), HANGING])
def test_old_grant_is_not_revoked(world: SignInWorld, answer: Any) -> None:
    """If the old grant cannot be revoked, the sign-in succeeds all the same, after 3 seconds at the latest."""
    world.accounts.replace(OLD_GRANT)
    world.simkl.polls, world.simkl.revocations = [Approved(NEW_GRANT)], [answer]
    assert world.sign_in() == Outcome(SignInResult.SIGNED_IN, user_name="Ada")
    assert world.runtime.elapsed <= 5 + REVOKE_TIMEOUT + 2 * TICK


@pytest.mark.parametrize("old", [CREDENTIALS, NEW_GRANT])
def test_nothing_to_revoke(world: SignInWorld, old: Credentials) -> None:
    """A sign-in by the PIN flow cannot be revoked, and the same grant must not be."""
    world.accounts.replace(old)
    world.simkl.polls = [Approved(NEW_GRANT)]
    world.sign_in()
    assert world.simkl.sent_at("revoke") == []


@pytest.mark.parametrize("polls", [[CODE_INVALID], [Denied()]])
def test_failed_sign_in_revokes_nothing(world: SignInWorld, polls: list[Any]) -> None:
    """If the new sign-in fails, the old grant lives on."""
    world.accounts.replace(OLD_GRANT)
    world.simkl.polls = polls
    world.sign_in()
    assert world.simkl.sent_at("revoke") == []


def test_not_saved_revokes_nothing(world: SignInWorld) -> None:
    """If the new sign-in cannot be stored, the old grant lives on."""
    world.accounts.replace(OLD_GRANT)
    world.simkl.polls, world.settings.writes_to_fail = [Approved(NEW_GRANT)], 1
    assert world.sign_in().result is SignInResult.NOT_SAVED
    assert world.simkl.sent_at("revoke") == []
