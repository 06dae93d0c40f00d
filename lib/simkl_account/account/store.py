# SPDX-License-Identifier: GPL-2.0-or-later
"""The stored account: what is kept of a sign-in, and how it is read, replaced and removed.

All of it is one value, the setting `account`, so that it is stored whole or not at all. What else is written is
for the settings window to show, and for add-ons that read `access_token` or `user_name` themselves.
"""

import json
import re
from datetime import date
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ContextManager,
    Dict,
    NamedTuple,
    Optional,
    Protocol,
    Tuple,
    Type,
    TypeVar,
)

from ..errors import NotSaved, SignInNeeded

if TYPE_CHECKING:
    from ..simkl.client import User

CLIENT_ID = "client_id"
PUBLISHERS_CLIENT_ID = "publishers_client_id"
"""What CLIENT_ID was by default when somebody last signed in with it."""
FLOW = "flow"
"""A client id and the name of the flow that it turned out to be for."""
ACCOUNT = "account"
ACCESS_TOKEN = "access_token"  # noqa: S105  # the name of a setting
USER_NAME = "user_name"
ACCOUNT_TYPE = "account_type"
SIGNED_IN_SINCE = "signed_in_since"
SIGNED_IN = "signed_in"
"""YES or AGAIN. The Defaults button of Kodi's settings window resets this, and neither `account` nor the token."""

YES, OUTDATED, AGAIN = "yes", "outdated", "again"
"""Signed in; signed in in a way that Simkl retires; and in need of a new sign-in."""

_MARKS = (YES, OUTDATED, AGAIN)

_STORED = (ACCESS_TOKEN, ACCOUNT, SIGNED_IN, USER_NAME, ACCOUNT_TYPE, SIGNED_IN_SINCE)

WRITE = "media:write"
"""The scope that allows to write the history."""

ACCESS_TOKEN_SHAPE = re.compile(r"[\x21-\x7e]{1,2048}")
"""Whatever may stand in an Authorization header."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")

T = TypeVar("T")


class Settings(Protocol):
    """The add-on's settings, as Kodi keeps them: a string for each id, "" where there is none."""

    def get(self, setting: str) -> str:
        """The value as it is stored now."""
        ...

    def set(self, setting: str, value: str) -> None:
        """Store a value for good, or raise NotSaved."""
        ...

    def alone(self) -> ContextManager[None]:
        """Nobody else in this Kodi changes the account inside of this; raises NotSaved where that can't be had."""
        ...


class Grant(NamedTuple):
    """What a sign-in gave us: the secret part of the account."""

    access_token: str
    client_id: str
    """Whom it was given to. Simkl accepts the token from nobody else."""
    refresh_token: str = ""
    """What a new access token is to be had for; "" for a grant of the PIN flow: its token lasts until it is revoked."""
    issued_at: float = 0.0
    expires_at: float = 0.0
    """Seconds since 1970 by this device's clock, which may be wrong; 0 where it is not known."""
    scope: str = ""
    """What it allows, as Simkl says it; "" for a grant of the PIN flow, which allows everything."""

    def is_read_only(self) -> bool:
        """Whether it does not allow to write the history."""
        return bool(self.scope) and WRITE not in self.scope.split()

    def __repr__(self) -> str:
        return "Grant(...)"  # it would end up in a log


class Account(NamedTuple):
    """Who is signed in."""

    name: str
    """For display: one line of at most 50 characters, without Kodi label markup. "" while Simkl has not said it."""
    id: Optional[int]
    """Simkl's number of the account, the same for ever (names can change). None while Simkl has not said it."""
    type: str
    """"free", "pro" or "vip"; "" while Simkl has not said it."""
    since: str
    """The day of the sign-in, as YYYY-MM-DD; "" where it is not known."""
    needs_sign_in: bool
    """Whether Simkl no longer accepts the sign-in: no request will work before somebody signs in again."""
    is_outdated: bool = False
    """Whether it works, but was made in a way that Simkl retires: somebody had better sign in again."""

    def is_somebody_else(self, user: "User") -> bool:
        """Whether this is known to be another account than the user's."""
        if self.id is not None and user.id is not None:
            return self.id != user.id
        return bool(self.name) and self.name != user.name


