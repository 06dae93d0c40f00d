# SPDX-License-Identifier: GPL-2.0-or-later
"""The real parts put together, for the entry script and for other add-ons' requests alike."""

from contextlib import suppress

from .account.refresh import Client, refresh
from .account.store import CLIENT_ID, FLOW, PUBLISHERS_CLIENT_ID, AccountStore, Grant
from .errors import NotSaved
from .kodi import addon
from .kodi.lock import REFRESH, Lock
from .kodi.proxy import proxy_url
from .kodi.settings import KodiSettings
from .simkl.background import Asking, Runtime
from .simkl.client import PIN, Simkl

APP_NAME = "kodi-simkl-account"
"""What Simkl's statistics and User-Agent call this add-on."""


def connect(client_id: str) -> Simkl:
    """Simkl for a client id. Slow the first time, since it imports requests: call it in the background."""
    from .simkl.transport import Transport

    transport = Transport(APP_NAME, addon.version(), proxy_url())
    return Simkl(client_id, transport, known_flow(client_id) or PIN, lambda flow: _remember_flow(client_id, flow))


def accounts() -> AccountStore:
    """The account of this Kodi profile."""
    return AccountStore(KodiSettings(), addon.warn_once)


def refresh_in_this_kodi(simkl: "Asking[Client]", grant: Grant, runtime: Runtime) -> Grant:
    """refresh.refresh(), one at a time among all interpreters of this Kodi."""
    return refresh(simkl, grant, accounts(), runtime, Lock(REFRESH), addon.log)


def client_id() -> str:
    """The client id that the person has entered, or else this build's; "" when there is none.

    Kodi writes a setting's default into the person's settings.xml, and reads it from there for ever. So a value that
    is an earlier build's default counts as none.
    """
    settings = KodiSettings()
    value = settings.get(CLIENT_ID).strip()
    if value and value != settings.get(PUBLISHERS_CLIENT_ID) and not settings.is_by_default(CLIENT_ID):
        return value
    return settings.default_of(CLIENT_ID) or value


def known_flow(client_id: str) -> str:
    """The flow that this client id turned out to be for; "" when that is not known."""
    known, _, flow = KodiSettings().get(FLOW).rpartition(" ")
    return flow if known == client_id else ""


def _remember_flow(client_id: str, flow: str) -> None:
    settings = KodiSettings()
    values = {FLOW: f"{client_id} {flow}"}
    if client_id == settings.default_of(CLIENT_ID):
        # In this order: half of it done, the client id is still the right one.
        values.update({CLIENT_ID: client_id, PUBLISHERS_CLIENT_ID: client_id})
    if all(settings.get(setting) == value for setting, value in values.items()):
        return
    with suppress(NotSaved), settings.alone():
        for setting, value in values.items():
            if settings.get(setting) != value:
                settings.set(setting, value)
