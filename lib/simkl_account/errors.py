# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong. No message of these errors holds a URL, a code or a token, because errors end up in logs.

SimklAccountError
 ├── SignInNeeded         nobody is signed in, or Simkl does not accept the sign-in any more
 ├── UserLimitExceeded    the user's requests for the day are used up
 ├── AddonRemoved         the add-on was disabled or uninstalled while it ran
 ├── NotSaved             Kodi could not write its settings file
 └── SimklError           a request to Simkl failed
      ├── Unreachable         no usable answer
      ├── ClientIdRefused     Simkl does not accept the client id
      │    └── WrongFlow          the client id may be for the other flow
      ├── SignInFailed        Simkl ended the sign-in for another reason
      ├── RefreshRefused      Simkl does not accept the refresh token
      └── TokenRefused        Simkl does not accept the access token

The first three reach other add-ons. This module imports nothing when it runs, because it is loaded before the first
dialog is shown.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from .outcome import Cause


class SimklAccountError(Exception):
    """Base of all errors that simkl_account raises on its own."""


class SignInNeeded(SimklAccountError):
    """Raised when nobody is signed in, or when Simkl no longer accepts the sign-in: the user has to sign in (again)."""


class UserLimitExceeded(SimklAccountError):
    """Raised when the user's requests for the day are used up (free 500, pro 1,000, vip 10,000)."""

    def __init__(self, ends_at: datetime | None) -> None:
        """ends_at: when requests work again, with its time zone; None if Simkl did not say."""
        super().__init__(f"until {ends_at.isoformat()}" if ends_at else "for today")
        self.ends_at = ends_at


class AddonRemoved(SimklAccountError, RuntimeError):
    """Raised when Kodi does not know the account add-on any more: it was disabled or uninstalled, or Kodi is quitting.

    It is also a RuntimeError, as the one that xbmcaddon.Addon raises then.
    """


class NotSaved(SimklAccountError):
    """Raised when a change is not on the disk: Kodi could not write the settings file, or it is locked."""


class SimklError(SimklAccountError):
    """Base of all errors that a request to Simkl can raise."""


class Unreachable(SimklError):
    """Raised when there was no usable answer. A later request may get one."""

    def __init__(
        self, cause: Cause, detail: str = "", retry_after: float | None = None, is_passing: bool = False
    ) -> None:
        """detail: for the log, without secrets. retry_after: seconds to wait, if Simkl wants that.

        is_passing: Simkl has a fault that usually ends within seconds.
        """
        super().__init__(f"{cause.value} ({detail})" if detail else cause.value)
        self.cause = cause
        self.retry_after = retry_after
        self.is_passing = is_passing


class ClientIdRefused(SimklError):
    """Raised when Simkl does not accept the client id: it is wrong, or blocked after too many requests."""


class WrongFlow(ClientIdRefused):
    """Raised when Simkl does not accept the client id for this flow. The other flow may accept it."""


class SignInFailed(SimklError):
    """Raised when Simkl ended the sign-in with an error that this add-on does not know (RFC 8628, 3.5)."""


class RefreshRefused(SimklError):
    """Raised when Simkl does not accept the refresh token. The grant has ended: the user has to sign in again."""


class TokenRefused(SimklError):
    """Raised when Simkl does not accept the access token. A single refusal can be a passing fault of Simkl's."""
