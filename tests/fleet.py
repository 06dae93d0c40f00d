# SPDX-License-Identifier: GPL-2.0-or-later
"""A fleet of Kodis that sign in at the same time, all with one client id: `make fleet`.

The real auth.py runs for each of them, on a simulated clock and against a Simkl that allows what the real one does:
10 GETs and 1 POST a second for a client id, whoever sends them. Nothing here takes real time.
"""

import heapq
import itertools
import random
import sys
import threading
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Callable, ContextManager, Dict, List, Optional, Tuple, TypeVar

from lib.simkl_account.account.store import AccountStore, Grant
from lib.simkl_account.auth.sign_in import SignIn
from lib.simkl_account.errors import Trouble, Unreachable
from lib.simkl_account.outcome import End, Outcome
from lib.simkl_account.simkl import background as asking
from lib.simkl_account.simkl.client import User
from lib.simkl_account.simkl.protocol import Approved, Code, Gone, Pending, Poll

T = TypeVar("T")

GETS, POSTS = 10, 1
"""A second, for a client id (https://api.simkl.org)."""

EXPIRES_IN, INTERVAL = 900.0, 5.0

TOO_MANY = Unreachable(Trouble.BUSY, "HTTP 429", retry_after=1.0)


class World:
    """Simulated time, in which one person at a time does something."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: List[Tuple[float, int, threading.Event]] = []
        self._order = itertools.count()
        self._turn = threading.Event()

    def sleep(self, seconds: float) -> None:
        """For a person's thread: let the others go on until then."""
        wake = threading.Event()
        heapq.heappush(self._queue, (self.now + seconds, next(self._order), wake))
        self._turn.set()
        wake.wait()

    def run(self, people: List[Callable[[], None]]) -> None:
        """Let everybody live, each from the first sleep() on, until all are done."""
        threads = [threading.Thread(target=self._live, args=[person], daemon=True) for person in people]
        for thread in threads:
            self._turn.clear()
            thread.start()
            self._turn.wait()
        while self._queue:
            self.now, _, wake = heapq.heappop(self._queue)
            self._turn.clear()
            wake.set()
            self._turn.wait()

    def _live(self, person: Callable[[], None]) -> None:
        person()
        self._turn.set()


@dataclass
class Simkl:
    """What all of them share."""

    world: World
    codes: Dict[str, float] = field(default_factory=dict)
    """When each expires."""
    approved: Dict[str, bool] = field(default_factory=dict)
    seconds: Dict[Tuple[str, int], int] = field(default_factory=dict)
    """Requests by method and second, refused ones included."""
    asked: int = 0
    refused: int = 0

    def admit(self, method: str, limit: int) -> None:
        """Count a request; raises when there were too many in this second."""
        second = (method, int(self.world.now))
        self.seconds[second] = self.seconds.get(second, 0) + 1
        self.asked += 1
        if self.seconds[second] > limit:
            self.refused += 1
            raise TOO_MANY


