# SPDX-License-Identifier: GPL-2.0-or-later
"""How long to leave Simkl alone between two requests.

Everybody who uses one client id shares 10 requests a second, so who is told "too many" must come back later, and
not all at the same moment. tests/fleet.py shows what these numbers do to hundreds of people.
"""

from random import random
from typing import Callable

from .errors import Trouble, Unreachable

SLOW_DOWN = 5.0
"""Seconds that "Slow down" adds to the interval, for good (RFC 8628, 3.5)."""

LONGEST_BREAK = 30.0
"""Seconds between tries when Simkl cannot be reached: the network may be back at any time."""

SPREAD = 0.5
"""The share of a wait after a failure by which it may be longer, so that many who failed at once come back apart."""


class Pace:
    """The pace of one row of requests. It can only become slower."""

    def __init__(self, interval: float, chance: Callable[[], float] = random) -> None:
        """interval: seconds. chance: a number from 0 to 1."""
        self._interval = interval
        self._failures = 0
        self._chance = chance

    def answered(self, slow_down: bool = False) -> None:
        """A request was answered; slow_down: with the words "Slow down"."""
        self._failures = 0
        if slow_down:
            self._interval += SLOW_DOWN

    def failed(self, error: Unreachable) -> None:
        """A request was not answered, or refused because there are too many."""
        self._failures += 1
        if error.trouble is Trouble.BUSY:
            self._interval *= 2

    def wait(self) -> float:
        """Seconds to leave before the next request: the interval, and more after failures (RFC 8628, 3.5)."""
        if not self._failures:
            return self._interval
        growing = self._interval * 2 ** (self._failures - 1)
        return spread(max(self._interval, min(growing, LONGEST_BREAK)), self._chance)


def spread(seconds: float, chance: Callable[[], float]) -> float:
    """A wait after a failure: at least this long, and for everybody another."""
    return seconds * (1 + SPREAD * chance())
