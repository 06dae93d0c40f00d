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
from .addon import ADDON_ID, current_addon
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

_BUSY_TIMEOUT = 1.0
"""Seconds for which the lock is held before that counts as a run with another action. Other callers take it, too, but
for an instant: see Lock.is_free()."""

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

    Returns "" if the script was killed, did not start, or does something else. Raises AddonRemoved if this add-on is
    disabled or uninstalled.
    """
    runtime, lock = KodiRuntime(), Lock(SIGN_IN_LOCK)
    if runtime.is_shutting_down():
        return _ended()
    wanted, name = state(action)
    is_open = name == OPEN and not (lock.is_free() and state(action) == (wanted, OPEN))  # else that script was killed
    if not is_open:
        current_addon()  # while Kodi updates this add-on, it would run nothing
        # If another caller's run begins first, the script that is started here returns at once.
        xbmc.executebuiltin(f"RunScript({ADDON_ID},action={action},from=add-on,after={wanted})")
        wanted += 1
    started = idle_at = runtime.now()
    had_begun = is_open
    while not runtime.is_shutting_down():
        is_free = lock.is_free()
        number, name = state(action)  # after the lock, because the script publishes its result before it releases it
        has_begun = number >= wanted
        if has_begun and name != OPEN:
            return name
        if had_begun and is_free:
            return ""
        idle_at = runtime.now() if is_free or has_begun else idle_at
        if not has_begun and (runtime.now() - started >= _START_TIMEOUT or runtime.now() - idle_at >= _BUSY_TIMEOUT):
            return ""
        had_begun = has_begun
        runtime.wait(_STATE_INTERVAL)
    return _ended()


def _ended() -> str:
    """Return the result if Kodi quits. Raises AddonRemoved if not: then somebody has disabled this add-on."""
    if is_quitting():
        return "SHUTTING_DOWN"
    raise AddonRemoved(ADDON_ID)
