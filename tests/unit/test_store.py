# SPDX-License-Identifier: GPL-2.0-or-later
"""The stored account: how it is read, written, removed and repaired, also after a power cut or a failed write."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest

from lib.simkl_account.account.journal import Journal
from lib.simkl_account.account.store import AccountStore
from lib.simkl_account.errors import NotSaved, SignInNeeded
from lib.simkl_account.models import Account, Credentials, User

from .fakes import ADA, SIGNED_IN, TODAY, FakeCopy, FakeSettings, signed_in

CREDENTIALS = Credentials("a-token", "an-id", "r-token", 1000.5, 605800.5, "media:read media:write")
NEW = Credentials("new-token", "an-id")
OTHER = Credentials("other-token", "an-id")
"""Credentials that are not stored."""
ACCOUNT = Account("Ada", 7, "pro", TODAY.isoformat(), needs_sign_in=False)

FIELDS = {
    **SIGNED_IN,
    "refresh_token": "r-token",
    "issued_at": 1000.5,
    "expires_at": 605800.5,
    "scope": "media:read media:write",
    "is_outdated": False,
    "is_client_id_refused": False,
}
"""All fields of the setting `account` for CREDENTIALS and ACCOUNT, before they are encoded as JSON."""

WRITE_ORDER = ["signed_in", "account", "user_name", "access_token", "account_type", "signed_in_since"]


def store_of(settings: FakeSettings, log: list[str] | None = None, copy: FakeCopy | None = None) -> AccountStore:
    """Return the store in these settings. Its warnings are added to the log."""
    warn = ([] if log is None else log).append
    return AccountStore(Journal(settings, copy or FakeCopy(), warn), warn, lambda: TODAY)


def stored(**changes: Any) -> FakeSettings:
    """Return settings in which CREDENTIALS and ACCOUNT are stored, with changes to FIELDS."""
    return FakeSettings(**signed_in(**{**FIELDS, **changes}))


def states_of(settings: FakeSettings) -> list[FakeSettings]:
    """Return a list to which each later write adds a copy of all settings: what a power cut would leave."""
    states: list[FakeSettings] = []
    write = settings.set

    def write_and_copy(setting: str, value: str) -> None:
        write(setting, value)
        states.append(FakeSettings(**settings.values))

    settings.set = write_and_copy  # type: ignore[method-assign]
    return states


def test_signed_out() -> None:
    """If there is neither an account nor a token, nobody is signed in, even if other settings are left."""
    store = store_of(FakeSettings(user_name="Ada", signed_in="yes"))
    assert store.load() is None
    assert store.credentials() is None
    with pytest.raises(SignInNeeded):
        store.valid_credentials()


def test_signed_in() -> None:
    """A stored account is returned with its credentials."""
    store = store_of(stored())
    assert store.load() == ACCOUNT
    assert store.valid_credentials() == store.credentials() == CREDENTIALS


def test_replace_and_set_user() -> None:
    """A new sign-in is stored without a user, and set_user() adds the user; other settings stay as they are."""
    settings = FakeSettings(client_id="another-id")
    store = store_of(settings)
    store.replace(CREDENTIALS)
    assert store.load() == Account("", None, "", TODAY.isoformat(), needs_sign_in=False)
    assert store.valid_credentials() == CREDENTIALS
    store.set_user(CREDENTIALS, ADA)
    assert store.load() == ACCOUNT
    assert json.loads(settings.values.pop("account")) == FIELDS
    assert settings.values == {
        "access_token": "a-token",
        "user_name": "Ada",
        "account_type": "pro",
        "signed_in_since": TODAY.isoformat(),
        "signed_in": "yes",
        "client_id": "another-id",
    }


def test_write_order() -> None:
    """If every setting changes, the settings are written in the order of WRITE_ORDER."""
    settings = stored(needs_sign_in=True)
    settings.values.update(signed_in="again", account_type="pro", signed_in_since="2020-01-01")
    store_of(settings).replace(NEW)
    assert [setting for setting, _ in settings.written] == WRITE_ORDER


def test_power_cut_during_replace() -> None:
    """After each write, somebody is signed in, and the new token and the old name are never stored together."""
    settings = stored()
    states = states_of(settings)
    store = store_of(settings)
    store.replace(NEW)
    store.set_user(NEW, User("Grace", 2, "free"))
    assert len(states) >= 6
    for state in states:
        account = store_of(state).load()
        assert account, "nobody is signed in"
        assert state.get("access_token") == "a-token" or state.get("user_name") != "Ada"
        assert (account.name == "Ada") == (store_of(state).valid_credentials() == CREDENTIALS)


@pytest.mark.parametrize("writes", [1, 2, 3, 4])
def test_power_cut_during_first_sign_in(writes: int) -> None:
    """If the power goes after the first write, nobody is signed in; after a later one, the credentials are stored."""
    settings = FakeSettings()
    states = states_of(settings)
    store_of(settings).replace(CREDENTIALS)
    assert len(states) == 4
    state = states[writes - 1]
    credentials = store_of(state).credentials()
    assert credentials == (None if writes == 1 else CREDENTIALS)
    assert credentials or not state.get("account"), "an account is stored, but it is not read"


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_failed_write(failing: int) -> None:
    """If the account cannot be written, NotSaved is raised, and all is as before.

    If only a setting that repeats a part of it cannot be written, the account is saved, and repair() writes the rest.
    """
    settings, copy = stored(needs_sign_in=True), FakeCopy()
    log: list[str] = []
    settings.values["signed_in"] = "again"
    store_of(settings, copy=copy).repair()
    before = dict(settings.values)
    write = settings.set
    writes = 0

    def write_or_fail(setting: str, value: str) -> None:
        nonlocal writes
        writes += 1
        if writes == failing:
            raise NotSaved(setting)
        write(setting, value)

    settings.set = write_or_fail  # type: ignore[method-assign]
    store = store_of(settings, log, copy)
    if failing < 3:
        with pytest.raises(NotSaved):
            store.replace(NEW)
        assert settings.values == before
        assert copy.read()["account"] == before["account"]
        return
    store.replace(NEW)
    assert store.valid_credentials() == NEW
    assert settings.values["user_name"] == "Ada"
    assert log == ["not saved, will be tried again: user_name"]
    store.repair()
    assert settings.values["user_name"] == ""


def test_full_disk() -> None:
    """If there is no room for the copy, nothing is written, and NotSaved is raised."""
    settings, copy = stored(), FakeCopy()
    copy.is_disk_full = True
    store = store_of(settings, copy=copy)
    with pytest.raises(NotSaved):
        store.replace(NEW)
    assert settings.written == []
    assert store.valid_credentials() == CREDENTIALS


def test_other_credentials() -> None:
    """If other credentials are stored, or none, set_user() and set_needs_sign_in() write nothing."""
    for settings in (stored(), FakeSettings()):
        store = store_of(settings)
        store.set_user(OTHER, User("Grace", 2, "vip"))
        store.set_needs_sign_in(OTHER)
        assert settings.written == []


def test_needs_sign_in() -> None:
    """If Simkl refuses the credentials, the account stays, but the credentials are not valid until set_user()."""
    settings = stored()
    store = store_of(settings)
    store.set_needs_sign_in(CREDENTIALS)
    assert store.load() == ACCOUNT._replace(needs_sign_in=True)
    assert settings.get("signed_in") == "again"
    assert store.credentials() == CREDENTIALS
    with pytest.raises(SignInNeeded):
        store.valid_credentials()
    store.set_user(CREDENTIALS, ADA)
    assert store.valid_credentials() == CREDENTIALS
    assert settings.get("signed_in") == "yes"


def test_replace_clears_needs_sign_in() -> None:
    """If Simkl refused the old credentials, those of a new sign-in are valid."""
    settings = stored(needs_sign_in=True)
    new = Credentials("new-token", "other-id")
    store_of(settings).replace(new)
    assert store_of(settings).valid_credentials() == new


def test_remove() -> None:
    """The settings are cleared in the reverse order, so ACCESS_TOKEN before ACCOUNT; the client id stays."""
    settings = stored()
    settings.values["client_id"] = "an-id"
    store_of(settings).remove()
    assert settings.written == [("access_token", ""), ("user_name", ""), ("account", ""), ("signed_in", "")]
    assert {setting: value for setting, value in settings.values.items() if value} == {"client_id": "an-id"}


def test_power_cut_during_remove() -> None:
    """After each write of remove(), the credentials are complete or nobody is signed in."""
    settings = stored()
    states = states_of(settings)
    store_of(settings).remove()
    found = [store_of(state).credentials() for state in states]
    assert found == [CREDENTIALS] * 2 + [None] * 2


# What others have written


def test_account_of_version_0_1_0() -> None:
    """If only the token and the name are stored, as by version 0.1.0, they count, and repair() adds the rest."""
    settings = FakeSettings(access_token="a-token", user_name="Ada", client_id=" an-id ")
    store = store_of(settings)
    account = Account("Ada", None, "", "", needs_sign_in=False)
    assert store.load() == account
    assert store.valid_credentials() == Credentials("a-token", "an-id")
    store.repair()
    assert settings.get("signed_in") == "yes", "the settings window says that nobody is signed in"
    assert store_of(settings).load() == account


def test_account_with_fewer_fields() -> None:
    """If an older version stored the account without the later fields, their defaults are used."""
    settings = FakeSettings(account=json.dumps(SIGNED_IN), access_token="a-token", signed_in="yes")
    assert store_of(settings).valid_credentials() == Credentials("a-token", "an-id")
    assert store_of(settings).load() == ACCOUNT._replace(is_outdated=False)


def test_refresh() -> None:
    """Refreshed credentials are stored with the same user; those of another sign-in are not stored."""
    settings = stored()
    new = CREDENTIALS._replace(access_token="new-token")
    store_of(settings).set_refreshed(CREDENTIALS, new)
    assert store_of(settings).valid_credentials() == new
    assert store_of(settings).load() == ACCOUNT
    assert settings.get("access_token") == "new-token"
    other = CREDENTIALS._replace(access_token="other-token", refresh_token="other-token")
    store_of(settings).set_refreshed(other, other)
    assert store_of(settings).valid_credentials() == new


def test_set_outdated() -> None:
    """An outdated sign-in is marked and stays valid, until a new sign-in; other credentials are not marked."""
    settings = stored()
    store = store_of(settings)
    for token in ("0-token", "other-token"):
        assert not store.set_outdated(CREDENTIALS._replace(access_token=token))
    assert settings.get("signed_in") == "yes"
    assert store.set_outdated(CREDENTIALS)
    assert not store.set_outdated(CREDENTIALS), "it was outdated already"
    account = store.load()
    assert account
    assert (account.is_outdated, settings.get("signed_in")) == (True, "outdated")
    assert store.valid_credentials() == CREDENTIALS
    store.set_user(CREDENTIALS, ADA)
    assert settings.get("signed_in") == "outdated"
    store.replace(NEW)
    assert settings.get("signed_in") == "yes"


@pytest.mark.parametrize(
    ("scope", "read_only"),
    [
        ("", False),
        ("media:read media:write", False),
        ("media:write", False),
        ("media:read", True),
        ("media:writes", True),
    ],
)
def test_is_read_only(scope: str, read_only: bool) -> None:
    """Credentials are read-only if their scope is known and has no media:write."""
    assert CREDENTIALS._replace(scope=scope).is_read_only is read_only


def test_defaults_button() -> None:
    """After Kodi's Defaults button, nobody is signed in, and repair() removes the rest of the account."""
    settings = stored()
    settings.values.update(signed_in="", user_name="")
    store = store_of(settings)
    assert store.load() is None
    assert store.credentials() is None
    store.repair()
    assert not any(settings.values.values())