class AccountStore:
    """The one account of this Kodi profile."""

    def __init__(
        self,
        settings: Settings,
        warn: Callable[[str], None] = lambda message: None,
        today: Callable[[], date] = date.today,
    ) -> None:
        """warn: takes a line for the log."""
        self._settings = settings
        self._warn = warn
        self._today = today

    def load(self) -> Optional[Account]:
        """The account, or None when signed out."""
        stored = self._read()
        return stored[1] if stored else None

    def grant(self) -> Grant:
        """What to send requests with; raises SignInNeeded when there is nothing, or nothing that is good."""
        stored = self._read()
        if not stored or stored[1].needs_sign_in:
            raise SignInNeeded("signed out" if not stored else "the sign-in is no longer valid")
        return stored[0]

    def last_grant(self) -> Optional[Grant]:
        """The same, good or not; None when signed out."""
        stored = self._read()
        return stored[0] if stored else None

    def replace(self, grant: Grant) -> None:
        """Store a new sign-in; raises NotSaved. Whose it is comes later: that takes a request; a token can't wait."""
        with self._settings.alone():
            self._write(grant, Account("", None, "", self._today().isoformat(), False))

    def set_user(self, grant: Grant, user: "User") -> None:
        """Store whose grant it is, and that it is good; raises NotSaved. Nothing, when another grant is stored now."""
        with self._settings.alone():
            stored = self._read()
            if stored and stored[0].access_token == grant.access_token:
                now = stored[1]._replace(name=user.name, id=user.id, type=user.type, needs_sign_in=False)
                self._write(stored[0], now)

    def set_needs_sign_in(self, grant: Grant) -> None:
        """Store that Simkl no longer accepts this grant; raises NotSaved. Nothing, when another is stored now."""
        with self._settings.alone():
            stored = self._read()
            if stored and stored[0].access_token == grant.access_token:
                self._write(stored[0], stored[1]._replace(needs_sign_in=True))

    def refresh(self, old: Grant, new: Grant) -> None:
        """Store what the old grant was exchanged for; raises NotSaved. Nothing, when another is stored now.

        Two who have exchanged the same one, against all locks: the later token is the one that lives.
        """
        with self._settings.alone():
            stored = self._read()
            if stored and stored[0][1:3] == old[1:3]:  # client id and refresh token
                self._write(new, stored[1]._replace(needs_sign_in=False))

    def set_outdated(self, grant: Grant) -> bool:
        """Store that Simkl retires the way of this grant; raises NotSaved. False when that is nothing new."""
        with self._settings.alone():
            stored = self._read()
            if not stored or stored[0].access_token != grant.access_token or stored[1].is_outdated:
                return False
            self._write(stored[0], stored[1]._replace(is_outdated=True))
            return True

    def remove(self) -> None:
        """Sign out on this device; raises NotSaved."""
        with self._settings.alone():
            self._clear()

    def tidy(self) -> None:
        """Finish what the Defaults button or an older version has left; raises NotSaved.

        What is damaged stays, since somebody may mend it, but the settings window does not call it signed in.
        """
        with self._settings.alone():
            stored, is_new_shape = self._read(), bool(self._settings.get(ACCOUNT))
            if stored and not is_new_shape:
                self._write(*stored)
            elif is_new_shape and not self._settings.get(SIGNED_IN):
                self._clear()
            elif not stored:
                self._change(SIGNED_IN, "")

    def _read(self) -> Optional[Tuple[Grant, Account]]:
        """The one place that reads it. Without `account` it is an older shape, and the token is all there is."""
        get = self._settings.get
        text = get(ACCOUNT)
        try:
            if text:
                return _decode(text) if get(SIGNED_IN) in _MARKS else None
            token = get(ACCESS_TOKEN)
            if token:
                return Grant(_token(token), get(CLIENT_ID).strip()), Account(get(USER_NAME), None, "", "", False)
        except (ValueError, RecursionError):
            self._warn("the stored account is damaged: signed out")
        return None

    def _write(self, grant: Grant, account: Account) -> None:
        """The one place that writes it, all or nothing.

        The order is for a power cut at any line: SIGNED_IN before what is not read without it, and no new token
        beside an old name.
        """
        before = {setting: self._settings.get(setting) for setting in _STORED}
        try:
            self._change(SIGNED_IN, AGAIN if account.needs_sign_in else OUTDATED if account.is_outdated else YES)
            self._change(ACCOUNT, _encode(grant, account))
            if account.name != before[USER_NAME]:
                self._change(USER_NAME, "")
            self._change(ACCESS_TOKEN, grant.access_token)
            self._change(ACCOUNT_TYPE, account.type)
            self._change(SIGNED_IN_SINCE, account.since)
            self._change(USER_NAME, account.name)
        except NotSaved:
            self._put_back(before)
            raise

    def _clear(self) -> None:
        for setting in _STORED:  # the token first
            self._settings.set(setting, "")

    def _change(self, setting: str, value: str) -> None:
        if self._settings.get(setting) != value:
            self._settings.set(setting, value)

    def _put_back(self, values: Dict[str, str]) -> None:
        try:
            for setting, value in values.items():
                self._change(setting, value)
        except NotSaved:
            pass  # the first failure is the one to tell of


def _encode(grant: Grant, account: Account) -> str:
    return json.dumps({**grant._asdict(), **account._asdict()}, sort_keys=True)


def _decode(text: str) -> Tuple[Grant, Account]:
    """Raises ValueError where anything is not as _encode writes it."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")

    def field(name: str, kind: Type[T], default: Optional[T] = None) -> T:
        found = value.get(name, default)
        if type(found) is not kind:  # True is an int to isinstance
            raise ValueError(name)
        return found

    grant = Grant(
        access_token=_token(value.get("access_token")),
        client_id=field("client_id", str),
        refresh_token=field("refresh_token", str, ""),
        issued_at=field("issued_at", float, 0.0),
        expires_at=field("expires_at", float, 0.0),
        scope=field("scope", str, ""),
    )
    account = Account(
        name=field("name", str),
        id=None if value.get("id") is None else field("id", int),
        type=field("type", str),
        since=field("since", str),
        needs_sign_in=field("needs_sign_in", bool),
        is_outdated=field("is_outdated", bool, False),
    )
    if account.since and not _DATE.fullmatch(account.since):
        raise ValueError("since")
    if grant.refresh_token:
        _token(grant.refresh_token)
    return grant, account


def _token(value: Any) -> str:
    if isinstance(value, str) and ACCESS_TOKEN_SHAPE.fullmatch(value):
        return value
    raise ValueError("access_token")
