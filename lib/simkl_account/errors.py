# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong, as types. No text of theirs holds a URL, a code or a token: errors end up in logs."""

from datetime import datetime
from enum import Enum
from typing import Optional


class Trouble(Enum):
    """Why Simkl gave no usable answer, as far as this side can tell."""

    NO_NETWORK = "no network"
    NO_ANSWER = "no answer"
    INSECURE = "no secure connection"
    PROXY = "proxy"
    NO_SOCKS = "no library for SOCKS"
    BUSY = "too many requests"
    BAD_ANSWER = "bad answer"
    QUOTA = "daily limit"


class SimklError(Exception):
    """Base of everything that a request to Simkl can raise."""


class Unreachable(SimklError):
    """There was no usable answer; a later try may get one."""

    def __init__(self, trouble: Trouble, detail: str = "", retry_after: Optional[float] = None) -> None:
        """detail: for the log, free of secrets. retry_after: seconds Simkl asked to be left alone, if it did."""
        super().__init__(f"{trouble.value} ({detail})" if detail else trouble.value)
        self.trouble = trouble
        self.retry_after = retry_after


class ClientIdRefused(SimklError):
    """Simkl does not accept the client id (wrong, or blocked for too much traffic)."""


class OtherFlow(ClientIdRefused):
    """Simkl does not accept the client id for this way of signing in; maybe for another."""


class FlowFailed(SimklError):
    """Simkl has ended the sign-in for a reason that has no name here."""


class GrantRefused(SimklError):
    """Simkl does not accept the refresh token: the grant has ended, and a person has to sign in again."""


class TokenRefused(SimklError):
    """Simkl does not accept the access token. Once alone, this can be a passing fault."""


class SignInNeeded(Exception):
    """Nobody is signed in, or Simkl no longer accepts the sign-in: a person has to sign in (again)."""


class UserLimitExceeded(Exception):
    """The requests that Simkl allows this account in a day are used up (free 500, pro 1,000, vip 10,000)."""

    def __init__(self, ends_at: Optional[datetime]) -> None:
        """ends_at: when there are new ones, with its time zone; None where Simkl did not say."""
        super().__init__(f"until {ends_at.isoformat()}" if ends_at else "for today")
        self.ends_at = ends_at


class NotSaved(Exception):
    """Kodi could not write the account to its settings file."""
