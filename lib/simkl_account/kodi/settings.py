# SPDX-License-Identifier: GPL-2.0-or-later
"""Read and write the add-on's settings, and make sure that what was written is on the disk.

Settings are read before the first dialog is shown, so what only writing needs is imported inside the functions.
"""

from __future__ import annotations

import os

import xbmcvfs

from ..errors import NotSaved
from .addon import cached_addon, close_settings, current_addon
from .lock import ACCOUNT, Lock

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from typing import ContextManager, Iterable
    from xml.etree.ElementTree import Element

_LOCK_TIMEOUT = 5.0
"""Seconds to wait for another interpreter that is changing the account, which takes a few writes to a file."""


class KodiSettings:
    """Read and write the add-on's settings.xml: implements account.client_id.SettingsWithDefaults."""

    def get(self, setting: str) -> str:
        """Return the value; "" if there is none."""
        return current_addon().getSetting(setting)

    def default_of(self, setting: str) -> str:
        """Return the default of a setting in this build; "" while the add-on is being updated."""
        found = _parse(os.path.join(cached_addon().getAddonInfo("path"), "resources", "settings.xml"))
        return (found.findtext(f".//setting[@id='{setting}']/default") or "") if found is not None else ""

    def is_default(self, setting: str) -> bool:
        """Return True if the user's settings.xml marks the value as a default, or does not have it."""
        found = _parse(_path())
        element = found.find(f".//setting[@id='{setting}']") if found is not None else None
        return element is None or element.get("default") == "true"

    def read(self, settings: Iterable[str]) -> dict[str, str]:
        """Return the values of several settings, all from one reading of the file."""
        found = current_addon()
        return {setting: found.getSetting(setting) for setting in settings}

    def set(self, setting: str, value: str) -> None:
        """Store a value. Raises NotSaved if it is not on the disk afterwards.

        Kodi reports no failure, and goes on with the value in memory, so the file itself is read back. There are two
        failures that this can mend. While the add-on's settings window is open, Kodi gives the value to that window
        instead of writing it, and Back drops it: the window has to be closed. And Kodi never writes a settings.xml
        again that a full disk or a power cut has damaged: the file has to be removed.
        """
        if self._store(setting, value):
            return
        close_settings()
        if self._store(setting, value):
            return
        _remove_damaged_file()
        if not self._store(setting, value):
            raise NotSaved(setting)

    def exclusive(self) -> ContextManager[None]:
        """Keep everybody else in this Kodi from changing the account. Raises NotSaved after _LOCK_TIMEOUT."""
        return _AccountLock(ACCOUNT, _LOCK_TIMEOUT)

    def _store(self, setting: str, value: str) -> bool:
        current_addon().setSetting(setting, value)
        return _on_disk(setting) == value


class _AccountLock(Lock):
    def __enter__(self) -> None:
        if not self.acquire():
            raise NotSaved("another interpreter is changing the account")


def _path() -> str:
    return cached_addon().getAddonInfo("profile").rstrip("/") + "/settings.xml"


def _parse(path: str) -> Element | None:
    """Return the root of an XML file; None if there is no such file, or if it is damaged.

    It is read by Kodi, because on Apple TV settings.xml is no file that Python could read.
    """
    from xml.etree import ElementTree

    try:
        with xbmcvfs.File(path) as file:
            return ElementTree.fromstring(bytes(file.readBytes()))
    except ElementTree.ParseError:
        return None


def _on_disk(setting: str) -> str:
    found = _parse(_path())
    return (found.findtext(f".//setting[@id='{setting}']") or "") if found is not None else ""


def _remove_damaged_file() -> None:
    if xbmcvfs.exists(_path()) and _parse(_path()) is None:
        xbmcvfs.delete(_path())
