# SPDX-License-Identifier: GPL-2.0-or-later
"""Saying that a new sign-in is needed: when an add-on finds that out, nobody has asked for anything."""

import time

import xbmc
import xbmcgui

from .. import words
from . import dialogs
from .addon import ADDON_ID, text
from .lock import ACCOUNT, Lock

PAUSE = 3600.0
"""Seconds between two reminders."""

_HOME = 10000
_LAST = f"{ADDON_ID}.last_reminder"
"""When, on the clock that never jumps. All interpreters of this Kodi share it, and a new Kodi begins anew."""


def is_video_playing() -> bool:
    """Whether somebody is watching something."""
    return xbmc.getCondVisibility("Player.HasVideo")


def say(string_id: int) -> None:
    """Say something beside whatever is on the screen."""
    dialogs.notify(text(string_id))


def remind() -> None:
    """Say that a new sign-in is needed; at most once an hour, and never over a playing video."""
    if is_video_playing():
        return
    lock = Lock(ACCOUNT)
    if not lock.acquire():
        return  # somebody is just changing the account, or reminding
    try:
        window, now = xbmcgui.Window(_HOME), time.monotonic()
        last = window.getProperty(_LAST)
        if last and now - float(last) < PAUSE:
            return
        window.setProperty(_LAST, str(now))
    finally:
        lock.release()
    say(words.NEEDS_SIGN_IN)
