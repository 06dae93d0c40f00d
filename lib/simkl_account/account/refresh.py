# SPDX-License-Identifier: GPL-2.0-or-later
"""Refresh the access token: shortly before it expires, or after Simkl refused it.

Simkl ends the old access token at once, so only one interpreter of this Kodi refreshes at a time, and the others use
its result. The refresh token stays the same, so a refresh whose answer was lost can be sent again.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from time import time
from typing import Callable, Iterator, Protocol

from ..errors import ClientIdRefused, NotSaved, RefreshRefused, SignInNeeded, SimklError, Unreachable
from ..models import Credentials
from ..outcome import Cause
from ..simkl.background import TICK, BackgroundClient, Runtime
from ..simkl.backoff import jitter
from ..simkl.device_flow import REFRESH_READ_TIMEOUT
from .store import AccountStore

REFRESH_MARGIN = 86400.0
"""Seconds before its expiry at which an access token is refreshed; half of its life if that is less."""

LOCK_TIMEOUT = 20.0
"""Seconds to wait for the refresh of another interpreter."""

SEND_TIMEOUT = 8.0
"""Seconds in which the first byte of the refresh has to be sent. Then it is not given up: Simkl may have ended the old
token."""

RETRY_DELAY = 1.0
"""Seconds before the second try; up to twice as long, so that many Kodis do not return together."""

SHORTEST_COOLDOWN, LONGEST_COOLDOWN = 10.0, 3600.0
"""The shortest and the longest wait after a failed refresh, in seconds. Between them, Retry-After decides."""


class Lock(Protocol):
    """A lock that all interpreters of this Kodi share: see kodi/lock.py."""

    def acquire(self) -> bool: ...
    def release(self) -> None: ...


class Cooldown(Protocol):
    """A pause that all interpreters of this Kodi share: see kodi/cooldown.py."""

    def was_started(self) -> bool: ...
    def is_over(self) -> bool: ...
    def start(self, seconds: float) -> None: ...
    def clear(self) -> None: ...


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
    cooldown: Cooldown,
) -> Credentials:
    """Refresh the credentials, store the new ones and return them. If others are stored by now, return those.

    cooldown: started if the refresh fails. Nothing is sent while it runs.
    Raises SignInNeeded if the grant has ended or the client id is refused; Stopped; and another SimklError if it failed
    this time.
    """
    with _held(lock, simkl, runtime):
        stored = accounts.credentials()
        if not stored:
            raise SignInNeeded("signed out")
        if stored.access_token != credentials.access_token or not stored.refresh_token:
            return stored
        if not cooldown.is_over():
            raise Unreachable(Cause.NO_ANSWER, "the last refresh has just failed")
        try:
            accounts.set_refreshed(stored, _send(simkl, stored, runtime))
        except (RefreshRefused, ClientIdRefused) as error:
            with suppress(NotSaved):  # the next refresh finds it out again
                accounts.set_needs_sign_in(stored, isinstance(error, ClientIdRefused))
            newer = accounts.credentials()
            if newer and newer.access_token != stored.access_token:
                return newer  # the user has signed in again, which ends the old grant
            raise SignInNeeded(f"refused at a refresh: {type(error).__name__}") from None
        except SimklError as error:
            wanted = error.retry_after or 0.0 if isinstance(error, Unreachable) else 0.0
            cooldown.start(min(max(SHORTEST_COOLDOWN, wanted), LONGEST_COOLDOWN))
            raise
        refreshed = accounts.credentials()
        if not refreshed:
            raise SignInNeeded("signed out")
        return refreshed


@contextmanager
def _held(lock: Lock, simkl: BackgroundClient, runtime: Runtime) -> Iterator[None]:
    """Hold the lock. Raises Unreachable after LOCK_TIMEOUT: two refreshes would end each other's token."""
    give_up_at = runtime.now() + LOCK_TIMEOUT
    while not lock.acquire():
        if runtime.now() >= give_up_at:
            raise Unreachable(Cause.NO_ANSWER, "another interpreter is still refreshing")
        simkl.wait(TICK)
    try:
        yield
    finally:
        lock.release()


def _send(simkl: BackgroundClient, credentials: Credentials, runtime: Runtime) -> Credentials:
    """Send the refresh. Send it again if the connection failed or there were too many requests.

    It is not sent again if Simkl asks for a pause, or if waiting for the first answer has taken long.
    """
    started = runtime.now()

    def send() -> Credentials:
        return simkl.call(lambda client: client.refresh(credentials), SEND_TIMEOUT, SEND_TIMEOUT + REFRESH_READ_TIMEOUT)

    try:
        return send()
    except Unreachable as error:
        if error.retry_after or runtime.now() - started >= SEND_TIMEOUT:
            raise
    simkl.wait(jitter(RETRY_DELAY, simkl.random, 1.0))
    return send()
