# SPDX-License-Identifier: GPL-2.0-or-later
"""Send requests in a background thread, while the calling thread updates the screen and notices Cancel and Kodi's Quit.

It does not import Kodi, HTTP or a clock: the caller provides them.
"""

from __future__ import annotations

from random import random
from typing import TYPE_CHECKING, Any, Callable, Protocol, TypeVar

from ..errors import ClientIdRefused, NotSaved, SignInFailed, Unreachable
from ..models import Code, Credentials, User
from ..outcome import Cause, Outcome, SignInResult
from .backoff import jitter
from .protocol import PollResult

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

TICK = 0.1
"""Seconds between two calls of on_tick. Cancel and Quit are noticed within this time."""

ANSWER_TIMEOUT = 15.0
"""Seconds for a whole answer, however slowly it arrives."""

FIRST_BUSY_DELAY, LONGEST_BUSY_DELAY = 1.0, 8.0
"""Seconds before a request is sent again because Simkl was too busy or had a fault: the first delay and the longest.
Each delay is twice the one before, and longer by up to BUSY_JITTER of it."""

BUSY_JITTER = 1.0

FAULT_TIMEOUT = 20.0
"""Seconds to keep sending a request while Simkl has a fault. The user sees no progress for so long."""


class Client(Protocol):
    """simkl.client.Simkl, or a test's client. Another thread can end its requests."""

    flow: str

    def request_code(self) -> Code: ...
    def poll(self, code: Code) -> PollResult: ...
    def user(self, access_token: str) -> User: ...
    def refresh(self, credentials: Credentials) -> Credentials: ...
    def revoke(self, credentials: Credentials) -> None: ...
    def interrupt(self, unless_sent: bool = False) -> None: ...
    def close(self) -> None: ...


class Runtime(Protocol):
    """Time and threads: Kodi's, or a test's."""

    def now(self) -> float:
        """Return seconds on a clock that never jumps. (The date of a TV box can jump by decades.)"""

    def wait(self, seconds: float) -> None:
        """Wait. Returns early if Kodi quits."""

    def wait_for(self, answer: Future[Any], seconds: float) -> bool:
        """Wait until the answer is there, at most so long, and return True if it is. What the user has pressed by
        then is known."""

    def is_shutting_down(self) -> bool:
        """Return True if Kodi is quitting, or if the add-on was disabled."""

    def start(self, call: Callable[[], T]) -> Future[T]:
        """Run the call in another thread."""


class Stopped(Exception):
    """Raised to leave a sign-in or a check from any depth: the user cancelled, Kodi quits, or the code is used up."""

    def __init__(self, result: SignInResult) -> None:
        super().__init__(result.name)
        self.result = result


def run_to_outcome(attempt: Callable[[], Outcome]) -> Outcome:
    """Run a sign-in or a check, and return its outcome whether it returns or raises."""
    try:
        return attempt()
    except Stopped as stopped:
        return Outcome(stopped.result)
    except ClientIdRefused:
        return Outcome(SignInResult.REFUSED)
    except Unreachable as error:
        is_limit = error.cause in (Cause.USER_LIMIT, Cause.APP_LIMIT)
        seconds_left = error.retry_after or 0.0 if is_limit else 0.0
        return Outcome(SignInResult.UNREACHABLE, error.cause, seconds_left=seconds_left)
    except SignInFailed:
        return Outcome(SignInResult.UNREACHABLE, Cause.BAD_ANSWER)
    except NotSaved:
        return Outcome(SignInResult.NOT_SAVED)