def test_repair_keeps_damaged_account() -> None:
    """If the account is damaged, repair() keeps it and the token, but clears the mark for the settings window."""
    settings = stored()
    settings.values["account"] = '{"access_token":"a-token","cli'
    store_of(settings).repair()
    assert settings.get("account")
    assert settings.get("access_token") == "a-token"
    assert settings.get("signed_in") == ""


def test_second_repair_keeps_damaged_account() -> None:
    """A second repair() finds the mark cleared, as the Defaults button leaves it, and keeps a damaged account, too."""
    settings = stored()
    settings.values["account"] = "{"
    store_of(settings).repair()
    store_of(settings).repair()
    assert (settings.get("account"), settings.get("access_token")) == ("{", "a-token")


def test_nothing_to_repair() -> None:
    """If the account is complete, or if nothing is stored, repair() writes nothing."""
    settings = FakeSettings()
    store = store_of(settings)
    store.repair()
    assert settings.written == []
    store.replace(CREDENTIALS)
    store.set_user(CREDENTIALS, ADA)
    settings.written.clear()
    store.repair()
    assert settings.written == []


WRONG: list[tuple[str, Any]] = [
    ("access_token", None),
    ("access_token", 5),
    ("access_token", ""),
    ("access_token", "two words"),
    ("access_token", "line\nbreak"),
    ("client_id", None),
    ("name", 5),
    ("id", "1"),
    ("id", True),
    ("id", 1.5),
    ("type", []),
    ("since", 20261123),
    ("since", "yesterday"),
    ("needs_sign_in", "no"),
    ("needs_sign_in", 0),
    ("refresh_token", None),
    ("refresh_token", "line\nbreak"),
    ("issued_at", "now"),
    ("expires_at", True),
    ("scope", ["media:read"]),
    ("is_outdated", None),
]
"""Fields with values that AccountStore never writes."""

