# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeping a grant good: a new access token ahead of its end, or after Simkl has refused it.

A refresh kills the access token before it at once, so it is one at a time in this Kodi; whoever waited uses what
the other one got. The refresh token stays the same, so a refresh whose answer was lost can be tried again.
"""

from time import time
from typing import Callable, Protocol

from ..errors import GrantRefused, NotSaved, SignInNeeded, Trouble, Unreachable
from ..simkl.background import TICK, Asking, Line, Runtime
from .store import AccountStore, Grant

AHEAD = 86400.0
"""Seconds before its end at which an access token is exchanged: or half of its life, where that is less."""

LOCK_PATIENCE = 20.0
"""Seconds to wait for another one's refresh."""

LIMITS = (8.0, 6.0)
"""Seconds for the answer, and for that of a second try: in all less than others wait."""


class Client(Line, Protocol):
    """What a refresh asks of Simkl: see simkl.Simkl."""

    def refresh(self, grant: Grant) -> Grant: ...


class Lock(Protocol):
    """One at a time in this Kodi: see kodi/lock.py."""

    def acquire(self) -> bool: ...
    def release(self) -> None: ...


def is_due(grant: Grant, now: Callable[[], float] = time) -> bool:
    """Whether the access token is near its end, as far as this device's clock can tell."""
    life = grant.expires_at - grant.issued_at
    return bool(grant.refresh_token) and life > 0 and now() >= grant.expires_at - min(AHEAD, life / 2)


def refresh(
    simkl: "Asking[Client]",
    grant: Grant,
    accounts: AccountStore,
    runtime: Runtime,
    lock: Lock,
    log: Callable[[str], None],
) -> Grant:
    """Exchange the grant, unless somebody else just has; returns the one to use from now on, which is stored.

    Raises SignInNeeded where the grant has ended, other SimklErrors and NotSaved where it could not be exchanged now,
    and asking.Ended.
    """
    give_up_at = runtime.now() + LOCK_PATIENCE
    while not lock.acquire() and runtime.now() < give_up_at:
        simkl.pause(TICK)
    try:
        stored = accounts.last_grant()
        if not stored:
            raise SignInNeeded("signed out")
        if stored.access_token != grant.access_token or not stored.refresh_token:
            return stored
        try:
            new = _ask(simkl, stored)
        except GrantRefused:
            log("refresh: the grant has ended")
            _mark(accounts, stored)
            raise SignInNeeded("the sign-in is no longer valid") from None
        accounts.refresh(stored, new)
        return accounts.grant()
    finally:
        lock.release()


def _ask(simkl: "Asking[Client]", grant: Grant) -> Grant:
    try:
        return simkl.ask_once(lambda client: client.refresh(grant), LIMITS[0])
    except Unreachable as error:
        if error.trouble in (Trouble.BUSY, Trouble.QUOTA):
            raise
    simkl.pause(1.0)  # the answer may have been lost: the old access token is dead then
    return simkl.ask_once(lambda client: client.refresh(grant), LIMITS[1])


def _mark(accounts: AccountStore, grant: Grant) -> None:
    try:
        accounts.set_needs_sign_in(grant)
    except NotSaved:
        pass  # it is true all the same, and will be found out again
