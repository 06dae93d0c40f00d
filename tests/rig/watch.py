# SPDX-License-Identifier: GPL-2.0-or-later
"""Watches an add-on's settings.xml, which Kodi empties and then writes anew at each change."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Iterator
from xml.etree import ElementTree

from inotify_simple import INotify, flags

from .kodi import KodiError


class SettingsWatch:
    """Watches the file within a with block. The kernel notes every write, so none is missed."""

    def __init__(self, home: Path, addon_id: str) -> None:
        folder = home / ".kodi/userdata/addon_data" / addon_id
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "settings.xml"
        self.writes = 0
        """How often the file has been written, as far as it has been followed."""
        self._inotify = INotify()
        self._inotify.add_watch(folder, flags.MODIFY | flags.CLOSE_WRITE)

    def __enter__(self) -> SettingsWatch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._inotify.close()

    def follow(self, seconds: float) -> Iterator[bool]:
        """Yield for each event, as soon as it happens: True once a write is complete, False before that.

        Ends when nothing happens for so many seconds.
        """
        while True:
            events = self._inotify.read(int(1000 * seconds))
            for event in events:
                if event.name == self.file.name:
                    is_complete = bool(event.mask & flags.CLOSE_WRITE)
                    self.writes += is_complete
                    yield is_complete
            if not events:
                return

    def wait_for(self, text: str, seconds: float = 20) -> float:
        """Wait until the file holds the text, and return the moment on the clock of time.monotonic()."""
        for is_complete in self.follow(seconds):
            now = time.monotonic()
            if is_complete and text in self.text():
                return now
        raise KodiError(f"settings.xml does not hold the text after {seconds:g} s")

    def text(self) -> str:
        """Return the text of the file; "" if there is none."""
        try:
            return self.file.read_text()
        except FileNotFoundError:
            return ""

    def is_damaged(self) -> bool:
        """Return True if the file is empty or in pieces."""
        try:
            ElementTree.fromstring(self.text())
        except ElementTree.ParseError:
            return True
        return False
