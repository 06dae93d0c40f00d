# SPDX-License-Identifier: GPL-2.0-or-later
"""Find out which client id is used, and which flow it is for."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from ..errors import NotSaved
from ..setting import Setting
from .journal import Journal, Settings


class SettingsWithDefaults(Settings, Protocol):
    """Settings that know their defaults."""

    def default_of(self, setting: str) -> str:
        """Return the default of a setting in this build."""

    def is_default(self, setting: str) -> bool:
        """Return True if the stored value is a default, of this build or an earlier one."""


def current_client_id(settings: SettingsWithDefaults) -> str:
    """Return the client id that the user entered, or else this build's; "" if there is none.

    Kodi writes a setting's default into the user's settings.xml, and after an update with another default still
    returns the old one. So a stored value that is an earlier build's default is ignored.
    """
    value = settings.get(Setting.CLIENT_ID).strip()
    was_default = value == settings.get(Setting.PUBLISHERS_CLIENT_ID) or settings.is_default(Setting.CLIENT_ID)
    if value and not was_default:
        return value
    return settings.default_of(Setting.CLIENT_ID) or value


def known_flow(settings: Settings, client_id: str) -> str:
    """Return the flow that worked for this client id; "" if it was not used yet."""
    known, _, flow = settings.get(Setting.FLOW).rpartition(" ")
    return flow if known == client_id else ""


def remember_flow(settings: SettingsWithDefaults, journal: Journal, client_id: str, flow: str) -> None:
    """Store the flow that worked for this client id. If that fails, the next sign-in finds the flow out again."""
    values = {Setting.FLOW: f"{client_id} {flow}"}
    if client_id == settings.default_of(Setting.CLIENT_ID):
        values[Setting.CLIENT_ID] = values[Setting.PUBLISHERS_CLIENT_ID] = client_id
    # In this order, current_client_id() is right even if only the first one is written.
    order = (Setting.CLIENT_ID, Setting.PUBLISHERS_CLIENT_ID, Setting.FLOW)
    with suppress(NotSaved), journal.exclusive():
        journal.change(values, [setting for setting in order if setting in values])
