# SPDX-License-Identifier: GPL-2.0-or-later
"""The add-on's settings as a store that does not lose anything.

Values are read before the dialog is on the screen, so what only writing needs is imported there: see script.py.
"""

import os

import xbmcvfs

from .addon import close_settings, fresh, this
from .lock import ACCOUNT, Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ContextManager

_PATIENCE = 5.0
"""Seconds to wait for another interpreter that is changing the account: that is a few writes to a file."""


class KodiSettings:
    """account.Settings, in the add-on's settings.xml."""

    def get(self, setting: str) -> str:
        """The value, "" where there is none."""
        return fresh().getSetting(setting)

    def default_of(self, setting: str) -> str:
        """What the setting is by default in this build."""
        from xml.etree import ElementTree

        path = xbmcvfs.translatePath(this().getAddonInfo("path"))
        try:
            tree = ElementTree.parse(os.path.join(path, "resources", "settings.xml"))
        except (OSError, ElementTree.ParseError):
            return ""  # the add-on is just being updated
        return tree.findtext(f".//setting[@id='{setting}']/default") or ""

    def is_by_default(self, setting: str) -> bool:
        """Whether the person's settings.xml says that the value is only there by default, this build's or another's."""
        from xml.etree import ElementTree

        try:
            element = ElementTree.parse(_file()).find(f".//setting[@id='{setting}']")
        except (OSError, ElementTree.ParseError):
            return True
        return element is None or element.get("default") == "true"

    def set(self, setting: str, value: str) -> None:
        """Store a value, and raise NotSaved unless it is on the disk.

        While the add-on's settings window is open, Kodi gives new values to that window instead of writing them,
        and Back throws them away: then the window has to go first. Where the file cannot be written, Kodi says
        nothing and goes on with the value in memory. So what counts is what the file says. And a file that a full
        disk or a power cut has left in pieces keeps Kodi from ever writing it again, so the pieces have to go.
        """
        from ..errors import NotSaved

        before = self.get(setting)
        for prepare in (_nothing, close_settings, _remove_damaged_file):
            prepare()
            fresh().setSetting(setting, value)
            if _on_disk(setting) == value and self.get(setting) == value:
                return
        fresh().setSetting(setting, before)  # or others would go on with what was never stored
        raise NotSaved(setting)

    def alone(self) -> "ContextManager[None]":
        """Nobody else in this Kodi changes the account inside of this; raises NotSaved after _PATIENCE."""
        return _Alone()


class _Alone:
    def __init__(self) -> None:
        self._lock = Lock(ACCOUNT)

    def __enter__(self) -> None:
        if not self._lock.acquire(_PATIENCE):
            from ..errors import NotSaved

            raise NotSaved("somebody else is changing the account")

    def __exit__(self, *exception: object) -> None:
        self._lock.release()


def _nothing() -> None:
    """Most of the time the window is not open, or is another add-on's, and stays as it is."""


def _file() -> str:
    profile = xbmcvfs.translatePath(this().getAddonInfo("profile"))
    return os.path.join(profile, "settings.xml")


def _remove_damaged_file() -> None:
    from contextlib import suppress
    from xml.etree import ElementTree

    try:
        ElementTree.parse(_file())
    except ElementTree.ParseError:
        with suppress(OSError):
            os.remove(_file())
    except OSError:
        pass  # there is none, or it cannot be read


def _on_disk(setting: str) -> str:
    from xml.etree import ElementTree

    try:
        tree = ElementTree.parse(_file())
    except (OSError, ElementTree.ParseError):
        return ""
    for element in tree.iter("setting"):
        if element.get("id") == setting:
            return element.text or ""
    return ""
