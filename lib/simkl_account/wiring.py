# SPDX-License-Identifier: GPL-2.0-or-later
"""Put the parts together as they run in Kodi, for the entry script and for the requests of other add-ons."""

from __future__ import annotations

from .account.client_id import known_flow, remember_flow
from .account.refresh import refresh
from .account.store import AccountStore
from .kodi import addon
from .kodi.lock import REFRESH, Lock
from .kodi.proxy import proxy_url
from .kodi.settings import KodiSettings
from .kodi.shared import warn_once
from .models import Credentials
from .simkl.background import BackgroundClient, Runtime
from .simkl.client import PIN, Simkl

APP_NAME = "kodi-simkl-account"
"""This add-on's name in Simkl's statistics and in the User-Agent."""


def connect(client_id: str) -> Simkl:
    """Return a Simkl client. Call it in the background: the first call imports requests, which is slow."""
    from .simkl.transport import Transport

    settings = KodiSettings()
    return Simkl(
        client_id,
        Transport(APP_NAME, addon.version(), proxy_url()),
        first=known_flow(settings, client_id) or PIN,
        remember=lambda flow: remember_flow(settings, client_id, flow),
    )


def accounts() -> AccountStore:
    """Return the account of this Kodi profile."""
    return AccountStore(KodiSettings(), warn_once)


def refresh_in_this_kodi(simkl: BackgroundClient, credentials: Credentials, runtime: Runtime) -> Credentials:
    """Refresh the credentials with the lock that all interpreters of this Kodi share: see account.refresh.refresh()."""
    return refresh(simkl, credentials, accounts(), runtime, Lock(REFRESH), addon.log)
