# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests in the background while this thread looks after the screen.

Cancel and Kodi's Quit are noticed within TICK, whatever a request is doing. No Kodi, no HTTP and no clock of its
own: it is given them.
"""

from concurrent import futures
from random import random
from typing import Callable, Generic, Optional, Protocol, TypeVar

from ..errors import ClientIdRefused, FlowFailed, NotSaved, Trouble, Unreachable
from ..outcome import End, Outcome
from .backoff import Pace, spread

T = TypeVar("T")

TICK = 0.1
"""Seconds between two looks at the screen."""

ANSWER_LIMIT = 15.0
"""Seconds that a request may take in all: an answer can also come a byte at a time."""

FIRST_BREAK, LONGEST_BREAK = 1.0, 8.0
"""Seconds between requests that Simkl is too busy for: doubled after each, from the one to the other."""


class Line(Protocol):
    """A client whose requests can be ended from another thread: see simkl.Simkl."""

    def hang_up(self) -> None: ...
    def close(self) -> None: ...


C = TypeVar("C", bound=Line, covariant=True)


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


class Ended(Exception):
    """It is over, wherever it is: cancelled, or Kodi is quitting, or what the story itself finds."""

    def __init__(self, end: End) -> None:
        super().__init__(end.name)
        self.end = end


def outcome_of(story: Callable[[], Outcome]) -> Outcome:
    """How a story ends that asks Simkl: what it returns, or what stopped it."""
    try:
        return story()
    except Ended as ended:
        return Outcome(ended.end)
    except ClientIdRefused:
        return Outcome(End.REFUSED)
    except Unreachable as error:
        return Outcome(End.UNREACHABLE, error.trouble)
    except FlowFailed:
        return Outcome(End.UNREACHABLE, Trouble.BAD_ANSWER)
    except NotSaved:
        return Outcome(End.NOT_SAVED)


class Asking(Generic[C]):
    """One client, and the requests to it."""

    def __init__(
        self,
        connect: Callable[[], C],
        look_after_screen: Callable[[], None],
        runtime: Runtime,
        chance: Callable[[], float] = random,
    ) -> None:
        """connect: makes the client. Called in the background: importing requests takes a second on a small box.

        look_after_screen: called every TICK; raises Ended where the person wants no more of it.
        chance: a number from 0 to 1, to keep many Kodis from asking in step.
        """
        self._connect = connect
        self._look_after_screen = look_after_screen
        self._runtime = runtime
        self._chance = chance
        self._client: Optional[C] = None
        self.asked_at = 0.0
        """When the last request was begun."""
        self.quiet_until = 0.0
        """Until when Simkl has asked to be left alone (Retry-After)."""

    def ask(self, request: Callable[[C], T], patience: float) -> T:
        """Send a request, again while Simkl is too busy for it; patience: seconds after which that is an error."""
        give_up_at = self._runtime.now() + patience
        pace = Pace(FIRST_BREAK, LONGEST_BREAK, self._chance)
        if self.quiet_until > give_up_at:
            raise Unreachable(Trouble.BUSY, "still within Retry-After")
        self.wait_until(self.quiet_until)
        while True:
            try:
                return self.ask_once(request)
            except Unreachable as error:
                pace.failed(error)
                next_try = max(self._runtime.now() + pace.wait(), self.quiet_until)
                if error.trouble is not Trouble.BUSY or next_try > give_up_at:
                    raise
            self.wait_until(next_try)

    def ask_once(self, request: Callable[[C], T], limit: float = ANSWER_LIMIT) -> T:
        """Send a request, and look after the screen until there is an answer, or none within limit seconds.

        Whoever cancels gets no answer, even if there is one. At Kodi's Quit an answer that made it still counts:
        Simkl delivers an approval only once.
        """
        if self._client is None:
            self._client = self._await(self._connect)
        client = self._client
        try:
            return self._await(lambda: request(client), limit)
        except Unreachable as error:
            if error.retry_after is not None:
                self.quiet_until = self._runtime.now() + spread(error.retry_after, self._chance)
            raise

    def wait_until(self, moment: float) -> None:
        """Look after the screen until then."""
        while True:
            self._look_after_screen()
            if self._runtime.is_shutting_down():
                raise Ended(End.SHUTTING_DOWN)
            left = moment - self._runtime.now()
            if left <= 0:
                return
            self._runtime.wait(min(TICK, left))

    def pause(self, seconds: float) -> None:
        """Look after the screen for so long."""
        self.wait_until(self._runtime.now() + seconds)

    def close(self) -> None:
        """No request goes on after this."""
        if self._client:
            self._client.close()

    def _await(self, call: Callable[[], T], limit: float = ANSWER_LIMIT) -> T:
        self.asked_at = self._runtime.now()
        request = self._runtime.start(call)
        deadline = self.asked_at + limit
        while not request.done():
            self._look_after_screen()
            if self._client and (self._runtime.is_shutting_down() or self._runtime.now() >= deadline):
                self._client.hang_up()
            self._runtime.wait(TICK)
        self._look_after_screen()
        if self._runtime.is_shutting_down() and request.exception():
            raise Ended(End.SHUTTING_DOWN)
        return request.result()
