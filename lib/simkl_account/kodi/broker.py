# SPDX-License-Identifier: GPL-2.0-or-later
"""A sign-in that one interpreter asks for and another one runs.

A dialog belongs into this add-on's own entry script: Kodi's Quit kills a service that has one open. So whoever
wants a sign-in has Kodi run that script. The script counts its sign-ins in a property of Kodi's home window, which
all interpreters share: "5 OPEN", and then "5" with the name of an ends.End.
"""

import xbmc
import xbmcgui

from .addon import ADDON_ID
from .lock import SIGN_IN, Lock
from .runtime import KodiRuntime

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from typing import Optional, Tuple

OPEN = "OPEN"

_HOME = 10000
_STATE = f"{ADDON_ID}.sign_in"

_START_PATIENCE = 30.0
"""Seconds that Kodi may take to start the script; a small box is slow while it starts up itself."""

_LOOK = 0.1


def state() -> "Tuple[int, str]":
    """The number of the latest sign-in of this Kodi, and OPEN or the name of its end; (0, "") before the first."""
    number, _, name = xbmcgui.Window(_HOME).getProperty(_STATE).partition(" ")
    return int(number or 0), name


def begin() -> None:
    """Let those who wait know that a sign-in is open. Under the lock."""
    _publish(state()[0] + 1, OPEN)


def end(name: str) -> None:
    """Let those who wait know how it ended. Before the lock is let go of."""
    _publish(state()[0], name)


def sign_in() -> "Optional[str]":
    """Have a sign-in run, or join the one that is open; returns the name of its end, None where there was none."""
    runtime, lock = KodiRuntime(), Lock(SIGN_IN)
    wanted, name = state()
    if name != OPEN or lock.is_free():  # OPEN and free: that script was killed
        # Where somebody else's sign-in begins before this script does, that is the one to wait for.
        xbmc.executebuiltin(f"RunScript({ADDON_ID},action=sign_in,from=add-on,after={wanted})")
        wanted += 1
    give_up_at = runtime.now() + _START_PATIENCE
    while not runtime.is_shutting_down():
        was_free = lock.is_free()
        number, name = state()  # after the look at the lock, which is let go of last
        if number >= wanted and name != OPEN:
            return name
        if was_free if number >= wanted else runtime.now() >= give_up_at:
            return None
        runtime.wait(_LOOK)
    return "SHUTTING_DOWN"


def _publish(number: int, name: str) -> None:
    xbmcgui.Window(_HOME).setProperty(_STATE, f"{number} {name}")
