# SPDX-License-Identifier: GPL-2.0-or-later
"""The Simkl account of this Kodi, for every add-on.

With <import addon="script.simkl.account" version="0.3.0"/> in its addon.xml, an add-on can

    import simkl_account

    account = simkl_account.get_account()  # who is signed in
    answer = simkl_account.Session().get("https://api.simkl.com/sync/activities")  # a request as the user

The names in __all__ are what others may rely on; all else in this package is private. Nothing is imported before
its first use: requests only for Session and SimklAuth. docs/for-add-ons.md in the source has examples.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from typing import Any, Optional

    from .account.store import Account
    from .errors import SignInNeeded, UserLimitExceeded
    from .outcome import End
    from .session import Session, SimklAuth

__all__ = [
    "Account",
    "End",
    "Session",
    "SignInNeeded",
    "SimklAuth",
    "UserLimitExceeded",
    "get_account",
    "is_signed_in",
    "sign_in",
]

_MODULES = {
    "Account": "account.store",
    "End": "outcome",
    "Session": "session",
    "SignInNeeded": "errors",
    "SimklAuth": "session",
    "UserLimitExceeded": "errors",
}


def get_account() -> "Optional[Account]":
    """Who is signed in, read anew; None when nobody is. Without network, and in well under a millisecond.

    A stored account that is damaged reads as None, with one line in kodi.log.
    """
    from .account.store import AccountStore
    from .kodi.addon import warn_once
    from .kodi.settings import KodiSettings

    return AccountStore(KodiSettings(), warn_once).load()


def is_signed_in() -> bool:
    """Whether requests as the user can be sent: somebody is signed in, and Simkl has not refused that since."""
    account = get_account()
    return account is not None and not account.needs_sign_in


def sign_in() -> "End":
    """Have a person sign in, and return how that ended; End.SIGNED_IN also where another account took its place.

    This waits until the person is done, which may take minutes: call it because of something that the person did, and
    not while Kodi waits for a plugin's listing. The dialog is opened by script.simkl.account itself, so this also
    works from a service. Where a sign-in is already open, its end is returned. The dialog says by itself what went
    wrong. At Kodi's Quit it returns End.SHUTTING_DOWN within a fraction of a second.
    """
    from .kodi.broker import sign_in
    from .outcome import End

    return End.__members__.get(sign_in() or "", End.CANCELLED)


def __getattr__(name: str) -> "Any":
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value
