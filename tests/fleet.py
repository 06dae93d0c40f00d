# SPDX-License-Identifier: GPL-2.0-or-later
"""`make fleet`: simulates many Kodis that sign in at the same time, all with one client id.

The shipped auth.sign_in.SignIn runs for each Kodi, on a simulated clock, so that no real time passes. The simulated
Simkl has the limits of the real one: all Kodis with one client id together may send 10 GETs and one POST a second.

Simkl does not say whether the polls of the device flow, which are POSTs before any user is known, count for the client
id, nor when it blocks one. So the device flow is simulated as if they did: see LARGEST_EXCESS.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sys
import threading
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Callable, ContextManager, Iterable, Mapping, TypeVar

from lib.simkl_account.account.journal import Journal
from lib.simkl_account.account.store import AccountStore
from lib.simkl_account.auth.sign_in import SignIn
from lib.simkl_account.errors import ClientIdRefused, Unreachable
from lib.simkl_account.models import Code, Credentials, User
from lib.simkl_account.outcome import Cause, Outcome, SignInResult
from lib.simkl_account.simkl import background
from lib.simkl_account.simkl.client import DEVICE, PIN
from lib.simkl_account.simkl.parsing import BLOCK_DELAY
from lib.simkl_account.simkl.protocol import Approved, CodeInvalid, Pending, PollResult

T = TypeVar("T")

LIMITS = {"GET": 10, "POST": 1}
"""Simkl's limits for a client id, in requests a second (https://api.simkl.org). The PIN flow sends only GETs. The
device flow sends only POSTs until the user is known; after that, Simkl counts for the user."""

LARGEST_EXCESS, BLOCK = 5, 60.0
"""If a second has so many POSTs more than allowed, the client id is blocked for so many seconds, and each POST during
the block begins it anew."""

RETURN_AFTER = (120.0, 300.0)
"""After how many seconds a person tries again who was told that Simkl blocks the client id for a few minutes."""

EXPIRES_IN, INTERVAL = 900.0, 5.0
"""Seconds until a code expires, and seconds between two polls."""

TOO_MANY = Unreachable(Cause.BUSY, "HTTP 429")
BLOCKED = Unreachable(Cause.BUSY, "HTTP 412", BLOCK_DELAY, status=412)


class SimulatedClock:
    """A clock for threads that take turns: one thread runs, until it sleeps or ends, and then the clock moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleeping: list[tuple[float, int, threading.Event]] = []
        self._numbers = itertools.count()
        self._has_paused = threading.Event()
        """Set when the running thread sleeps or has ended."""

    def sleep(self, seconds: float) -> None:
        """Sleep in simulated time while the other threads run. Only the calls that run() has started may call this."""
        wake = threading.Event()
        heapq.heappush(self._sleeping, (self.now + seconds, next(self._numbers), wake))
        self._has_paused.set()
        wake.wait()

    def run(self, calls: list[Callable[[], None]]) -> None:
        """Run each call in a thread, and return when all have ended. Each call has to sleep at least once."""
        threads = [threading.Thread(target=self._run, args=[call], daemon=True) for call in calls]
        for thread in threads:
            self._has_paused.clear()
            thread.start()
            self._has_paused.wait()
        while self._sleeping:
            self.now, _, wake = heapq.heappop(self._sleeping)
            self._has_paused.clear()
            wake.set()
            self._has_paused.wait()

    def _run(self, call: Callable[[], None]) -> None:
        call()
        self._has_paused.set()


@dataclass
class Simkl:
    """The simulated Simkl, which all simulated users share."""

    clock: SimulatedClock
    codes: dict[str, float] = field(default_factory=dict)
    """Each code, and when it expires."""
    requests_by_second: dict[tuple[str, int], int] = field(default_factory=dict)
    """The number of requests by method and second, with the refused ones."""
    requests: int = 0
    refused: int = 0
    blocked_until: float = 0.0

    def admit(self, method: str) -> None:
        """Count a request. Raises TOO_MANY or BLOCKED if the limit does not allow it."""
        second = (method, int(self.clock.now))
        self.requests_by_second[second] = self.requests_by_second.get(second, 0) + 1
        self.requests += 1
        excess = self.requests_by_second[second] - LIMITS[method]
        is_blocked = method == "POST" and self.clock.now < self.blocked_until
        if is_blocked or (method == "POST" and excess >= LARGEST_EXCESS):
            self.blocked_until = self.clock.now + BLOCK
        if is_blocked or excess > 0:
            self.refused += 1
            raise BLOCKED if is_blocked else TOO_MANY


