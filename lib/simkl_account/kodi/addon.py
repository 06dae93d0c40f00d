# SPDX-License-Identifier: GPL-2.0-or-later
"""The add-on itself in Kodi: its id, words, settings window and log.

xbmcaddon.Addon is made anew for every use: an old one keeps serving the settings it was made with. Its id is
always named, since this code also runs inside other add-ons.
"""

import time

import xbmc
import xbmcaddon
import xbmcgui

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from typing import Any, Tuple

ADDON_ID = "script.simkl.account"

SIGNED_IN, SIGNED_OUT = "signed_in", "signed_out"
"""The events that every add-on hears."""

_HOME = 10000

_UPDATE = 4.0
"""Seconds that an update of the add-on may take. Kodi, when it quits, waits for a script for five."""

_LOOK = 0.05
"""Seconds between two looks at whether it is over."""

_is_gone = False


class Gone(RuntimeError):
    """The add-on has been disabled or uninstalled while it ran."""


def this() -> xbmcaddon.Addon:
    """This add-on. While it is being updated, Kodi does not know it for a moment: that is waited for, once.

    Raises Gone.
    """
    global _is_gone
    deadline = time.monotonic() + _UPDATE
    while True:
        try:
            found = xbmcaddon.Addon(ADDON_ID)
        except RuntimeError as error:
            if _is_gone or time.monotonic() >= deadline:
                _is_gone = True
                raise Gone(ADDON_ID) from error
            _wait_until_known(deadline)
        else:
            _is_gone = False
            return found


def _wait_until_known(deadline: float) -> None:
    """Wait until Kodi knows the add-on, asked in a way that puts no errors into its log."""
    time.sleep(_LOOK)
    while not xbmc.getCondVisibility(f"System.AddonIsEnabled({ADDON_ID})") and time.monotonic() < deadline:
        time.sleep(_LOOK)


def text(string_id: int, *values: str) -> str:
    """A text of strings.po in Kodi's language, with values in place of its {0}, {1}, ..."""
    return this().getLocalizedString(string_id).format(*values)


def name() -> str:
    """This add-on's name, in Kodi's language."""
    return this().getAddonInfo("name")


def version() -> str:
    """This add-on's version."""
    return this().getAddonInfo("version")


def caller() -> "Tuple[str, str]":
    """The id and the version of the add-on that this interpreter runs."""
    add_on = xbmcaddon.Addon()
    return add_on.getAddonInfo("id"), add_on.getAddonInfo("version")


def log(message: str) -> None:
    """Write to kodi.log, where it is read at the debug level. No code, token or URL may be in the message."""
    xbmc.log(f"{ADDON_ID}: {message}", xbmc.LOGDEBUG)


def warn(message: str) -> None:
    """Write to kodi.log, for everyone to see. No code, token or URL may be in the message."""
    xbmc.log(f"{ADDON_ID}: {message}", xbmc.LOGWARNING)


def warn_once(message: str) -> None:
    """The same, but not again while this Kodi runs."""
    window, key = xbmcgui.Window(_HOME), f"{ADDON_ID}.warned.{message}"
    if not window.getProperty(key):
        window.setProperty(key, "yes")
        warn(message)


def notify_all(event: str) -> None:
    """Tell every add-on, by Monitor.onNotification(sender=ADDON_ID, method="Other." + event)."""
    xbmc.executeJSONRPC(_json_rpc("JSONRPC.NotifyAll", sender=ADDON_ID, message=event))


def open_settings() -> None:
    """Open the add-on's settings window, without waiting for it to be closed."""
    xbmc.executebuiltin(f"Addon.OpenSettings({ADDON_ID})")


def close_settings() -> None:
    """Close the add-on's settings window, if it is open, dropping what was typed there."""
    xbmc.executebuiltin("Dialog.Close(addonsettings,true)", True)


def kodi_setting(setting: str) -> "Any":
    """The value of one of Kodi's own settings; None where this Kodi has no such setting."""
    import json

    answer = xbmc.executeJSONRPC(_json_rpc("Settings.GetSettingValue", setting=setting))
    return json.loads(answer).get("result", {}).get("value")


def _json_rpc(method: str, **parameters: str) -> str:
    import json

    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
