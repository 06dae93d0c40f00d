# SPDX-License-Identifier: GPL-2.0-or-later
"""This add-on in Kodi: its object, texts, log, events and settings window.

xbmcaddon.Addon gets the add-on's id, because this code also runs inside other add-ons; only caller() is about those.
"""

from __future__ import annotations

import time

import xbmc
import xbmcaddon

from ..errors import AddonRemoved

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from typing import Any

ADDON_ID = "script.simkl.account"

_RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "yi")

_RIGHT_TO_LEFT_MARK, _NO_BREAK_SPACE = "\u200f", "\u00a0"

_UPDATE_TIMEOUT = 60.0
"""Seconds that an update of this add-on may take. Kodi also downloads new dependencies in that time."""

_UPDATE_INTERVAL = 0.05
"""Seconds between two looks at whether the update is over."""

_cached: xbmcaddon.Addon | None = None
_monitor: xbmc.Monitor | None = None
_unknown_since: float | None = None


def monitor() -> xbmc.Monitor:
    """Return this interpreter's Monitor. One that is made after Kodi began to quit does not notice it."""
    global _monitor
    if _monitor is None:
        _monitor = xbmc.Monitor()
    return _monitor


def cached_addon() -> xbmcaddon.Addon:
    """Return this add-on's object for texts and addon.xml. It keeps working while the add-on is updated."""
    global _cached
    if _cached is None:
        _cached = current_addon()
    return _cached


def current_addon() -> xbmcaddon.Addon:
    """Return a new object of this add-on, for its settings: an object returns the settings of when it was made.

    Kodi does not know an add-on while Kodi updates it, so this waits until the update is over. Raises AddonRemoved
    after _UPDATE_TIMEOUT, if the add-on is disabled, and if Kodi quits.
    """
    while True:
        found = _find()
        if found:
            return found
        if is_removed() or monitor().waitForAbort(_UPDATE_INTERVAL):
            raise AddonRemoved(ADDON_ID)


def is_removed() -> bool:
    """Return True if the add-on is disabled, or if Kodi has not known it for longer than an update takes."""
    if _find() or _unknown_since is None:
        return False
    return time.monotonic() - _unknown_since > _UPDATE_TIMEOUT or _is_disabled()


def _find() -> xbmcaddon.Addon | None:
    """Return a new object of the add-on, or None while Kodi does not know it.

    After the first failure this asks System.AddonIsEnabled before it tries again, because xbmcaddon.Addon logs an error
    each time. That condition takes as long as Kodi takes to draw a frame, so it is used only after a failure.
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
    found = _json_rpc("Addons.GetAddonDetails", addonid=ADDON_ID, properties=["enabled"])
    return found.get("addon", {}).get("enabled") is False


def text(string_id: int, *values: str) -> str:
    """Return a text of strings.po in Kodi's language, with the values in place of {0}, {1}, ..."""
    found = cached_addon().getLocalizedString(string_id).format(*values)
    return _keep_right_to_left(found) if is_right_to_left() else found


def is_right_to_left() -> bool:
    """Return True if Kodi's language is read from right to left."""
    return xbmc.getLanguage(xbmc.ISO_639_1) in _RIGHT_TO_LEFT


def _keep_right_to_left(message: str) -> str:
    """Mark the names and addresses in a text of Hebrew or Arabic, so that each line is read from right to left.

    Kodi breaks a text into lines, and then gives each line the direction of its first letter. So this puts a mark in
    front of Latin words, which Kodi does not draw, and no-break spaces between those that are side by side. A text that
    is not translated stays as it is.
    """
    if _is_latin(message):
        return message
    marked, was_latin = "", False
    for word in message.replace(_RIGHT_TO_LEFT_MARK, "").replace(_NO_BREAK_SPACE, " ").split(" "):
        is_latin = _is_latin(word)
        space = _NO_BREAK_SPACE if is_latin and was_latin else " "
        marked += space + (_RIGHT_TO_LEFT_MARK if is_latin and not was_latin else "") + word
        was_latin = is_latin
    return marked[1:]


def _is_latin(text: str) -> bool:
    """Return True if a text has no letter of Hebrew, Arabic and the scripts next to them in Unicode."""
    return not any("\u0590" <= letter <= "\u08ff" for letter in text)


def local_date(day: str) -> str:
    """Return a day such as "2026-11-24" as Kodi's region writes it, or as it is if that does not work."""
    try:
        from datetime import date

        shown = date.fromisoformat(day).strftime(xbmc.getRegion("dateshort"))
    except Exception:  # a new token is not stored yet, and how a day is written must not lose it
        return day
    return shown.rstrip("Y") or day  # two of Kodi's regions have a Y too many


def name() -> str:
    """Return this add-on's name in Kodi's language."""
    return cached_addon().getAddonInfo("name")


def version() -> str:
    """Return this add-on's version."""
    return cached_addon().getAddonInfo("version")


def caller() -> tuple[str, str]:
    """Return the id and the version of the add-on that this interpreter runs."""
    add_on = xbmcaddon.Addon()
    return add_on.getAddonInfo("id"), add_on.getAddonInfo("version")


def log(message: str) -> None:
    """Write to kodi.log at the debug level. The message must not hold a code, a token or a URL."""
    xbmc.log(f"{ADDON_ID}: {message}", xbmc.LOGDEBUG)


def warn(message: str) -> None:
    """Write a warning to kodi.log. The message must not hold a code, a token or a URL."""
    xbmc.log(f"{ADDON_ID}: {message}", xbmc.LOGWARNING)


def notify_signed_in(is_same_account: bool, can_write: bool) -> None:
    """Tell all add-ons that somebody has signed in. See _notify_all().

    is_same_account: the account is known to be the one that was signed in before.
    """
    _notify_all("signed_in", is_same_account=is_same_account, needs_sign_in=False, can_write=can_write)


def notify_changed(needs_sign_in: bool, can_write: bool) -> None:
    """Tell all add-ons that Simkl now says something else of the account: a name, or whether it accepts the sign-in."""
    _notify_all("account_changed", is_same_account=True, needs_sign_in=needs_sign_in, can_write=can_write)


def notify_signed_out() -> None:
    """Tell all add-ons that nobody is signed in any more."""
    _notify_all("signed_out")


def open_settings() -> None:
    """Open the add-on's settings window, without waiting until it is closed."""
    xbmc.executebuiltin(f"Addon.OpenSettings({ADDON_ID})")


def close_settings() -> None:
    """Close the add-on's settings window if it is open. What the user changed there is dropped."""
    xbmc.executebuiltin("Dialog.Close(addonsettings,true)", True)


def kodi_setting(setting: str) -> Any:
    """Return one of Kodi's own settings; None if this Kodi does not have it."""
    return _json_rpc("Settings.GetSettingValue", setting=setting).get("value")


def _notify_all(event: str, **data: bool) -> None:
    """Tell all add-ons of an event. They get Monitor.onNotification(ADDON_ID, "Other." + event, data as JSON)."""
    _json_rpc("JSONRPC.NotifyAll", sender=ADDON_ID, message=event, data=data)


def _json_rpc(method: str, **parameters: object) -> dict[str, Any]:
    """Call a method of Kodi's JSON-RPC, and return its result; {} if that is an error or is not an object."""
    import json

    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
    result = json.loads(xbmc.executeJSONRPC(request)).get("result")
    return result if isinstance(result, dict) else {}
