# SPDX-License-Identifier: GPL-2.0-or-later
"""Change the settings so that no crash and no power cut can lose what is stored.

Kodi empties settings.xml and then writes it anew at each change. If the power goes in between, all that was in it is
lost. So a copy of the settings is kept in a file of the add-on's own, as a database keeps a journal. The copy is read
only if the account is missing in the settings, or damaged.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Callable, ContextManager, Iterable, Mapping, Protocol, Sequence

from ..errors import NotSaved
from ..setting import Setting


class Settings(Protocol):
    """The add-on's settings. Each value is a string; "" if there is none."""

    def get(self, setting: str) -> str:
        """Return the value that is stored now."""

    def read(self, settings: Iterable[str]) -> dict[str, str]:
        """Return the values of several settings, all as they were at one moment."""

    def set(self, setting: str, value: str) -> None:
        """Store a value. Raises NotSaved if it is not on the disk afterwards."""

    def exclusive(self) -> ContextManager[None]:
        """Keep everybody else in this Kodi from changing the account. Raises NotSaved if another keeps the lock."""


class Copy(Protocol):
    """The file with the copy of the settings: see kodi/settings_copy.py."""

    def read(self) -> dict[str, str]:
        """Return the newest complete copy; {} if there is none."""

    def prepare(self, values: Mapping[str, str]) -> None:
        """Write a new copy beside the old one. A killed Kodi leaves it; a power cut may not. Raises NotSaved."""

    def commit(self) -> None:
        """Let the new copy take the place of the old one, and wait until it is on the disk."""

    def drop(self) -> None:
        """Remove a copy that was prepared and not committed."""


class Journal:
    """The settings with their copy."""

    def __init__(self, settings: Settings, copy: Copy, warn: Callable[[str], None]) -> None:
        """warn: writes a line to the log."""
        self._settings = settings
        self._copy = copy
        self._warn = warn

    def read(self) -> dict[str, str]:
        """Return the values of all settings, without a look at the copy."""
        return self._settings.read(Setting.ALL)

    def exclusive(self) -> ContextManager[None]:
        return self._settings.exclusive()

    def change(
        self, changes: Mapping[str, str], first: Sequence[str] = (), commit_first: bool = False
    ) -> dict[str, str]:
        """Change settings, and return the values from before. Call it with the lock held.

        first: the settings that decide; they are written in this order, and before the others. If one of them cannot be
        written, all of them are as before, and NotSaved is raised. A failure of the others is only logged.
        commit_first: the copy must not bring the old values back, even if the power goes before the first write.
        """
        before, copy = self.restore(), self._copy.read()
        values = {**copy, **before, **changes}
        if values != copy:
            self._copy.prepare(values)
        if commit_first:
            self._copy.commit()
        try:
            for setting in first:
                self._set_if_changed(setting, values[setting], before)
        except NotSaved:
            self._copy.drop()
            for setting in first:
                with suppress(NotSaved):
                    self._set_if_changed(setting, before[setting], values)
            raise
        if not commit_first:
            self._copy.commit()
        for setting, value in changes.items():
            if setting not in first:
                self._try_to_set(setting, value, before)
        return before

    def restore(self, is_damaged: bool = False) -> dict[str, str]:
        """Return the values of all settings, put back from the copy if they are lost. Call it with the lock held.

        is_damaged: the account in the settings cannot be read.
        """
        values, copy = self.read(), self._copy.read()
        is_account_lost = bool(copy.get(Setting.ACCOUNT)) and (is_damaged or not values[Setting.ACCOUNT])
        is_all_lost = any(copy.values()) and not any(values.values())
        if not is_account_lost and not is_all_lost:
            return values
        self._warn("the settings were lost: put back")
        restored = {setting: copy.get(setting, "") for setting in Setting.ALL}
        for setting, value in restored.items():
            self._try_to_set(setting, value, values)
        return restored

    def _set_if_changed(self, setting: str, value: str, before: Mapping[str, str]) -> None:
        if before[setting] != value:
            self._settings.set(setting, value)

    def _try_to_set(self, setting: str, value: str, before: Mapping[str, str]) -> None:
        try:
            self._set_if_changed(setting, value, before)
        except NotSaved as error:
            self._warn(f"not saved, will be tried again: {error}")
