# SPDX-License-Identifier: GPL-2.0-or-later
"""The file with the copy of the settings: implements account.journal.Copy.

A new copy is written beside the old one and then renamed over it, so one of the two is always complete.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

import xbmcvfs

from ..errors import NotSaved
from .addon import cached_addon

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from typing import Mapping

_NAME = "settings-copy.json"


class SettingsCopy:
    """The copy in the profile folder of this add-on. If that is on a network share, there is no copy."""

    def __init__(self) -> None:
        folder = xbmcvfs.translatePath(cached_addon().getAddonInfo("profile"))
        self._path = "" if "://" in folder else os.path.join(folder, _NAME)
        self._new_path = self._path + ".new"

    def read(self) -> dict[str, str]:
        """Return the newest complete copy; {} if there is none. What was prepared counts, if a crash has left it."""
        for path in (self._new_path, self._path) if self._path else ():
            try:
                with open(path, encoding="utf-8") as file:
                    found = json.load(file)
            except (OSError, ValueError, RecursionError):
                continue
            if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
                return found
        return {}

    def prepare(self, values: Mapping[str, str]) -> None:
        """Write a new copy beside the old one. Raises NotSaved, for one if the disk is full."""
        if not self._path:
            return
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self.drop()
            descriptor = os.open(self._new_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(values, file)
        except OSError as error:
            self.drop()
            raise NotSaved(f"no copy of the settings: {error.strerror}") from None

    def commit(self) -> None:
        """Let the new copy take the place of the old one, and wait until both steps are on the disk."""
        if not self._path:
            return
        try:
            _sync(self._new_path, os.O_RDWR)
            os.replace(self._new_path, self._path)
            if hasattr(os, "O_DIRECTORY"):  # Windows has none, and needs none
                _sync(os.path.dirname(self._path), os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            pass  # the new copy stays beside the old one, and is read all the same

    def drop(self) -> None:
        """Remove a copy that was prepared and not committed."""
        with suppress(OSError):  # there is none, or the disk cannot be written: then it stays, and is whole
            os.remove(self._new_path)


def _sync(path: str, flags: int) -> None:
    """Wait until a file or a folder is on the disk, which can take half a second on an SD card."""
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
