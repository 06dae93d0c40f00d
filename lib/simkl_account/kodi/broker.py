# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a sign-in for another add-on.

A sign-in belongs into this add-on's entry script, where Kodi knows the add-on's texts and window, and where Kodi's
keyboard, which is modal, does not keep another add-on's service from ending. So other interpreters have Kodi run that
script, and wait for its result. The script publishes a state that all interpreters share: "5 OPEN" while the fifth
sign-in since Kodi's start runs, and then "5" with the name of a SignInResult.
"""

from __future__ import annotations

import xbmc

from .addon import ADDON_ID
from .lock import SIGN_IN, Lock
from .runtime import KodiRuntime
from .shared import get_shared, set_shared

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from ..outcome import SignInResult

OPEN = "OPEN"

_STATE = "sign_in"

_START_TIMEOUT = 30.0
"""Seconds that Kodi may take to start the script. A small box is slow while it starts itself."""

_STATE_INTERVAL = 0.1
"""Seconds between two looks at the state."""


def state() -> tuple[int, str]:
    """Return the number of the newest sign-in, and OPEN or the name of its result; (0, "") before the first one."""
    number, _, name = get_shared(_STATE).partition(" ")
    return int(number or 0), name


def begin() -> None:
    """Publish that a sign-in runs. Call it with the lock SIGN_IN held."""
    _publish(state()[0] + 1, OPEN)


def end(result: SignInResult) -> None:
    """Publish the result of the sign-in. Call it before the lock is released."""
    _publish(state()[0], result.name)


def sign_in() -> SignInResult:
    """Have the entry script sign in, or join the sign-in that runs, and return its result.

    Returns CANCELLED if the script was killed, did not start, or has a result that this version does not know.
    """
    from ..outcome import SignInResult

    return SignInResult.__members__.get(_run_sign_in(), SignInResult.CANCELLED)


def _run_sign_in() -> str:
    """Return the name of the result; "" if there is none."""
    runtime, lock = KodiRuntime(), Lock(SIGN_IN)
    wanted, name = state()
    if name != OPEN or lock.is_free():  # if it is OPEN and the lock is free, that script was killed
        # If another caller's sign-in begins first, the script that is started here returns at once.
        xbmc.executebuiltin(f"RunScript({ADDON_ID},action=sign_in,from=add-on,after={wanted})")
        wanted += 1
    give_up_at = runtime.now() + _START_TIMEOUT
    while not runtime.is_shutting_down():
        was_free = lock.is_free()
        number, name = state()  # read after the lock, because the script publishes its result before it releases it
        has_begun = number >= wanted
        if has_begun and name != OPEN:
            return name
        was_killed = has_begun and was_free
        if was_killed or (not has_begun and runtime.now() >= give_up_at):
            return ""
        runtime.wait(_STATE_INTERVAL)
    return "SHUTTING_DOWN"


def _publish(number: int, name: str) -> None:
    set_shared(_STATE, f"{number} {name}")
