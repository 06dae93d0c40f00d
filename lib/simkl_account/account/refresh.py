# SPDX-License-Identifier: GPL-2.0-or-later
"""Refresh the access token: shortly before it expires, or after Simkl refused it.

Simkl ends the old access token at once, so only one interpreter of this Kodi refreshes at a time, and the others use
its result. The refresh token stays the same, so a refresh whose answer was lost can be sent again.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from time import time
from typing import Callable, Iterator, Protocol

from ..errors import NotSaved, RefreshRefused, SignInNeeded, Unreachable
from ..models import Credentials
from ..outcome import Cause
from ..simkl.background import TICK, BackgroundClient, Runtime
from .store import AccountStore

REFRESH_MARGIN = 86400.0
"""Seconds before its expiry at which an access token is refreshed; half of its life if that is less."""

LOCK_TIMEOUT = 20.0
"""Seconds to wait for the refresh of another interpreter."""

ANSWER_TIMEOUTS = (8.0, 6.0)
"""Seconds for the first answer and for that of the second try. Their sum is less than LOCK_TIMEOUT."""

RETRY_DELAY = 1.0
"""Seconds before the second try."""


class Lock(Protocol):
    """A lock that all interpreters of this Kodi share: see kodi/lock.py."""

    def acquire(self) -> bool: ...
    def release(self) -> None: ...


def is_due(credentials: Credentials, now: Callable[[], float] = time) -> bool:
    """Return True if the access token expires soon, by this device's clock."""
    life = credentials.expires_at - credentials.issued_at
    margin = min(REFRESH_MARGIN, life / 2)
    return bool(credentials.refresh_token) and life > 0 and now() >= credentials.expires_at - margin


def refresh(
    simkl: BackgroundClient,
    credentials: Credentials,
    accounts: AccountStore,
    runtime: Runtime,
    lock: Lock,
    log: Callable[[str], None],
) -> Credentials:
    """Refresh the credentials, store the new ones and return them. If others are stored by now, return those.

    Raises SignInNeeded if the grant has ended; Stopped; and another SimklError or NotSaved if it failed this time.
    """
    with _held(lock, simkl, runtime):
        stored = accounts.credentials()
        if not stored:
            raise SignInNeeded("signed out")
        if stored.access_token != credentials.access_token or not stored.refresh_token:
            return stored
        try:
            new = _send(simkl, stored)
        except RefreshRefused:
            log("refresh: the grant has ended")
            with suppress(NotSaved):  # the next refresh finds it out again
                accounts.set_needs_sign_in(stored)
            raise SignInNeeded("the sign-in is no longer valid") from None
        accounts.set_refreshed(stored, new)
        return accounts.valid_credentials()


@contextmanager
def _held(lock: Lock, simkl: BackgroundClient, runtime: Runtime) -> Iterator[None]:
    """Hold the lock. After LOCK_TIMEOUT, go on without it."""
    give_up_at = runtime.now() + LOCK_TIMEOUT
    while not lock.acquire() and runtime.now() < give_up_at:
        simkl.wait(TICK)
    try:
        yield
    finally:
        lock.release()


def _send(simkl: BackgroundClient, credentials: Credentials) -> Credentials:
    """Send the refresh, twice if the first answer is lost: the old access token may have ended by then."""
    try:
        return simkl.call(lambda client: client.refresh(credentials), ANSWER_TIMEOUTS[0])
    except Unreachable as error:
        if error.cause in (Cause.BUSY, Cause.QUOTA):
            raise
    simkl.wait(RETRY_DELAY)
    return simkl.call(lambda client: client.refresh(credentials), ANSWER_TIMEOUTS[1])
