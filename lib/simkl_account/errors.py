# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong. No message of these errors holds a URL, a code or a token, because errors end up in logs.

SimklAccountError
 ├── SignInNeeded         nobody is signed in, or Simkl does not accept the sign-in any more
 ├── LimitExceeded        the requests for the day are used up
 │    ├── UserLimitExceeded    those of the user
 │    └── AppLimitExceeded     those of this add-on's client id, for everybody
 ├── AddonRemoved         the add-on was disabled or uninstalled while it ran
 ├── NotSaved             Kodi could not write its settings file
 └── SimklError           a request to Simkl failed
      ├── Unreachable         no usable answer
      ├── ClientIdRefused     Simkl does not accept the client id
      │    └── WrongFlow          the client id may be for the other flow
      ├── SignInFailed        Simkl ended the sign-in for another reason
      ├── RefreshRefused      Simkl does not accept the refresh token
      ├── TokenRefused        Simkl does not accept the access token
      ├── TokenOutdated       Simkl accepts this request only with a token of the device flow
      └── ScopeInsufficient   the sign-in does not allow this request

All but the SimklErrors reach other add-ons. This module imports nothing when it runs, because it is loaded before the
first dialog is shown.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from .outcome import Cause


_PASSING = (500, 502, 503, 504, *range(520, 531))
"""The statuses of faults that usually end within seconds. From 520 on, they come from Simkl's CDN."""


class SimklAccountError(Exception):
    """Base of all errors that simkl_account raises on its own."""


class SignInNeeded(SimklAccountError):
    """Raised when nobody is signed in, or when Simkl no longer accepts the sign-in: the user has to sign in (again)."""


class LimitExceeded(SimklAccountError):
    """Raised when the requests for the day are used up. The day ends at midnight in New York."""

    def __init__(self, ends_at: datetime) -> None:
        """ends_at: when requests work again, with its time zone."""
        super().__init__(f"until {ends_at.isoformat(timespec='seconds')}")
        self.ends_at = ends_at

    def __reduce__(self) -> tuple[type[LimitExceeded], tuple[datetime]]:
        """Let it be pickled and copied."""
        return type(self), (self.ends_at,)


class UserLimitExceeded(LimitExceeded):
    """Raised when the user's requests for the day are used up (free 500, pro 1,000, vip 10,000). All apps of the user
    share them."""


class AppLimitExceeded(LimitExceeded):
    """Raised when the day's requests of this add-on's client id are used up. All users of the client id share them."""


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

    def __init__(self, cause: Cause, detail: str = "", retry_after: float | None = None, status: int = 200) -> None:
        """detail: for the log, without secrets. retry_after: seconds to wait, if Simkl wants that.

        status: the HTTP status, if there was an answer.
        """
        super().__init__(f"{cause.value} ({detail})" if detail else cause.value)
        self.cause = cause
        self.retry_after = retry_after
        self.is_passing = status in _PASSING
        """Whether Simkl has a fault that usually ends within seconds."""
        self.is_block = status == 412
        """Whether Simkl blocks the client id for some minutes, after too many requests."""
        self.is_final = 300 <= status < 500
        """Whether the answer will be the same the next time: a redirect or a refusal."""


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


class TokenOutdated(SimklError):
    """Raised when Simkl accepts a request only with a token of the device flow, and this one is the PIN flow's."""


class ScopeInsufficient(SimklError):
    """Raised when the sign-in is good, but does not allow this request."""
