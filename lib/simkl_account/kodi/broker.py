# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a sign-in or a sign-out for another add-on.

Both belong into this add-on's entry script, where Kodi knows the add-on's texts and window, and where Kodi's
keyboard, which is modal, does not keep another add-on's service from ending. So other interpreters have Kodi run that
script, and wait for its result. The script publishes a state that all interpreters share: "5 OPEN" while the fifth
sign-in since Kodi's start runs, and then "5" with the name of a SignInResult; likewise for sign-outs.
"""

from __future__ import annotations

import xbmc

from ..errors import AddonRemoved
from .addon import ADDON_ID
from .lock import SIGN_IN as SIGN_IN_LOCK
from .lock import Lock
from .runtime import KodiRuntime, is_quitting
from .shared import get_shared, set_shared

SIGN_IN, SIGN_OUT = "sign_in", "sign_out"
"""The actions of the entry script."""

OPEN = "OPEN"

SIGNED_OUT, CANCELLED = "SIGNED_OUT", "CANCELLED"
"""The results of a sign-out."""

_START_TIMEOUT = 30.0
"""Seconds that Kodi may take to start the script. A small box is slow while it starts itself."""

_BUSY_TIMEOUT = 0.2
"""Seconds. Other callers take the lock for an instant in Lock.is_free(), which is no run of the script."""

_STATE_INTERVAL = 0.1
"""Seconds between two looks at the state."""


def state(action: str) -> tuple[int, str]:
    """Return the number of the newest run, and OPEN or the name of its result; (0, "") before the first one."""
    number, _, name = get_shared(action).partition(" ")
    return int(number or 0), name


def begin(action: str) -> None:
    """Publish that the action runs. Call it with the lock SIGN_IN held."""
    set_shared(action, f"{state(action)[0] + 1} {OPEN}")


def end(action: str, result: str) -> None:
    """Publish the result of the action. Call it before the lock is released."""
    set_shared(action, f"{state(action)[0]} {result}")


def run(action: str) -> str:
    """Have the entry script do this, or join the run that is open, and return the name of its result.

    Returns "" if the script was killed or did not start, and at once if it does something else at the moment. Raises
    AddonRemoved if this add-on is disabled or uninstalled.
    """
    runtime, lock = KodiRuntime(), Lock(SIGN_IN_LOCK)
    wanted, name = state(action)
    if runtime.is_shutting_down():
        return _ended()
    if name != OPEN and _is_busy(action):
        return ""
    if name != OPEN or lock.is_free():  # if it is OPEN and the lock is free, that script was killed
        # If another caller's run begins first, the script that is started here returns at once.
        xbmc.executebuiltin(f"RunScript({ADDON_ID},action={action},from=add-on,after={wanted})")
        wanted += 1
    give_up_at = runtime.now() + _START_TIMEOUT
    while not runtime.is_shutting_down():
        was_free = lock.is_free()
        number, name = state(action)  # after the lock, because the script publishes its result before it releases it
        has_begun = number >= wanted
        if has_begun and name != OPEN:
            return name
        was_killed = has_begun and was_free
        if was_killed or (not has_begun and runtime.now() >= give_up_at):
            return ""
        runtime.wait(_STATE_INTERVAL)
    return _ended()


def _is_busy(action: str) -> bool:
    """Return True if the entry script does something else."""
    lock = Lock(SIGN_IN_LOCK, _BUSY_TIMEOUT)
    has_lock = lock.acquire()
    lock.release()
    return not has_lock and state(action)[1] != OPEN


def _ended() -> str:
    """Return the result if Kodi quits. Raises AddonRemoved if not: then somebody has disabled this add-on."""
    if is_quitting():
        return "SHUTTING_DOWN"
    raise AddonRemoved(ADDON_ID)
