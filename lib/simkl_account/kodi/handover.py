# SPDX-License-Identifier: GPL-2.0-or-later
"""A sign-in that one interpreter asks for and another one runs.

A dialog belongs into this add-on's own entry script: Kodi's Quit kills a service that has one open. So whoever
wants a sign-in has Kodi run that script, and the script leaves its end in a property of Kodi's home window, which
all interpreters share.
"""

import xbmc
import xbmcgui

from .addon import ADDON_ID
from .lock import SIGN_IN, Lock
from .runtime import KodiRuntime

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from typing import Optional

_HOME = 10000
_LAST_END = f"{ADDON_ID}.last_end"
"""NUMBER NAME: counts the ends, so that the same one twice is seen as two."""

_START_PATIENCE = 30.0
"""Seconds that Kodi may take to start the script; a small box is slow while it starts up itself."""

_LOOK = 0.1


def publish_end(end: str) -> None:
    """Let those who wait know how the sign-in ended, by the name of an ends.End."""
    window = xbmcgui.Window(_HOME)
    number = window.getProperty(_LAST_END).partition(" ")[0]
    window.setProperty(_LAST_END, f"{int(number or 0) + 1} {end}")


def sign_in() -> "Optional[str]":
    """Have a sign-in run, or join the one that is open; returns the name of its end, None where there was none."""
    runtime = KodiRuntime()
    before = _last_end()
    xbmc.executebuiltin(f"RunScript({ADDON_ID},action=sign_in,from=add-on)")
    lock, was_open, give_up_at = Lock(SIGN_IN), False, runtime.now() + _START_PATIENCE
    while not runtime.is_shutting_down():
        is_open = not lock.is_free()
        was_open = was_open or is_open
        if _last_end() != before:  # looked at after the lock: the end is published before the lock is let go of
            return _last_end().partition(" ")[2]
        if not is_open and (was_open or runtime.now() >= give_up_at):
            return None
        runtime.wait(_LOOK)
    return "SHUTTING_DOWN"


def _last_end() -> str:
    return xbmcgui.Window(_HOME).getProperty(_LAST_END)