DAMAGED = [
    "{",
    "null",
    "[]",
    "5",
    '"a-token"',
    "[" * 100000,
    *(json.dumps({**FIELDS, name: value}) for name, value in WRONG),
    json.dumps({name: value for name, value in FIELDS.items() if name != "client_id"}),
]


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged_account(text: str) -> None:
    """If the account is damaged, nobody is signed in, the log says so, and a new sign-in can be stored."""
    log: list[str] = []
    settings = FakeSettings(account=text, access_token="a-token", user_name="Ada", signed_in="yes")
    assert store_of(settings, log).load() is None
    assert log == ["the stored account is damaged: signed out"]
    store = store_of(settings)
    with pytest.raises(SignInNeeded):
        store.valid_credentials()
    store.replace(CREDENTIALS)
    assert store.valid_credentials() == CREDENTIALS


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ü", "x" * 2049])
def test_damaged_token_of_version_0_1_0(token: str) -> None:
    """If the token that version 0.1.0 stored is damaged, nobody is signed in, and the log says so."""
    log: list[str] = []
    assert store_of(FakeSettings(access_token=token), log).load() is None
    assert len(log) == 1


def test_unknown_mark() -> None:
    """If a newer version has stored a value in `signed_in` that this one does not know, the user is signed in."""
    settings = stored()
    settings.values["signed_in"] = "maybe"
    store = store_of(settings)
    assert store.load() == ACCOUNT
    store.repair()
    assert (store.load(), settings.get("signed_in")) == (ACCOUNT, "maybe")


