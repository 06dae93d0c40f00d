# SPDX-License-Identifier: GPL-2.0-or-later
"""Tell the user that a new sign-in is needed, when a request of another add-on has found that out."""

from __future__ import annotations

import xbmc

from .addon import text
from .cooldown import Cooldown
from .dialogs import show_notification
from .lock import ACCOUNT, Lock, LockHeld
from .strings import Text

REMINDER_INTERVAL = 3600.0
"""Seconds between two reminders."""


def is_video_playing() -> bool:
    """Return True while a video is playing."""
    return xbmc.getCondVisibility("Player.HasVideo")


def remind(is_client_id_refused: bool = False) -> None:
    """Say in a notification that a new sign-in is needed; once in REMINDER_INTERVAL, and not while a video plays.

    is_client_id_refused: name that as the reason.
    """
    if is_video_playing():
        return
    cooldown = Cooldown("reminder")
    try:
        with Lock(ACCOUNT):
            if not cooldown.is_over():
                return
            cooldown.start(REMINDER_INTERVAL)
    except LockHeld:
        return  # another interpreter is reminding, or is changing the account; there will be another occasion
    show_notification(text(Text.CLIENT_ID_NO_LONGER_ACCEPTED if is_client_id_refused else Text.NEEDS_SIGN_IN))
