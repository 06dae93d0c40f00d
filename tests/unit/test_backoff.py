# SPDX-License-Identifier: GPL-2.0-or-later
"""The delay between two requests: after an answer, after "too many requests", and after other failures."""

from __future__ import annotations

import pytest

from lib.simkl_account.errors import Unreachable
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.backoff import Backoff, jitter

BUSY = Unreachable(Cause.BUSY)
NO_ANSWER = Unreachable(Cause.NO_ANSWER)


def make_backoff(interval: float = 5, random: float = 0) -> Backoff:
    """Return a Backoff whose random number is always the same: 0 for no jitter, 1 for the most."""
    return Backoff(interval, lambda: random)


def test_interval() -> None:
    """Without a failure, the delay is the interval, and up to a tenth more."""
    assert make_backoff().next_delay() == 5
    assert make_backoff(random=1).next_delay() == 5.5


def test_slow_down() -> None:
    """After "Slow down", the interval is 5 seconds longer, and later answers do not shorten it."""
    backoff = make_backoff()
    backoff.succeeded(slow_down=True)
    backoff.succeeded()
    assert backoff.next_delay() == 10


def test_busy() -> None:
    """Each "too many requests" doubles the interval, up to a minute, and later answers do not shorten it."""
    backoff = make_backoff()
    delays = []
    for _ in range(5):
        backoff.failed(BUSY)
        delays.append(backoff.next_delay())
    assert delays == [10, 20, 40, 60, 60]
    backoff.succeeded()
    assert backoff.next_delay() == 60


def test_longest_interval() -> None:
    """The interval is a minute at most, also if twice the interval is longer."""
    backoff = Backoff(40, random=lambda: 0)
    backoff.failed(BUSY)
    assert backoff.next_delay() == 60


def test_interval_above_longest() -> None:
    """If the interval is longer than the longest interval, "too many requests" does not shorten it."""
    backoff = make_backoff(100)
    backoff.failed(BUSY)
    assert backoff.next_delay() == 100


def test_failures() -> None:
    """While requests fail, the delay grows to 30 seconds; after an answer, it is the interval again."""
    backoff = make_backoff()
    delays = []
    for _ in range(5):
        backoff.failed(NO_ANSWER)
        delays.append(backoff.next_delay())
    assert delays == [5, 10, 20, 30, 30]
    backoff.succeeded()
    assert backoff.next_delay() == 5
    for expected in (5, 10):
        backoff.failed(NO_ANSWER)
        assert backoff.next_delay() == expected


def test_failures_with_short_interval() -> None:
    """With an interval of one second, the delay doubles at each failure after the first, up to 30 seconds."""
    backoff = make_backoff(1)
    delays = []
    for _ in range(7):
        backoff.failed(NO_ANSWER)
        delays.append(backoff.next_delay())
    assert delays == [1, 2, 4, 8, 16, 30, 30]


def test_failures_with_long_interval() -> None:
    """If the interval is longer than 30 seconds, failures do not shorten the delay."""
    backoff = make_backoff(45)
    backoff.failed(NO_ANSWER)
    backoff.failed(NO_ANSWER)
    assert backoff.next_delay() == 45


@pytest.mark.parametrize("error", [BUSY, NO_ANSWER])
def test_jitter_after_failure(error: Unreachable) -> None:
    """After a failure, the delay is longer by up to half."""
    longest, shortest = make_backoff(random=1), make_backoff()
    longest.failed(error)
    shortest.failed(error)
    assert longest.next_delay() == 1.5 * shortest.next_delay()


def test_jitter() -> None:
    """The random number decides by how much of the half a wait is longer."""
    assert (jitter(10, lambda: 0), jitter(10, lambda: 1), jitter(10, lambda: 0.5)) == (10, 15, 12.5)
