# SPDX-License-Identifier: GPL-2.0-or-later
"""Values that all interpreters of this Kodi share, as properties of the home window. They end with Kodi."""

from __future__ import annotations

import xbmcgui

from .addon import ADDON_ID, warn

_HOME_WINDOW = 10000


def get_shared(key: str) -> str:
    """Return a value; "" if there is none."""
    return xbmcgui.Window(_HOME_WINDOW).getProperty(f"{ADDON_ID}.{key}")


def set_shared(key: str, value: str) -> None:
    """Set a value."""
    xbmcgui.Window(_HOME_WINDOW).setProperty(f"{ADDON_ID}.{key}", value)


def warn_once(message: str) -> None:
    """Write a warning to kodi.log, once until Kodi ends. The message must not hold a code, a token or a URL."""
    key = f"warned.{message}"
    if not get_shared(key):
        set_shared(key, "yes")
        warn(message)
