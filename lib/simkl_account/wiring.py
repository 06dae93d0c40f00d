# SPDX-License-Identifier: GPL-2.0-or-later
"""Put the parts together as they run in Kodi, for the entry script and for the requests of other add-ons."""

from __future__ import annotations

from hashlib import sha256

from .account.client_id import known_flow, remember_flow
from .account.journal import Journal
from .account.refresh import refresh
from .account.store import AccountStore
from .kodi import addon
from .kodi.cooldown import Cooldown
from .kodi.lock import REFRESH, Lock
from .kodi.proxy import proxy_url
from .kodi.settings import KodiSettings
from .kodi.settings_copy import SettingsCopy
from .kodi.shared import warn_once
from .models import Account, Credentials
from .simkl.background import BackgroundClient, Runtime
from .simkl.client import DEVICE, Simkl

APP_NAME = "kodi-simkl-account"
"""This add-on's name in Simkl's statistics and in the User-Agent."""

_unsaved: dict[str, Credentials] = {}
"""See AccountStore."""


def connect(client_id: str) -> Simkl:
    """Return a Simkl client. Call it in the background: the first call imports requests, which is slow."""
    from .simkl.transport import Transport

    settings = KodiSettings()
    return Simkl(
        client_id,
        Transport(APP_NAME, addon.version(), proxy_url()),
        first=known_flow(settings, client_id) or DEVICE,
        remember=lambda flow: remember_flow(settings, journal(), client_id, flow),
    )


def accounts(notify: bool = True) -> AccountStore:
    """Return the account of this Kodi profile. notify: tell other add-ons of changes by what Simkl says."""

    def tell(account: Account) -> None:
        if notify:
            addon.notify_changed(account.needs_sign_in, account.can_write)

    return AccountStore(journal(), warn_once, unsaved=_unsaved, on_change=tell, local_date=addon.local_date)


def journal() -> Journal:
    """Return the settings of this Kodi profile, with their copy."""
    return Journal(KodiSettings(), SettingsCopy(), warn_once)


def cooldown(name: str, credentials: Credentials) -> Cooldown:
    """Return the cooldown of this name for the account of these credentials. Its key does not tell the token."""
    token = credentials.refresh_token or credentials.access_token
    return Cooldown(f"{name}.{sha256(token.encode()).hexdigest()[:16]}")


def refresh_in_this_kodi(
    simkl: BackgroundClient, credentials: Credentials, accounts: AccountStore, runtime: Runtime
) -> Credentials:
    """Refresh the credentials with the lock that all interpreters of this Kodi share: see account.refresh.refresh()."""
    return refresh(simkl, credentials, accounts, runtime, Lock(REFRESH), cooldown("refresh", credentials))
