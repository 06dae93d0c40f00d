# SPDX-License-Identifier: GPL-2.0-or-later
"""Saying that a new sign-in is needed: when an add-on finds that out, nobody has asked for anything."""

import xbmc

from . import dialogs
from . import strings as words
from .addon import text
from .cooldown import Pause
from .lock import ACCOUNT, Lock

PAUSE = 3600.0
"""Seconds between two reminders."""


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
        pause = Pause("reminder")
        if not pause.is_over():
            return
        pause.begin(PAUSE)
    finally:
        lock.release()
    say(words.NEEDS_SIGN_IN)
