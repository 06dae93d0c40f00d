# SPDX-License-Identifier: GPL-2.0-or-later
"""How a sign-in or a check ended."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from .models import Credentials, User


class SignInResult(Enum):
    """How a sign-in ended."""

    SIGNED_IN = auto()
    """The account is stored and was read back."""
    CANCELLED = auto()
    """The user cancelled, or has no client id to enter. No sign-in was stored."""
    EXPIRED = auto()
    """The code ran out, or Simkl does not know it any more."""
    DENIED = auto()
    """The user said no at Simkl."""
    ANSWER_LOST = auto()
    """An answer got lost, and now Simkl does not know the code: probably the token was in that answer."""
    REFUSED = auto()
    """Simkl does not accept the client id."""
    UNREACHABLE = auto()
    """Simkl sent no usable answer."""
    NOT_SAVED = auto()
    """Kodi could not store the account."""
    NEEDS_SIGN_IN = auto()
    """Simkl no longer accepts the stored sign-in. Only a check ends like this."""
    TOKEN_REFUSED = auto()
    """Simkl does not accept the stored sign-in at the moment, which may pass. Only a check ends like this."""
    SHUTTING_DOWN = auto()
    """Kodi is quitting, or the account add-on was disabled."""


class Cause(Enum):
    """Why Simkl sent no usable answer, as far as this device can tell. The values are written to the log."""

    NO_NETWORK = "no network"
    NO_ANSWER = "no answer"
    INSECURE = "no secure connection"
    PROXY = "proxy"
    NO_SOCKS = "no library for SOCKS"
    BUSY = "too many requests"
    BAD_ANSWER = "bad answer"
    USER_LIMIT = "the user's daily limit"
    APP_LIMIT = "the client id's daily limit"


class Outcome(NamedTuple):
    """A result, with what the user is told about it."""

    result: SignInResult
    cause: Cause | None = None
    user_name: str = ""
    """Who is signed in; "" if Simkl did not say."""
    replaced_name: str = ""
    """Who was signed in before, if that was another account; else ""."""
    is_nameless: bool = False
    """Whether the user has no name at Simkl."""
    read_only: bool = False
    """Whether the sign-in does not allow changing the history."""
    seconds_left: float = 0.0
    """Seconds until a daily limit ends; 0 if the cause is another one."""
    is_same_account: bool = False
    """Whether the account is known to be the one that was signed in before."""

    def __str__(self) -> str:
        """Return the result for the log: names only."""
        return self.result.name + (f", {self.cause.value}" if self.cause else "")

    @property
    def is_success(self) -> bool:
        """Whether somebody is signed in."""
        return self.result is SignInResult.SIGNED_IN

    @property
    def is_silent(self) -> bool:
        """Whether the user is told nothing: the user cancelled, or Kodi is quitting."""
        return self.result in (SignInResult.CANCELLED, SignInResult.SHUTTING_DOWN)

    @property
    def wants_new_code(self) -> bool:
        """Whether the code is used up, so that trying again means a new code."""
        return self.result in (SignInResult.EXPIRED, SignInResult.ANSWER_LOST, SignInResult.DENIED)

    @property
    def wants_other_client_id(self) -> bool:
        """Whether a sign-in only makes sense with another client id."""
        return self.result is SignInResult.REFUSED

    @property
    def can_be_retried(self) -> bool:
        """Whether the user is asked to try again."""
        return self.wants_new_code or self.result is SignInResult.UNREACHABLE

    @property
    def has_unsaved_token(self) -> bool:
        """Whether a token is in memory that would be lost if the user is not asked."""
        return self.result is SignInResult.NOT_SAVED


def signed_in(user: User, credentials: Credentials) -> Outcome:
    """Return the outcome of a sign-in or a check after which this user is signed in."""
    return Outcome(
        SignInResult.SIGNED_IN,
        user_name=user.name,
        is_nameless=not user.name,
        read_only=credentials.is_read_only,
    )
