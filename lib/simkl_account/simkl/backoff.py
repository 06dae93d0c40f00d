# SPDX-License-Identifier: GPL-2.0-or-later
"""Say how long to wait between two requests.

All users of a client id share 10 GETs and one POST a second, so a Kodi that is refused must come back later, and not at
the same moment as the others. tests/fleet.py simulates what these numbers do to hundreds of users.
"""

from __future__ import annotations

from random import random
from typing import Callable

from ..errors import Unreachable
from ..outcome import Cause

SLOW_DOWN = 5.0
"""Seconds that "Slow down" adds to the interval for good (RFC 8628, 3.5)."""

LONGEST_RETRY_DELAY = 30.0
"""Seconds between two tries while Simkl cannot be reached. The network may be back at any time."""

LONGEST_INTERVAL = 60.0
"""Seconds to which "too many requests" can raise the interval. A longer one would not help: a refusal costs Simkl
next to nothing, and a Kodi that polls less often may miss the end of the code's life."""

RETRY_JITTER = 0.5
"""The share by which a wait after a failure may be longer, so that many Kodis that failed together do not return
together."""

POLL_JITTER = 0.1
"""The same share for a wait without a failure. If Simkl counts requests by the second, a poll that always comes at the
same point of the second is always accepted or always refused; jitter moves it."""


class Backoff:
    """The waits between the requests of one kind. The interval only grows (RFC 8628, 3.5)."""

    def __init__(self, interval: float, random: Callable[[], float] = random) -> None:
        """interval: seconds. random: returns a number from 0 to 1."""
        self.interval = interval
        """The shortest time between two requests, in seconds."""
        self._random = random
        self._has_failed = False
        self._failures = 0
        """Failures in a row, without the refusals of too many requests."""

    def succeeded(self, slow_down: bool = False) -> None:
        """Note that a request was answered. slow_down: the answer was "Slow down"."""
        self._has_failed = False
        self._failures = 0
        if slow_down:
            self.interval += SLOW_DOWN

    def failed(self, error: Unreachable) -> None:
        """Note that a request was not answered, or was refused as one of too many."""
        self._has_failed = True
        if error.cause is Cause.BUSY:
            self.interval = max(self.interval, min(2 * self.interval, LONGEST_INTERVAL))
        else:
            self._failures += 1

    def next_delay(self) -> float:
        """Return the seconds to wait before the next request: the interval, and more after failures."""
        growing = self.interval * 2 ** max(0, self._failures - 1)
        seconds = max(self.interval, min(growing, LONGEST_RETRY_DELAY))
        return jitter(seconds, self._random, RETRY_JITTER if self._has_failed else POLL_JITTER)


def jitter(seconds: float, random: Callable[[], float], share: float = RETRY_JITTER) -> float:
    """Return the seconds plus a random part of them, at most this share."""
    return seconds * (1 + share * random())
