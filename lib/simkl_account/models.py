# SPDX-License-Identifier: GPL-2.0-or-later
"""Plain values that the whole package shares: a code, credentials, a user, the account."""

from __future__ import annotations

import re
from typing import NamedTuple

ACCESS_TOKEN_SHAPE = re.compile(r"[\x21-\x7e]{1,2048}")
"""What an access token or a refresh token may look like: visible ASCII, as an Authorization header needs it."""

MEDIA_READ, MEDIA_WRITE = "media:read", "media:write"
"""Simkl's scopes: reading the history and settings, and changing them."""


class Code(NamedTuple):
    """A code that the user enters at Simkl (RFC 8628, 3.2). It is secret: with it, an app can collect the token."""

    user_code: str
    page: str
    """Where the user enters the code, without https://. Always a page of simkl.com."""
    expires_in: float
    """Seconds from the request."""
    interval: float
    """Seconds between two polls."""
    link: str = ""
    """The page with the code filled in, with https://, for the QR code."""
    device_code: str = ""
    """The device flow's own code, which the user never sees. It is as secret as a token."""

    def __repr__(self) -> str:
        return "Code(...)"  # a repr can end up in a log


class Credentials(NamedTuple):
    """The tokens of a sign-in: the secret part of the account."""

    access_token: str
    client_id: str
    """The client id that asked for the tokens. Simkl accepts them with no other."""
    refresh_token: str = ""
    """What a new access token is requested with. "" for the PIN flow, whose token lasts until the user revokes it."""
    issued_at: float = 0.0
    expires_at: float = 0.0
    """Seconds since 1970 by this device's clock, which may be wrong; 0 if not known."""
    scope: str = ""
    """The scopes above that Simkl named, separated by spaces. "" for the PIN flow, which allows everything."""

    @property
    def is_read_only(self) -> bool:
        """Whether changing the history is not allowed."""
        return bool(self.scope) and MEDIA_WRITE not in self.scope.split()

    def __repr__(self) -> str:
        return "Credentials(...)"  # a repr can end up in a log


class User(NamedTuple):
    """Whom an access token belongs to, as Simkl says it."""

    name: str
    """For display: one line of at most 50 characters, without Kodi's label markup."""
    id: int | None = None
    """Simkl's number of the account; None if Simkl did not say."""
    type: str = ""
    """One of "free", "pro" and "vip"; "" if Simkl said something else."""


class Account(NamedTuple):
    """Who is signed in."""

    name: str
    """For display: one line of at most 50 characters, without Kodi's label markup. "" until Simkl has said it."""
    id: int | None
    """Simkl's number of the account, which never changes (a name can). None until Simkl has said it."""
    type: str
    """One of "free", "pro" and "vip"; "" until Simkl has said it."""
    since: str
    """The day of the sign-in, as YYYY-MM-DD; "" if not known."""
    needs_sign_in: bool
    """Whether Simkl no longer accepts the sign-in: no request works until the user signs in again."""
    is_outdated: bool = False
    """Whether the sign-in works, but was made by the PIN flow, which Simkl retires: a new sign-in is advisable."""
    is_client_id_refused: bool = False
    """Whether a new sign-in is needed because Simkl no longer accepts the client id."""
    can_write: bool = True
    """Whether the sign-in allows changing the history."""

    def is_somebody_else(self, user: User) -> bool:
        """Return True if the user is known to be another one than this account's."""
        if self.id is not None and user.id is not None:
            return self.id != user.id
        return bool(self.name) and self.name != user.name
