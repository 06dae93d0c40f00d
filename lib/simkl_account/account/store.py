# SPDX-License-Identifier: GPL-2.0-or-later
"""Read, replace and remove the stored account.

The whole account is one value, the setting `account`, so that it is stored completely or not at all. Other settings
repeat parts of it: for the add-on's settings window, and for add-ons that read `access_token` or `user_name`.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import date
from typing import Any, Callable, Tuple, TypeVar

from ..errors import NotSaved, SignInNeeded
from ..models import ACCESS_TOKEN_SHAPE, Account, Credentials, User
from ..setting import Setting
from .journal import Journal

T = TypeVar("T")

Stored = Tuple[Credentials, Account]

YES, OUTDATED, AGAIN = "yes", "outdated", "again"
"""Values of Setting.SIGNED_IN: signed in; signed in, but outdated (see pin_retirement.py); a new sign-in is needed.
A newer version may have others."""

_VALID: dict[str, Any] = {"needs_sign_in": False, "is_client_id_refused": False}
"""The fields of an account that Simkl accepts."""

_FIRST = (Setting.SIGNED_IN, Setting.ACCOUNT)
"""The settings that are written first. ACCOUNT is not read without SIGNED_IN, which Kodi's Defaults button clears."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class AccountStore:
    """The account of this Kodi profile."""

    def __init__(
        self,
        journal: Journal,
        warn: Callable[[str], None] = lambda message: None,
        today: Callable[[], date] = date.today,
        unsaved: dict[str, Credentials] | None = None,
        on_change: Callable[[Account], None] = lambda account: None,
        local_date: Callable[[str], str] = str,
    ) -> None:
        """warn: writes a line to the log. on_change: called after Simkl has said something new of the account.
        local_date: returns a date such as 2026-11-24 as the settings window shows it.

        unsaved: refreshed credentials that could not be stored, which all stores of an interpreter share. The key is
        the access token that is stored, which Simkl has ended.
        """
        self._journal = journal
        self._warn = warn
        self._today = today
        self._on_change = on_change
        self._local_date = local_date
        self._unsaved = {} if unsaved is None else unsaved

    def load(self) -> Account | None:
        """Return the account; None if nobody is signed in."""
        stored = self._found()
        return stored[1] if stored else None

    def valid_credentials(self) -> Credentials:
        """Return what to send requests with. Raises SignInNeeded if there is nothing, or if Simkl refused it."""
        stored = self._found()
        if not stored or stored[1].needs_sign_in:
            raise SignInNeeded("signed out" if not stored else "the sign-in is no longer valid")
        return stored[0]

    def credentials(self) -> Credentials | None:
        """Return the stored credentials, valid or not; None if nobody is signed in."""
        stored = self._found()
        return stored[0] if stored else None

    def replace(self, credentials: Credentials) -> Stored | None:
        """Store a new sign-in, and return what it replaces. Raises NotSaved: then nothing has changed.

        The token is stored before the user is known, because Simkl sends a token only once: see set_user().
        """
        with self._journal.exclusive():
            before = self._write(credentials, Account("", None, "", self._today().isoformat(), False))
            with suppress(ValueError, RecursionError):
                return self._decode(before)
            return None

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
            with self._journal.exclusive():
                stored = self._restored()
                if not stored or (stored[0].client_id, stored[0].refresh_token) != (old.client_id, old.refresh_token):
                    return
                changed = stored[1]._replace(**_VALID)
                self._write(new, changed, keep_unknown=True)
            if changed != stored[1]:
                self._on_change(changed)
        except NotSaved as error:
            on_disk = next((token for token, unsaved in self._unsaved.items() if unsaved == old), old.access_token)
            self._unsaved.clear()
            self._unsaved[on_disk] = new
            self._warn(f"the refreshed token is not saved: {error}")

    def _change(self, credentials: Credentials, **changes: Any) -> bool:
        """Change the account. Returns False if other credentials are stored, or if nothing changes. Raises NotSaved."""
        with self._journal.exclusive():
            stored = self._restored()
            if not stored or stored[0].access_token != credentials.access_token:
                return False
            changed = stored[1]._replace(**changes)
            if changed == stored[1]:
                return False
            self._write(stored[0], changed, keep_unknown=True)
        self._on_change(changed)
        return True

    def remove(self) -> None:
        """Remove the account from this device. Raises NotSaved."""
        with self._journal.exclusive():
            self._clear()

    def repair(self) -> None:
        """Finish what a crash, Kodi's Defaults button or an older version left half done. Raises NotSaved.

        A damaged account is not removed, because somebody may be able to mend it, but it does not count as signed in.
        """
        with self._journal.exclusive():
            stored, values = self._restored(), self._journal.read()
            if stored and not values[Setting.ACCOUNT]:
                self._write(*stored)
            elif stored:
                self._journal.change(self._repeated(*stored))
            elif values[Setting.ACCOUNT] and not values[Setting.SIGNED_IN] and _is_account(values[Setting.ACCOUNT]):
                self._clear()
            else:
                self._journal.change({Setting.SIGNED_IN: ""})

    def _read(self) -> Stored | None:
        """Return the stored account, without a look at the journal's copy."""
        with suppress(ValueError, RecursionError):
            return self._decode(self._journal.read())
        return None

    def _found(self) -> Stored | None:
        """Return the stored account. If it seems to be gone, look again with the lock held: Kodi may be writing it."""
        stored = self._read()
        if stored:
            return stored
        try:
            with self._journal.exclusive():
                return self._restored()
        except NotSaved:
            return self._read()  # another interpreter has been changing the account for seconds

    def _restored(self) -> Stored | None:
        """Return the stored account, put back from the journal's copy if it is lost. Call it with the lock held."""
        for is_damaged in (False, True):
            with suppress(ValueError, RecursionError):
                return self._decode(self._journal.restore(is_damaged))
        self._warn("the stored account is damaged: signed out")
        return None

    def _decode(self, values: dict[str, str]) -> Stored | None:
        """Return the account in these settings. Raises ValueError or RecursionError if it is damaged.

        A token without Setting.ACCOUNT was stored by version 0.1.0.
        """
        if values[Setting.ACCOUNT]:
            credentials, account = _decode(values[Setting.ACCOUNT])
            credentials = self._unsaved.get(credentials.access_token, credentials)
            return (credentials, account) if values[Setting.SIGNED_IN] else None
        if values[Setting.ACCESS_TOKEN]:
            credentials = Credentials(_token(values[Setting.ACCESS_TOKEN]), values[Setting.CLIENT_ID].strip())
            return credentials, Account(values[Setting.USER_NAME], None, "", "", False)
        return None

    def _write(self, credentials: Credentials, account: Account, keep_unknown: bool = False) -> dict[str, str]:
        """Store an account, and return the settings from before.

        keep_unknown: keep the fields that a newer version has stored with the account.
        """
        fields: dict[str, Any] = {}
        if keep_unknown:
            with suppress(ValueError, RecursionError):
                fields = json.loads(self._journal.read()[Setting.ACCOUNT])
        fields = {**fields, **credentials._asdict(), **account._asdict()}
        del fields["can_write"]  # which credentials say
        text = json.dumps(fields, sort_keys=True)
        changes = {Setting.SIGNED_IN: _status(account), Setting.ACCOUNT: text, **self._repeated(credentials, account)}
        return self._journal.change(changes, _FIRST)

    def _repeated(self, credentials: Credentials, account: Account) -> dict[str, str]:
        """Return the settings that repeat parts of the account. The name is first: no new token beside an old name."""
        return {
            Setting.USER_NAME: account.name,
            Setting.ACCESS_TOKEN: credentials.access_token,
            Setting.ACCOUNT_TYPE: account.type,
            Setting.SIGNED_IN_SINCE: self._local_date(account.since),
        }

    def _clear(self) -> None:
        """Clear all settings of the account. ACCESS_TOKEN goes before ACCOUNT, without which it would count."""
        names = (
            Setting.SIGNED_IN_SINCE,
            Setting.ACCOUNT_TYPE,
            Setting.ACCESS_TOKEN,
            Setting.USER_NAME,
            Setting.ACCOUNT,
            Setting.SIGNED_IN,
        )
        self._journal.change(dict.fromkeys(names, ""), names, commit_first=True)


def _is_account(text: str) -> bool:
    try:
        _decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _status(account: Account) -> str:
    if account.needs_sign_in:
        return AGAIN
    return OUTDATED if account.is_outdated else YES


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
        can_write=not credentials.is_read_only,
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
