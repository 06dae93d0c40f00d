# SPDX-License-Identifier: GPL-2.0-or-later
"""The add-on itself in Kodi: its id, words, settings window and log.

Its id is always named to xbmcaddon.Addon, since this code also runs inside other add-ons.
"""

import time

import xbmc
import xbmcaddon
import xbmcgui

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from typing import Any, Optional, Tuple

ADDON_ID = "script.simkl.account"

SIGNED_IN, SIGNED_OUT = "signed_in", "signed_out"
"""The events that every add-on hears."""

_HOME = 10000

_UPDATE = 60.0
"""Seconds that an update may take: Kodi downloads what the new version needs before it is there."""

_LOOK = 0.05
"""Seconds between two looks at whether it is over."""

_this: "Optional[xbmcaddon.Addon]" = None
_unknown_since: "Optional[float]" = None


class Gone(RuntimeError):
    """The add-on has been disabled or uninstalled while it ran."""


def this() -> xbmcaddon.Addon:
    """This add-on, for its words and what its addon.xml says. It serves those also while the add-on is updated."""
    global _this
    if _this is None:
        _this = fresh()
    return _this


def fresh() -> xbmcaddon.Addon:
    """This add-on, for its settings: an older object keeps serving the settings that it was made with.

    While the add-on is updated, Kodi does not know it; that is waited for. Raises Gone, and so it does when Kodi quits.
    """
    while True:
        found = _find()
        if found:
            return found
        if is_gone() or xbmc.Monitor().waitForAbort(_LOOK):
            raise Gone(ADDON_ID)


def is_gone() -> bool:
    """Whether the add-on has been disabled, or has been unknown to Kodi for longer than an update takes."""
    if _find() or _unknown_since is None:
        return False
    return time.monotonic() - _unknown_since > _UPDATE or _is_disabled()


def _find() -> "Optional[xbmcaddon.Addon]":
    """The add-on, if Kodi knows it. Once it does not, it is asked in a way that puts no errors into its log.

    That other way takes as long as Kodi takes to draw, so it is not the one for every day.
    """
    global _unknown_since
    if _unknown_since is not None and not xbmc.getCondVisibility(f"System.AddonIsEnabled({ADDON_ID})"):
        return None
    try:
        found = xbmcaddon.Addon(ADDON_ID)
    except RuntimeError:
        _unknown_since = time.monotonic() if _unknown_since is None else _unknown_since
        return None
    _unknown_since = None
    return found


def _is_disabled() -> bool:
    import json

    answer = xbmc.executeJSONRPC(_json_rpc("Addons.GetAddonDetails", addonid=ADDON_ID, properties=["enabled"]))
    return json.loads(answer).get("result", {}).get("addon", {}).get("enabled") is False


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


def _json_rpc(method: str, **parameters: object) -> str:
    import json

    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
