# SPDX-License-Identifier: GPL-2.0-or-later
"""The sign-in, told as a story: ask for a code, show it, wait, ask whether it was approved, until an end.

No Kodi, no HTTP and no clock of its own: it is given them. Requests run in the background while this thread
looks after the screen; Cancel and Kodi's Quit are noticed within TICK, whatever a request is doing.
"""

from concurrent import futures
from random import random
from typing import Callable, Optional, Protocol, TypeVar

from .account import AccountStore
from .ends import End, Outcome
from .errors import ClientIdRefused, NotSaved, SimklError, Trouble, Unreachable
from .pace import Pace, spread
from .simkl import Approved, Code, Gone, Poll, User
from .ui import Screen

T = TypeVar("T")

TICK = 0.1
"""Seconds between two looks at the screen."""

ANSWER_LIMIT = 15.0
"""Seconds that a request may take in all: an answer can also come a byte at a time."""

CODE_PATIENCE = 60.0
"""Seconds to go on asking for a code when Simkl says "too many requests"."""

NAME_PATIENCE = 20.0
"""The same for the name. It has to end: the person is looking at "One moment"."""

FIRST_BREAK, LONGEST_BREAK = 1.0, 8.0
"""Seconds between such requests: doubled after each, from the one to the other."""

_WORTH_ANOTHER_TRY = (End.EXPIRED, End.ANSWER_LOST, End.UNREACHABLE)


class Client(Protocol):
    """What a sign-in asks of Simkl: see simkl.Simkl."""

    def request_code(self) -> Code: ...
    def poll(self, code: Code) -> Poll: ...
    def user(self, access_token: str) -> User: ...
    def hang_up(self) -> None: ...
    def close(self) -> None: ...


class Runtime(Protocol):
    """Time and threads: Kodi's, or a test's."""

    def now(self) -> float:
        """Seconds on a clock that never jumps (the wall clock of a TV box does)."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass; shorter when Kodi is quitting."""
        ...

    def is_shutting_down(self) -> bool:
        """Whether Kodi is quitting."""
        ...

    def start(self, call: Callable[[], T]) -> "futures.Future[T]":
        """Run a call in the background."""
        ...


class _Ended(Exception):
    """The sign-in is over, wherever it is."""

    def __init__(self, end: End) -> None:
        super().__init__(end.name)
        self.end = end


