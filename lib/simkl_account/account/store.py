# SPDX-License-Identifier: GPL-2.0-or-later
"""Read, replace and remove the stored account.

The whole account is one value, the setting `account`, so that it is stored completely or not at all. Five other
settings repeat parts of it: for the add-on's settings window, and for add-ons that read `access_token` or `user_name`.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any, Callable, ContextManager, Protocol, TypeVar

from ..errors import NotSaved, SignInNeeded
from ..models import ACCESS_TOKEN_SHAPE, Account, Credentials, User
from ..setting import Setting

T = TypeVar("T")

YES, OUTDATED, AGAIN = "yes", "outdated", "again"
"""Values of Setting.SIGNED_IN: signed in; signed in, but outdated (see pin_retirement.py); a new sign-in is needed."""

_VALID: dict[str, Any] = {"needs_sign_in": False, "is_client_id_refused": False}
"""The fields of an account that Simkl accepts."""

_STATUSES = (YES, OUTDATED, AGAIN)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Settings(Protocol):
    """The add-on's settings. Each value is a string; "" if there is none."""

    def get(self, setting: str) -> str:
        """Return the value that is stored now."""

    def set(self, setting: str, value: str) -> None:
        """Store a value. Raises NotSaved if it is not on the disk afterwards."""

    def exclusive(self) -> ContextManager[None]:
        """Keep everybody else in this Kodi from changing the account. Raises NotSaved if another keeps the lock."""


class AccountStore:
    """The account of this Kodi profile."""

    def __init__(
        self,
        settings: Settings,
        warn: Callable[[str], None] = lambda message: None,
        today: Callable[[], date] = date.today,
    ) -> None:
        """warn: writes a line to the log."""
        self._settings = settings
        self._warn = warn
        self._today = today
        self._unsaved: dict[str, Credentials] = {}
        """Refreshed credentials that could not be stored, by the access token that is stored instead. Simkl has ended
        that one."""

    def load(self) -> Account | None:
        """Return the account; None if nobody is signed in."""
        stored = self._read()
        return stored[1] if stored else None

    def valid_credentials(self) -> Credentials:
        """Return what to send requests with. Raises SignInNeeded if there is nothing, or if Simkl refused it."""
        stored = self._read()
        if not stored or stored[1].needs_sign_in:
            raise SignInNeeded("signed out" if not stored else "the sign-in is no longer valid")
        return stored[0]

    def credentials(self) -> Credentials | None:
        """Return the stored credentials, valid or not; None if nobody is signed in."""
        stored = self._read()
        return stored[0] if stored else None

    def replace(self, credentials: Credentials) -> tuple[Credentials, Account] | None:
        """Store a new sign-in, and return what it replaces. Raises NotSaved.

        The token is stored before the user is known, because Simkl sends a token only once: see set_user().
        """
        with self._settings.exclusive():
            before = self._read()
            self._write(credentials, Account("", None, "", self._today().isoformat(), False))
            return before

    def set_user(self, credentials: Credentials, user: User) -> None:
        """Store the user, and that the credentials are valid. Not if others are stored by now. Raises NotSaved."""
        self._change(credentials, name=user.name, id=user.id, type=user.type, **_VALID)

    def set_valid(self, credentials: Credentials) -> None:
        """Store that Simkl accepts the credentials. Does nothing if others are stored. Raises NotSaved."""
        self._change(credentials, **_VALID)

    def set_needs_sign_in(self, credentials: Credentials, is_client_id_refused: bool = False) -> None:
        """Store that Simkl refuses the credentials. Does nothing if others are stored. Raises NotSaved."""
        self._change(credentials, needs_sign_in=True, is_client_id_refused=is_client_id_refused)

    def set_outdated(self, credentials: Credentials) -> bool:
        """Store that the sign-in is outdated: see pin_retirement.py. Returns False if it was so. Raises NotSaved."""
        return self._change(credentials, is_outdated=True)

    def set_refreshed(self, old: Credentials, new: Credentials) -> None:
        """Store refreshed credentials. Does nothing if those of another sign-in are stored by now.

        If they cannot be stored, keep them in memory: the stored access token has ended.
        """
        try:
            with self._settings.exclusive():
                stored = self._read()
                if stored and (stored[0].client_id, stored[0].refresh_token) == (old.client_id, old.refresh_token):
                    self._write(new, stored[1]._replace(**_VALID))
        except NotSaved as error:
            on_disk = next((token for token, unsaved in self._unsaved.items() if unsaved == old), old.access_token)
            self._unsaved = {on_disk: new}
            self._warn(f"the refreshed token is not saved: {error}")

    def _change(self, credentials: Credentials, **changes: Any) -> bool:
        """Change the account. Returns False if other credentials are stored, or if nothing changes. Raises NotSaved."""
        with self._settings.exclusive():
            stored = self._read()
            if not stored or stored[0].access_token != credentials.access_token:
                return False
            changed = stored[1]._replace(**changes)
            if changed != stored[1]:
                self._write(stored[0], changed)
            return changed != stored[1]

    def remove(self) -> None:
        """Remove the account from this device. Raises NotSaved."""
        with self._settings.exclusive():
            self._clear()

    def repair(self) -> None:
        """Finish what Kodi's Defaults button or an older version left half done. Raises NotSaved.

        A damaged account is not removed, because somebody may be able to mend it, but it does not count as signed in.
        """
        with self._settings.exclusive():
            stored, has_account = self._read(), bool(self._settings.get(Setting.ACCOUNT))
            if stored and not has_account:
                self._write(*stored)
            elif has_account and not self._settings.get(Setting.SIGNED_IN) and not self._is_damaged():
                self._clear()
            elif not stored:
                self._set_if_changed(Setting.SIGNED_IN, "")

    def _is_damaged(self) -> bool:
        try:
            _decode(self._settings.get(Setting.ACCOUNT))
        except (ValueError, RecursionError):
            return True
        return False

    def _read(self) -> tuple[Credentials, Account] | None:
        """Return the stored account. A token without Setting.ACCOUNT was stored by version 0.1.0."""
        get = self._settings.get
        text = get(Setting.ACCOUNT)
        try:
            if text:
                credentials, account = _decode(text)
                credentials = self._unsaved.get(credentials.access_token, credentials)
                return (credentials, account) if get(Setting.SIGNED_IN) in _STATUSES else None
            token = get(Setting.ACCESS_TOKEN)
            if token:
                credentials = Credentials(_token(token), get(Setting.CLIENT_ID).strip())
                return credentials, Account(get(Setting.USER_NAME), None, "", "", False)
        except (ValueError, RecursionError):
            self._warn("the stored account is damaged: signed out")
        return None

    def _write(self, credentials: Credentials, account: Account) -> None:
        """Store an account. If one of the settings cannot be written, restore all of them and raise NotSaved."""
        before = {setting: self._settings.get(setting) for setting, _ in _SETTINGS_IN_WRITE_ORDER}
        try:
            for setting, value in _SETTINGS_IN_WRITE_ORDER:
                self._set_if_changed(setting, value(credentials, account))
        except NotSaved:
            self._roll_back(before)
            raise

    def _clear(self) -> None:
        for setting, _ in reversed(_SETTINGS_IN_WRITE_ORDER):
            self._settings.set(setting, "")

    def _set_if_changed(self, setting: str, value: str) -> None:
        if self._settings.get(setting) != value:
            self._settings.set(setting, value)

    def _roll_back(self, values: dict[str, str]) -> None:
        try:
            for setting in reversed(list(values)):
                self._set_if_changed(setting, values[setting])
        except NotSaved:
            pass  # the caller raises the first failure


