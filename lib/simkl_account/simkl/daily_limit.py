# SPDX-License-Identifier: GPL-2.0-or-later
"""Simkl's limits for a day, which end at midnight in New York: https://api.simkl.org, "Rate limits"."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from ..outcome import Cause

LIMITS = {"user_limit_exceeded": Cause.USER_LIMIT, "app_limit_exceeded": Cause.APP_LIMIT}
"""The causes by the error of a 429: the user's day in the device flow, the client id's day in the PIN flow."""

_DAY = 86400.0


def seconds_until_end(retry_after: float | None, now: datetime | None = None) -> float:
    """Return the seconds until the limit ends: Retry-After, or else the time until midnight in New York."""
    if retry_after is not None and 0 < retry_after <= _DAY:
        return retry_after
    now = now or datetime.now(timezone.utc)
    midnights = (_midnight_in_new_york(now.date() + timedelta(days=days)) for days in (0, 1))
    return next((midnight - now).total_seconds() for midnight in midnights if midnight > now)


def _midnight_in_new_york(day: date) -> datetime:
    """Return the moment at which a day begins there. Python 3.8 has no zoneinfo, so the rule of 2007 is written out:
    summer time is from the second Sunday in March to the first Sunday in November."""
    begin, end = (_next_sunday(date(day.year, month, first)) for month, first in ((3, 8), (11, 1)))
    return datetime(day.year, day.month, day.day, 4 if begin < day <= end else 5, tzinfo=timezone.utc)


def _next_sunday(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())