def test_refresh_is_told() -> None:
    """A refresh is told only if it makes a sign-in good again."""
    told: list[Account] = []
    old, new = CREDENTIALS._replace(refresh_token="r"), CREDENTIALS._replace(access_token="new", refresh_token="r")
    for needs_sign_in in (False, True):
        settings = stored(refresh_token="r", needs_sign_in=needs_sign_in)
        AccountStore(Journal(settings, FakeCopy(), print), on_change=told.append).set_refreshed(old, new)
    assert told == [ACCOUNT]


def test_change_is_told() -> None:
    """What Simkl newly says of the account is told once it is stored and the lock is released; no change, no word."""
    told: list[Account] = []
    settings = stored(scope="media:read")

    def tell(account: Account) -> None:
        assert not settings.is_exclusive
        told.append(account)

    store = AccountStore(Journal(settings, FakeCopy(), print), on_change=tell)
    read_only = ACCOUNT._replace(can_write=False)
    credentials = store.valid_credentials()
    for _ in range(2):
        store.set_needs_sign_in(credentials)
    store.set_valid(credentials)
    store.set_user(credentials, User("Ada L.", 7, "pro"))
    store.set_needs_sign_in(NEW)
    assert told == [read_only._replace(needs_sign_in=True), read_only, read_only._replace(name="Ada L.")]
    assert "can_write" not in settings.get("account")


def test_unknown_fields() -> None:
    """Fields that a newer version has stored with the account stay, until there is a new sign-in."""
    settings = stored(new_field=["a", 1])
    store = store_of(settings)
    store.set_user(CREDENTIALS, User("Ada L.", 7, "vip"))
    store.set_refreshed(CREDENTIALS, CREDENTIALS._replace(access_token="new-token"))
    assert json.loads(settings.get("account"))["new_field"] == ["a", 1]
    store.replace(NEW)
    assert "new_field" not in json.loads(settings.get("account"))


def test_no_token_in_repr() -> None:
    """The text of credentials has no token, because it can end up in a log."""
    assert "a-token" not in f"{CREDENTIALS} {CREDENTIALS!r}"


@pytest.mark.parametrize(
    ("before", "user", "somebody_else"),
    [
        (("Ada", 1), User("Ada", 1, ""), False),
        (("Ada", 1), User("Ada renamed", 1, ""), False),
        (("Ada", 1), User("Ada", 2, ""), True),
        (("Ada", None), User("Ada", 1, ""), False),
        (("Ada", None), User("Grace", 1, ""), True),
        (("Ada", 1), User("Grace", None, ""), True),
        (("", None), User("Grace", 1, ""), False),
    ],
)
def test_is_somebody_else(before: Any, user: User, somebody_else: bool) -> None:
    """Two users are compared by their ids, or by their names if an id is not known."""
    name, number = before
    assert Account(name, number, "", "", needs_sign_in=False).is_somebody_else(user) is somebody_else


def test_not_saved() -> None:
    """If a write fails, each method that changes the account raises NotSaved."""
    settings = stored()
    store = store_of(settings)
    changes: list[Callable[[], object]] = [
        lambda: store.replace(Credentials("new-token", "")),
        lambda: store.set_user(CREDENTIALS, User("Grace")),
        lambda: store.set_needs_sign_in(CREDENTIALS),
        store.remove,
    ]
    for change in changes:
        settings.writes_to_fail = 1
        with pytest.raises(NotSaved):
            change()
