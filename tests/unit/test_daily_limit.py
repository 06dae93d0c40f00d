# SPDX-License-Identifier: GPL-2.0-or-later
"""The time until a daily limit ends."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from lib.simkl_account.simkl.daily_limit import seconds_until_end

HOUR = 3600.0


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        ("2026-01-15T05:00", 24),  # midnight in winter, which is the end of a day and the beginning of the next one
        ("2026-01-15T04:59", 1 / 60),
        ("2026-01-15T18:30", 10.5),
        ("2026-07-15T04:00", 24),  # midnight in summer
        ("2026-07-15T03:00", 1),
        ("2026-07-15T22:00", 6),
        ("2026-03-08T05:00", 23),  # the day on which summer time begins has 23 hours there
        ("2026-03-07T12:00", 17),
        ("2026-03-08T12:00", 16),
        ("2026-11-01T04:00", 25),  # the day on which it ends has 25
        ("2026-10-31T12:00", 16),
        ("2026-11-01T12:00", 17),
        ("2027-03-14T12:00", 16),  # the second Sunday of March 2027
        ("2027-03-10T12:00", 17),  # in 2027, the week that begins before it
        ("2027-11-03T12:00", 16),  # and the days before the first Sunday of November
        ("2022-11-05T12:00", 16),  # November 1, 2022, was a Tuesday
        ("2022-11-07T12:00", 17),
        ("2026-12-31T20:00", 9),
    ],
)
def test_midnight_in_new_york(now: str, hours: float) -> None:
    """Without Retry-After, the limit ends at the next midnight in New York. The times are UTC."""
    moment = datetime.fromisoformat(now).replace(tzinfo=timezone.utc)
    assert seconds_until_end(None, moment) == pytest.approx(hours * HOUR)


def test_retry_after() -> None:
    """Retry-After is taken at its word if it is at most a day."""
    noon = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
    assert seconds_until_end(45000.0, noon) == 45000
    for unusable in (0.0, -5.0, 86401.0, 1e12):
        assert seconds_until_end(unusable, noon) == 17 * HOUR


def test_now() -> None:
    """The device's clock is used, and the limit ends within a day."""
    assert 0 < seconds_until_end(None) <= 25 * HOUR