class BackgroundClient:
    """A client whose requests run in a background thread, one at a time."""

    def __init__(
        self,
        connect: Callable[[], Client],
        runtime: Runtime,
        is_cancelled: Callable[[], bool] = lambda: False,
        on_tick: Callable[[], None] = lambda: None,
        random: Callable[[], float] = random,
    ) -> None:
        """Prepare, but send nothing yet.

        connect: makes the client. It runs in the background, because importing requests takes a second on a small box.
        is_cancelled: returns at once whether the user has cancelled. on_tick: called every TICK seconds during every
        wait; it may take as long as Kodi takes to draw a frame.
        random: returns a number from 0 to 1. It keeps many Kodis from sending at the same time.
        """
        self._connect = connect
        self._runtime = runtime
        self._is_cancelled = is_cancelled
        self._on_tick = on_tick
        self.random = random
        self._client: Client | None = None
        self.sent_at = 0.0
        """When the last request was sent, on the runtime's clock."""
        self._pause: Unreachable | None = None
        """Why the next request has to wait."""
        self.not_before = 0.0
        """When the next request may be sent, because of Retry-After, on the runtime's clock."""

    def call_with_retry(self, request: Callable[[Client], T], timeout: float) -> T:
        """Send a request, and send it again while Simkl is too busy or has a passing fault.

        Raises Unreachable after timeout seconds; in the case of a fault, after FAULT_TIMEOUT.
        """
        started = self._runtime.now()
        give_up_at = started + timeout
        delay = FIRST_BUSY_DELAY
        if self._pause and self.not_before > give_up_at:
            raise self._pause
        self.wait_until(self.not_before)
        while True:
            try:
                return self.call(request)
            except Unreachable as error:
                next_try = max(self._runtime.now() + jitter(delay, self.random, BUSY_JITTER), self.not_before)
                delay = min(2 * delay, LONGEST_BUSY_DELAY)
                is_fault = error.is_passing and next_try <= started + FAULT_TIMEOUT
                is_busy = error.cause is Cause.BUSY and next_try <= give_up_at
                if not (is_fault or is_busy):
                    raise
            self.wait_until(next_try)

    def call(
        self, request: Callable[[Client], T], timeout: float = ANSWER_TIMEOUT, timeout_if_sent: float | None = None
    ) -> T:
        """Send a request and return its answer. Raises Unreachable after timeout seconds.

        timeout_if_sent: seconds for the answer once the first byte of the request is sent. From then on, only Kodi's
        Quit ends the request, and the answer is returned even if the user cancels.

        Otherwise, if the user cancels, this raises Stopped even if the answer has arrived. If Kodi quits, an answer
        that has arrived is returned, because Simkl sends an approval only once.
        """
        if self._client is None:
            self._client = self._wait_for(self._connect)
        client = self._client
        try:
            answer = self._wait_for(lambda: request(client), timeout, timeout_if_sent)
            self.not_before = 0.0
            return answer
        except Unreachable as error:
            if error.retry_after is not None:
                self._pause = error
                self.not_before = self._runtime.now() + jitter(error.retry_after, self.random)
            raise

    def wait_until(self, moment: float) -> None:
        """Wait until this time of the runtime's clock, calling on_tick. Raises Stopped."""
        while True:
            self._on_tick()
            self._raise_if_cancelled()
            if self._runtime.is_shutting_down():
                raise Stopped(SignInResult.SHUTTING_DOWN)
            left = moment - self._runtime.now()
            if left <= 0:
                return
            self._runtime.wait(min(TICK, left))

    def wait(self, seconds: float) -> None:
        """Wait these seconds, as wait_until() does."""
        self.wait_until(self._runtime.now() + seconds)

    def finish(self, call: Callable[[], T]) -> T:
        """Run a call in the background, and return its result even if the user cancels or Kodi quits meanwhile."""
        result = self._runtime.start(call)
        while not self._runtime.wait_for(result, TICK):
            self._on_tick()
        return result.result()

    def close(self) -> None:
        """End a request that is under way, and close the client."""
        if self._client:
            self._client.close()

    def _wait_for(
        self, call: Callable[[], T], timeout: float = ANSWER_TIMEOUT, timeout_if_sent: float | None = None
    ) -> T:
        self.sent_at = self._runtime.now()
        answer = self._runtime.start(call)
        while not self._runtime.wait_for(answer, TICK):
            self._on_tick()
            if timeout_if_sent is None:
                self._raise_if_cancelled()
            waited = self._runtime.now() - self.sent_at
            if self._client and (self._runtime.is_shutting_down() or waited >= (timeout_if_sent or timeout)):
                self._client.interrupt()
            elif self._client and (self._is_cancelled() or waited >= timeout):
                self._client.interrupt(unless_sent=True)
        if timeout_if_sent is None or answer.exception():
            self._raise_if_cancelled()
        if answer.exception() and self._runtime.is_shutting_down():
            raise Stopped(SignInResult.SHUTTING_DOWN)
        return answer.result()

    def _raise_if_cancelled(self) -> None:
        if self._is_cancelled():
            raise Stopped(SignInResult.CANCELLED)