def _status(account: Account) -> str:
    if account.needs_sign_in:
        return AGAIN
    return OUTDATED if account.is_outdated else YES


def _encode(credentials: Credentials, account: Account) -> str:
    return json.dumps({**credentials._asdict(), **account._asdict()}, sort_keys=True)


_SETTINGS_IN_WRITE_ORDER: tuple[tuple[str, Callable[[Credentials, Account], str]], ...] = (
    (Setting.SIGNED_IN, lambda credentials, account: _status(account)),
    (Setting.ACCOUNT, _encode),
    (Setting.USER_NAME, lambda credentials, account: account.name),
    (Setting.ACCESS_TOKEN, lambda credentials, account: credentials.access_token),
    (Setting.ACCOUNT_TYPE, lambda credentials, account: account.type),
    (Setting.SIGNED_IN_SINCE, lambda credentials, account: account.since),
)
"""The settings and their values, in the order in which they are written; they are cleared in the reverse order.

The power can fail between any two writes. So SIGNED_IN is written first, because ACCOUNT is not read without it, and
USER_NAME before ACCESS_TOKEN, so that a new token never stands beside the old name. ACCESS_TOKEN is cleared
before ACCOUNT, because without ACCOUNT it would count as signed in.
"""


def _decode(text: str) -> tuple[Credentials, Account]:
    """Return what _encode() wrote. Raises ValueError if a required field is missing, or one has another type."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")

    def field(name: str, kind: type[T], default: T | None = None) -> T:
        found = value.get(name, default)
        if type(found) is not kind:  # isinstance() would take True for an int
            raise ValueError(name)
        return found

    credentials = Credentials(
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
        is_client_id_refused=field("is_client_id_refused", bool, False),
    )
    if account.since and not _DATE.fullmatch(account.since):
        raise ValueError("since")
    if credentials.refresh_token:
        _token(credentials.refresh_token)
    return credentials, account


def _token(value: Any) -> str:
    if isinstance(value, str) and ACCESS_TOKEN_SHAPE.fullmatch(value):
        return value
    raise ValueError("access_token")
