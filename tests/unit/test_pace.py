# SPDX-License-Identifier: GPL-2.0-or-later
"""How long Simkl is left alone."""

import pytest

from lib.simkl_account.errors import Trouble, Unreachable
from lib.simkl_account.simkl.backoff import Pace, spread

BUSY = Unreachable(Trouble.BUSY)
SILENT = Unreachable(Trouble.NO_ANSWER)


def pace(interval: float = 5, longest: float = 60, chance: float = 0) -> Pace:
    return Pace(interval, longest, lambda: chance)


def test_the_interval() -> None:
    assert pace().wait() == 5
    assert pace(chance=1).wait() == 5.5


def test_slow_down_adds_five_seconds_for_good() -> None:
    slow = pace()
    slow.answered(slow_down=True)
    slow.answered()
    assert slow.wait() == 10


def test_too_many_doubles_the_interval_for_good_up_to_a_minute() -> None:
    busy = pace()
    waits = []
    for _ in range(5):
        busy.failed(BUSY)
        waits.append(busy.wait())
    assert waits == [10, 20, 40, 60, 60]
    busy.answered()
    assert busy.wait() == 60


def test_the_longest_interval_is_a_minute() -> None:
    busy = Pace(40, chance=lambda: 0)
    busy.failed(BUSY)
    assert busy.wait() == 60


def test_an_interval_beyond_the_longest_does_not_shrink() -> None:
    busy = pace(100)
    busy.failed(BUSY)
    assert busy.wait() == 100


def test_failures_make_breaks_that_end_with_the_next_answer() -> None:
    failing = pace()
    waits = []
    for _ in range(5):
        failing.failed(SILENT)
        waits.append(failing.wait())
    assert waits == [5, 10, 20, 30, 30]
    failing.answered()
    assert failing.wait() == 5
    for expected in (5, 10):
        failing.failed(SILENT)
        assert failing.wait() == expected


def test_breaks_double() -> None:
    failing = pace(1)
    waits = []
    for _ in range(7):
        failing.failed(SILENT)
        waits.append(failing.wait())
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_a_break_is_never_shorter_than_the_interval() -> None:
    failing = pace(45)
    failing.failed(SILENT)
    failing.failed(SILENT)
    assert failing.wait() == 45


@pytest.mark.parametrize("error", [BUSY, SILENT])
def test_after_a_failure_waits_are_spread_by_half(error: Unreachable) -> None:
    failing = pace(chance=1)
    failing.failed(error)
    before = pace()
    before.failed(error)
    assert failing.wait() == 1.5 * before.wait()


def test_spread() -> None:
    assert (spread(10, lambda: 0), spread(10, lambda: 1), spread(10, lambda: 0.5)) == (10, 15, 12.5)
