# SPDX-License-Identifier: GPL-2.0-or-later
"""Something that is left alone for a while, by all interpreters of this Kodi.

The end is kept in a property of the home window, on the clock that never jumps. A new Kodi begins anew.
"""

import time

import xbmcgui

from .addon import ADDON_ID

_HOME = 10000


class Pause:
    """A pause, by its name."""

    def __init__(self, name: str) -> None:
        self._key = f"{ADDON_ID}.pause.{name}"

    def is_over(self) -> bool:
        """Whether there is none."""
        until = xbmcgui.Window(_HOME).getProperty(self._key)
        return not until or time.monotonic() >= float(until)

    def begin(self, seconds: float) -> None:
        """Begin one of so many seconds."""
        xbmcgui.Window(_HOME).setProperty(self._key, str(time.monotonic() + seconds))