class Person:
    """A simulated user with a phone and a Kodi. It is the client, screen, settings and runtime that SignIn needs."""

    def __init__(self, simkl: Simkl, rng: random.Random, starts_at: float, flow: str) -> None:
        self._simkl, self._clock, self._rng = simkl, simkl.clock, rng
        self.flow = flow
        self._method = "GET" if flow == PIN else "POST"
        self._starts_at = starts_at
        self._settings: dict[str, str] = {}
        self._retries = 0
        self._polled_at: list[float] = []
        self.has_approved = False
        self.code: str | None = None
        self.approves_at = 0.0
        self.signed_in_at: float | None = None
        self.closest_polls = float("inf")
        self.outcome: Outcome | None = None

    def run(self) -> None:
        """Wait until the time to start, and sign in. Try three times at most if the client id is blocked."""
        self._clock.sleep(self._starts_at)
        for _ in range(3):
            sign_in = SignIn(
                lambda: self, self, AccountStore(Journal(self, self, print)), self, lambda line: None, self._rng.random
            )
            self.outcome = sign_in.run()
            if self.outcome.result is not SignInResult.REFUSED:
                return
            self._clock.sleep(self._rng.uniform(*RETURN_AFTER))

    # The client: see auth.sign_in.Client

    def request_code(self) -> Code:
        try:
            self._simkl.admit(self._method)
        except Unreachable as error:
            raise (ClientIdRefused() if error.is_block else error) from None
        self.code = f"C{len(self._simkl.codes)}"
        self._simkl.codes[self.code] = self._clock.now + EXPIRES_IN
        self._polled_at.clear()
        return Code(self.code, "simkl.com/pin", EXPIRES_IN, INTERVAL)

    def poll(self, code: Code) -> PollResult:
        if self._polled_at:
            self.closest_polls = min(self.closest_polls, self._clock.now - self._polled_at[-1])
        self._polled_at.append(self._clock.now)
        self._simkl.admit(self._method)
        if self._simkl.codes[code.user_code] <= self._clock.now:
            return CodeInvalid()
        self._note_approval()
        if self._clock.now < self.approves_at:
            return Pending()
        return Approved(Credentials("a-token", ""))

    def _note_approval(self) -> None:
        self.has_approved = self.has_approved or (self.code is not None and self._clock.now >= self.approves_at)

    def user(self, access_token: str) -> User:
        self.signed_in_at = self._clock.now
        if self.flow == PIN:
            self._simkl.admit("GET")
        return User("Ada")

    def interrupt(self, unless_sent: bool = False) -> None: ...

    # The screen: see auth.ui.Screen

    def show_contacting(self) -> None: ...

    def show_code(self, code: Code) -> None:
        """Choose when the user approves the code: mostly within two minutes, and after ten minutes at the latest."""
        self.approves_at = self._clock.now + min(20 + self._rng.expovariate(1 / 60), 600)

    def show_time_left(self, seconds: float) -> None: ...
    def show_unreachable(self, error: Unreachable | None) -> None: ...
    def show_approved(self) -> None: ...

    def look(self) -> None: ...

    def is_cancelled(self) -> bool:
        return False

    def ask_again(self, outcome: Outcome) -> bool:
        """Try again after 5 seconds, at most twice."""
        self._retries += 1
        self._note_approval()
        self.code = None
        if self._retries > 2:
            return False
        self._clock.sleep(5)
        return True

    def refresh(self, credentials: Credentials) -> Credentials:
        raise AssertionError("a sign-in refreshes nothing")

    def revoke(self, credentials: Credentials) -> None:
        raise AssertionError("there is no older sign-in to revoke")

    def close(self) -> None: ...

    # The settings and their copy: see account.journal

    def get(self, setting: str) -> str:
        return self._settings.get(setting, "")

    def read(self, settings: Iterable[str] = ()) -> dict[str, str]:
        return {setting: self.get(setting) for setting in settings}

    def prepare(self, values: Mapping[str, str]) -> None: ...
    def commit(self) -> None: ...
    def drop(self) -> None: ...

    def set(self, setting: str, value: str) -> None:
        self._settings[setting] = value

    def exclusive(self) -> ContextManager[None]:
        return nullcontext()

    # The runtime: see simkl.background.Runtime

    def now(self) -> float:
        return self._clock.now

    def wait(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    def wait_for(self, answer: Future[Any], seconds: float) -> bool:
        return answer.done()

    def is_shutting_down(self) -> bool:
        return False

    def start(self, call: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass
class Report:
    """The result of a simulation."""

    people: int
    approved: int
    """The people who approved a code in time. The others were told that Simkl is busy, or blocks the client id."""
    signed_in: int
    named: int
    """The people who are signed in and whose name Simkl sent."""
    refused: float
    """The refused requests, as a part of all requests: from 0 to 1."""
    closest_polls: float
    """The shortest time between two polls for one code, in seconds."""
    busiest: int
    """The number of requests of one method in the busiest second."""
    median: float
    slowest: float
    """Seconds from the approval to the sign-in: the median and the maximum."""


def simulate(people: int, within: float, seed: int = 1, flow: str = PIN) -> Report:
    """Simulate so many people, each of whom presses "Sign in" at a random moment within these seconds."""
    background.TICK = 60.0  # nobody sees these screens, so they need no updates
    clock = SimulatedClock()
    simkl = Simkl(clock)
    rng = random.Random(seed)
    fleet = [Person(simkl, random.Random(rng.random()), rng.uniform(0, within), flow) for _ in range(people)]
    clock.run([person.run for person in fleet])
    signed_in = [person for person in fleet if person.outcome and person.outcome.result is SignInResult.SIGNED_IN]
    delays = sorted((person.signed_in_at or 0) - person.approves_at for person in signed_in) or [0.0]
    return Report(
        people=people,
        approved=sum(person.has_approved for person in fleet),
        signed_in=len(signed_in),
        named=sum(1 for person in signed_in if person.outcome and person.outcome.user_name),
        refused=simkl.refused / simkl.requests,
        closest_polls=min(person.closest_polls for person in fleet),
        busiest=max(simkl.requests_by_second.values()),
        median=delays[len(delays) // 2],
        slowest=delays[-1],
    )


def main(sizes: list[int]) -> None:
    """Simulate fleets of these sizes, and print a table for each flow."""
    for flow in (PIN, DEVICE):
        _print_table(flow, sizes)


def _print_table(flow: str, sizes: list[int]) -> None:
    print(f"\nThe {flow} flow\n")
    print("| people in a minute | approved | signed in | refused | closest polls | busiest second | until signed in |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in sizes:
        r = simulate(size, 60, flow=flow)
        print(
            f"| {r.people} | {r.approved} | {r.signed_in} ({r.named} with the name) | {100 * r.refused:.0f} % "
            f"| {r.closest_polls:.2f} s | {r.busiest} | {r.median:.0f} s, at most {r.slowest:.0f} s |",
            flush=True,
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [50, 500, 1000])
