# SPDX-License-Identifier: GPL-2.0-or-later
"""How long to leave Simkl alone between two requests.

Everybody who uses one client id shares 10 requests a second, so who is told "too many" must come back later, and
not all at the same moment. tests/fleet.py shows what these numbers do to hundreds of people.
"""

from random import random
from typing import Callable

from ..errors import Trouble, Unreachable

SLOW_DOWN = 5.0
"""Seconds that "Slow down" adds to the interval, for good (RFC 8628, 3.5)."""

LONGEST_BREAK = 30.0
"""Seconds between tries when Simkl cannot be reached: the network may be back at any time."""

LONGEST_INTERVAL = 60.0
"""Seconds to which "too many" stretches an interval. More would not help: a refusal costs Simkl next to nothing, and
whoever asks less often than this may miss the end of the code's life."""

SPREAD = 0.5
"""The share of a wait after a failure by which it may be longer, so that many who failed at once come back apart."""

DRIFT = 0.1
"""The same without a failure. Where a limit counts by the second, a poll that stays at the same place in the second
always wins or always loses."""


class Pace:
    """The pace of one row of requests. Its interval only grows."""

    def __init__(
        self, interval: float, longest_interval: float = LONGEST_INTERVAL, chance: Callable[[], float] = random
    ) -> None:
        """interval, longest_interval: seconds. chance: a number from 0 to 1."""
        self._interval = interval
        self._longest_interval = longest_interval
        self._chance = chance
        self._has_failed = False
        self._failures = 0
        """In a row, refusals for being too many not counted."""

    def answered(self, slow_down: bool = False) -> None:
        """A request was answered; slow_down: with the words "Slow down"."""
        self._has_failed = False
        self._failures = 0
        if slow_down:
            self._interval += SLOW_DOWN

    def failed(self, error: Unreachable) -> None:
        """A request was not answered, or refused because there are too many."""
        self._has_failed = True
        if error.trouble is Trouble.BUSY:
            self._interval = max(self._interval, min(2 * self._interval, self._longest_interval))
        else:
            self._failures += 1

    def wait(self) -> float:
        """Seconds to leave before the next request: the interval, and more after failures (RFC 8628, 3.5)."""
        growing = self._interval * 2 ** max(0, self._failures - 1)
        seconds = max(self._interval, min(growing, LONGEST_BREAK))
        return spread(seconds, self._chance, SPREAD if self._has_failed else DRIFT)


def spread(seconds: float, chance: Callable[[], float], share: float = SPREAD) -> float:
    """A wait of at least so many seconds, for everybody another: longer by up to the share."""
    return seconds * (1 + share * chance())