class SignIn:
    """One sign-in, from the first request to its end."""

    def __init__(
        self,
        connect: Callable[[], Client],
        screen: Screen,
        accounts: AccountStore,
        runtime: Runtime,
        log: Callable[[str], None],
        chance: Callable[[], float] = random,
    ) -> None:
        """connect: makes the client. Called in the background: importing requests takes a second on a small box.

        chance: a number from 0 to 1, to keep many Kodis from asking in step.
        """
        self._connect = connect
        self._screen = screen
        self._accounts = accounts
        self._runtime = runtime
        self._log = log
        self._chance = chance
        self._client: Optional[Client] = None
        self._asked_at = 0.0
        self._quiet_until = 0.0
        """Until when Simkl has asked to be left alone (Retry-After)."""
        self._expires_at: Optional[float] = None

    def run(self) -> Outcome:
        """Sign in. Every failure is an Outcome; when this returns, the screen is closed and no request goes on."""
        try:
            while True:
                outcome = self._one_try()
                self._log(f"sign-in: {outcome.end.name}" + (f", {outcome.trouble.value}" if outcome.trouble else ""))
                if outcome.end not in _WORTH_ANOTHER_TRY or not self._screen.ask_again(outcome):
                    return outcome
        finally:
            self._screen.close()
            if self._client:
                self._client.close()

    def _one_try(self) -> Outcome:
        """From a new code to an end."""
        try:
            code = self._get_code()
            access_token = self._wait_for_approval(code)
            self._store(access_token)
            return Outcome(End.SIGNED_IN, user_name=self._get_user_name(access_token))
        except _Ended as ended:
            return Outcome(ended.end)
        except ClientIdRefused:
            return Outcome(End.REFUSED)
        except Unreachable as error:
            return Outcome(End.UNREACHABLE, error.trouble)
        except NotSaved:
            return Outcome(End.NOT_SAVED)
        finally:
            self._expires_at = None

    def _get_code(self) -> Code:
        self._screen.show_contacting()
        if self._client is None:
            self._client = self._await(self._connect)
        code = self._ask(self._client.request_code, CODE_PATIENCE)
        self._expires_at = self._asked_at + code.expires_in
        self._screen.show_code(code)
        return code

    def _wait_for_approval(self, code: Code) -> str:
        """Poll until the code is approved, and return the access token."""
        assert self._client is not None  # _get_code has run
        assert self._expires_at is not None
        client = self._client
        pace = Pace(code.interval, chance=self._chance)
        failure: Optional[Unreachable] = None
        while True:
            next_poll = max(self._runtime.now() + pace.wait(), self._quiet_until)
            if failure and self._quiet_until >= self._expires_at:
                raise failure
            self._wait_until(min(next_poll, self._expires_at))
            if next_poll >= self._expires_at:
                raise failure or _Ended(End.EXPIRED)
            try:
                answer = self._await(lambda: client.poll(code))
            except Unreachable as error:
                self._log(f"poll failed: {error}")
                self._screen.show_trouble(True)
                pace.failed(error)
                failure = error
                continue
            if isinstance(answer, Approved):
                return answer.access_token
            if isinstance(answer, Gone):
                # An approval is delivered once: where the answer before this one was lost, it may have been that.
                raise _Ended(End.ANSWER_LOST if failure else End.EXPIRED)
            self._screen.show_trouble(False)
            pace.answered(answer.slow_down)
            failure = None

    def _store(self, access_token: str) -> None:
        """Store the token before anything else is done: Simkl will not hand it out again."""
        while True:
            try:
                return self._accounts.replace(access_token)
            except NotSaved as error:
                self._log(f"not saved: {error}")
                self._expires_at = None
                if not self._screen.ask_again(Outcome(End.NOT_SAVED)):
                    raise

    def _get_user_name(self, access_token: str) -> str:
        """Fetch and store the name; "" where that fails. The sign-in is already good, so nothing here ends it."""
        assert self._client is not None  # _get_code has run
        client = self._client
        self._expires_at = None
        self._screen.show_approved()
        try:
            user = self._ask(lambda: client.user(access_token), NAME_PATIENCE)
            self._accounts.set_user_name(user.name)
            return user.name
        except (_Ended, SimklError, NotSaved) as error:
            self._log(f"no user name: {error}")
            return ""

    def _ask(self, call: Callable[[], T], patience: float) -> T:
        """One request, sent again while Simkl is too busy for it; patience: seconds after which that is an error."""
        give_up_at = self._runtime.now() + patience
        pace = Pace(FIRST_BREAK, LONGEST_BREAK, self._chance)
        if self._quiet_until > give_up_at:
            raise Unreachable(Trouble.BUSY, "still within Retry-After")
        self._wait_until(self._quiet_until)
        while True:
            try:
                return self._await(call)
            except Unreachable as error:
                pace.failed(error)
                next_try = max(self._runtime.now() + pace.wait(), self._quiet_until)
                if error.trouble is not Trouble.BUSY or next_try > give_up_at:
                    raise
            self._wait_until(next_try)

    def _await(self, call: Callable[[], T]) -> T:
        """Run a call in the background, and look after the screen until it is done.

        Whoever cancels gets no answer, even if there is one. At Kodi's Quit an answer that made it still counts:
        Simkl delivers an approval only once.
        """
        self._asked_at = self._runtime.now()
        request = self._runtime.start(call)
        deadline = self._asked_at + ANSWER_LIMIT
        while not request.done():
            self._look_after_screen()
            if self._runtime.is_shutting_down() or self._runtime.now() >= deadline:
                self._hang_up()
            self._runtime.wait(TICK)
        self._look_after_screen()
        if self._runtime.is_shutting_down() and request.exception():
            raise _Ended(End.SHUTTING_DOWN)
        try:
            return request.result()
        except Unreachable as error:
            if error.retry_after is not None:
                self._quiet_until = self._runtime.now() + spread(error.retry_after, self._chance)
            raise

    def _wait_until(self, moment: float) -> None:
        while True:
            self._look_after_screen()
            if self._runtime.is_shutting_down():
                raise _Ended(End.SHUTTING_DOWN)
            left = moment - self._runtime.now()
            if left <= 0:
                return
            self._runtime.wait(min(TICK, left))

    def _look_after_screen(self) -> None:
        if self._screen.is_cancelled():
            raise _Ended(End.CANCELLED)
        if self._expires_at is not None:
            self._screen.show_time_left(max(0.0, self._expires_at - self._runtime.now()))

    def _hang_up(self) -> None:
        if self._client:
            self._client.hang_up()