class Person:
    """A person, their phone, their TV and its Kodi: also the client, the screen, the settings and the runtime of it."""

    def __init__(self, simkl: Simkl, chance: random.Random, starts_at: float) -> None:
        self._simkl, self._world, self._chance = simkl, simkl.world, chance
        self._starts_at = starts_at
        self._settings: Dict[str, str] = {}
        self._tries = 0
        self._polled_at: List[float] = []
        self.has_approved = False
        self.code: Optional[str] = None
        self.approves_at = 0.0
        self.approved_at: Optional[float] = None
        self.signed_in_at: Optional[float] = None
        self.closest_polls = float("inf")
        self.outcome: Optional[Outcome] = None

    def live(self) -> None:
        """Press Sign in at some time, and see it through."""
        self._world.sleep(self._starts_at)
        sign_in = SignIn(lambda: self, self, AccountStore(self), self, lambda line: None, self._chance.random)
        self.outcome = sign_in.run()

    # The client

    def request_code(self) -> Code:
        self._simkl.admit("GET", GETS)
        self.code = f"C{len(self._simkl.codes)}"
        self._simkl.codes[self.code] = self._world.now + EXPIRES_IN
        self._polled_at.clear()
        return Code(self.code, "simkl.com/pin", EXPIRES_IN, INTERVAL)

    def poll(self, code: Code) -> Poll:
        if self._polled_at:
            self.closest_polls = min(self.closest_polls, self._world.now - self._polled_at[-1])
        self._polled_at.append(self._world.now)
        self._simkl.admit("GET", GETS)
        if self._simkl.codes[code.user_code] <= self._world.now:
            return Gone()
        self._look_at_the_screen()
        if self._world.now < self.approves_at:
            return Pending()
        return Approved(Grant("a-token", ""))

    def _look_at_the_screen(self) -> None:
        self.has_approved = self.has_approved or (self.code is not None and self._world.now >= self.approves_at)

    def user(self, access_token: str) -> User:
        self.signed_in_at = self._world.now
        self._simkl.admit("POST", POSTS)
        return User("Ada")

    def hang_up(self) -> None: ...

    # The screen

    def show_contacting(self) -> None: ...

    def show_code(self, code: Code) -> None:
        """Most people type it within a minute or two; some go looking for their phone."""
        self.approves_at = self._world.now + min(20 + self._chance.expovariate(1 / 60), 600)

    def show_time_left(self, seconds: float) -> None: ...
    def show_trouble(self, trouble: bool) -> None: ...
    def show_approved(self) -> None: ...

    def is_cancelled(self) -> bool:
        return False

    def ask_again(self, outcome: Outcome) -> bool:
        """They try twice more."""
        self._tries += 1
        self._look_at_the_screen()
        self.code = None
        if self._tries > 2:
            return False
        self._world.sleep(5)
        return True

    def close(self) -> None: ...

    # The settings

    def get(self, setting: str) -> str:
        return self._settings.get(setting, "")

    def set(self, setting: str, value: str) -> None:
        self._settings[setting] = value

    def alone(self) -> ContextManager[None]:
        return nullcontext()

    # The runtime

    def now(self) -> float:
        return self._world.now

    def wait(self, seconds: float) -> None:
        self._world.sleep(seconds)

    def is_shutting_down(self) -> bool:
        return False

    def start(self, call: Callable[[], T]) -> "Future[T]":
        future: "Future[T]" = Future()
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass
class Report:
    """What became of a fleet."""

    people: int
    approved: int
    """Who typed a code while it was good. The others were told that too many are signing in."""
    signed_in: int
    named: int
    """Of those, with the name fetched at once."""
    refused: float
    """The share of all requests."""
    closest_polls: float
    """Seconds between two polls for one code, at the least."""
    busiest: int
    """Requests in the busiest second."""
    median: float
    slowest: float
    """Seconds from the approval to the sign-in."""


def simulate(people: int, within: float, seed: int = 1) -> Report:
    """So many people press Sign in at random moments within so many seconds."""
    asking.TICK = 60.0  # nobody looks at these screens
    world = World()
    simkl = Simkl(world)
    chance = random.Random(seed)
    fleet = [Person(simkl, random.Random(chance.random()), chance.uniform(0, within)) for _ in range(people)]
    world.run([person.live for person in fleet])
    signed_in = [person for person in fleet if person.outcome and person.outcome.end is End.SIGNED_IN]
    delays = sorted((person.signed_in_at or 0) - person.approves_at for person in signed_in) or [0.0]
    return Report(
        people=people,
        approved=sum(person.has_approved for person in fleet),
        signed_in=len(signed_in),
        named=sum(1 for person in signed_in if person.outcome and person.outcome.user_name),
        refused=simkl.refused / simkl.asked,
        closest_polls=min(person.closest_polls for person in fleet),
        busiest=max(simkl.seconds.values()),
        median=delays[len(delays) // 2],
        slowest=delays[-1],
    )


def main(sizes: List[int]) -> None:
    """Print what becomes of fleets of these sizes."""
    print("| people in a minute | approved | signed in | refused | closest polls | busiest second | until signed in |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in sizes:
        r = simulate(size, 60)
        print(
            f"| {r.people} | {r.approved} | {r.signed_in} ({r.named} with the name) | {100 * r.refused:.0f} % "
            f"| {r.closest_polls:.2f} s | {r.busiest} | {r.median:.0f} s, at most {r.slowest:.0f} s |",
            flush=True,
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [50, 500, 1000])
