# SPDX-License-Identifier: GPL-2.0-or-later
"""The add-on itself in Kodi: its id, words, settings window and log.

xbmcaddon.Addon is made anew for every use: an old one keeps serving the settings it was made with. Its id is
always named, since this code also runs inside other add-ons.
"""

import xbmc
import xbmcaddon

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from typing import Any

ADDON_ID = "script.simkl.account"


def text(string_id: int, *values: str) -> str:
    """A text of strings.po in Kodi's language, with values in place of its {0}, {1}, ..."""
    return xbmcaddon.Addon(ADDON_ID).getLocalizedString(string_id).format(*values)


def version() -> str:
    """This add-on's version."""
    return xbmcaddon.Addon(ADDON_ID).getAddonInfo("version")


def log(message: str) -> None:
    """Write to kodi.log, where it is read at the debug level. No code, token or URL may be in the message."""
    xbmc.log(f"{ADDON_ID}: {message}", xbmc.LOGDEBUG)


def warn(message: str) -> None:
    """Write to kodi.log, for everyone to see. No code, token or URL may be in the message."""
    xbmc.log(f"{ADDON_ID}: {message}", xbmc.LOGWARNING)


def open_settings() -> None:
    """Open the add-on's settings window, without waiting for it to be closed."""
    xbmc.executebuiltin(f"Addon.OpenSettings({ADDON_ID})")


def close_settings() -> None:
    """Close the add-on's settings window, if it is open, dropping what was typed there."""
    xbmc.executebuiltin("Dialog.Close(addonsettings,true)", True)


def kodi_setting(setting: str) -> "Any":
    """The value of one of Kodi's own settings; None where this Kodi has no such setting."""
    import json

    request = {"jsonrpc": "2.0", "id": 1, "method": "Settings.GetSettingValue", "params": {"setting": setting}}
    return json.loads(xbmc.executeJSONRPC(json.dumps(request))).get("result", {}).get("value")
