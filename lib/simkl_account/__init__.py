# SPDX-License-Identifier: GPL-2.0-or-later
"""The Simkl account of this Kodi, for other add-ons.

An add-on with <import addon="script.simkl.account" version="0.6.0"/> in its addon.xml can use it:

    import simkl_account

    account = simkl_account.get_account()  # who is signed in
    answer = simkl_account.Session().get("https://api.simkl.com/sync/activities")  # a request as the user

The names in __all__ are public; everything else in this package is private. Each name is imported when it is first
used, so requests is imported only for Session. docs/for-add-ons.md in the source has examples.
"""

from __future__ import annotations

from .kodi.addon import monitor as _monitor
from .snapshot import keep as _keep

_keep(__name__, __path__[0])
_monitor()  # a Monitor that is made after Kodi began to quit does not notice it

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from typing import Any

    from .errors import (
        AddonRemoved,
        AppLimitExceeded,
        LimitExceeded,
        SignInNeeded,
        SimklAccountError,
        UserLimitExceeded,
    )
    from .models import Account
    from .outcome import SignInResult
    from .session import Session
    from .simkl.watched import ShuttingDown

__all__ = [
    "Account",
    "AddonRemoved",
    "AppLimitExceeded",
    "LimitExceeded",
    "Session",
    "ShuttingDown",
    "SignInNeeded",
    "SignInResult",
    "SimklAccountError",
    "UserLimitExceeded",
    "get_account",
    "is_signed_in",
    "sign_in",
    "sign_out",
]

__version__ = "0.6.0"
"""The version of the code that is loaded. After an update, that is not the installed one any more."""

_MODULES = {
    "Account": "models",
    "AddonRemoved": "errors",
    "AppLimitExceeded": "errors",
    "LimitExceeded": "errors",
    "Session": "session",
    "ShuttingDown": "simkl.watched",
    "SignInNeeded": "errors",
    "SignInResult": "outcome",
    "SimklAccountError": "errors",
    "UserLimitExceeded": "errors",
}


def get_account() -> Account | None:
    """Return who is signed in; None if nobody is. The account is read each time, in about a millisecond.

    A damaged account counts as none, with one line in kodi.log.
    """
    from .wiring import accounts

    return accounts().load()


def is_signed_in() -> bool:
    """Return True if requests as the user can be sent: somebody is signed in, and Simkl accepts the sign-in."""
    account = get_account()
    return account is not None and not account.needs_sign_in


def sign_in() -> SignInResult:
    """Have the user sign in, and return how that ended. The add-on itself tells the user.

    This waits for the user, which can take minutes. So call it when the user has asked for it, and not while Kodi waits
    for a plugin's listing. script.simkl.account itself opens the dialog, so this works from a service, too. If a
    sign-in is open already, its result is returned; if a check or a sign-out is open, CANCELLED. When Kodi quits, this
    returns SHUTTING_DOWN within a fraction of a second. Raises AddonRemoved if script.simkl.account is disabled.
    """
    from .kodi.broker import SIGN_IN, run
    from .outcome import SignInResult

    return SignInResult.__members__.get(run(SIGN_IN), SignInResult.CANCELLED)  # a newer version may have more results


def sign_out() -> bool:
    """Have the user sign out, and return True if nobody is signed in afterwards.

    The add-on itself asks the user, and says how it ended. This waits for the user, as sign_in() does. If a sign-in is
    open, this returns False at once.
    """
    from .kodi.broker import SIGN_OUT, SIGNED_OUT, run

    return get_account() is None or run(SIGN_OUT) == SIGNED_OUT


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value
