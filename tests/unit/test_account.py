# SPDX-License-Identifier: GPL-2.0-or-later
"""The stored account: one value, in one place."""

import json
from datetime import date
from typing import Any, Callable, Dict, List, Tuple

import pytest

from lib.simkl_account.account.store import Account, AccountStore, Grant
from lib.simkl_account.errors import NotSaved, SignInNeeded
from lib.simkl_account.simkl.client import User

from .fakes import FakeSettings

TODAY = "2026-11-23"
GRANT = Grant("a-token", "an-id", "r-token", 1000.5, 605800.5, "media:read media:write")
ADA = User("Ada", 1, "pro")
WHOLE = {
    "access_token": "a-token",
    "client_id": "an-id",
    "name": "Ada",
    "id": 1,
    "type": "pro",
    "since": TODAY,
    "needs_sign_in": False,
    "refresh_token": "r-token",
    "issued_at": 1000.5,
    "expires_at": 605800.5,
    "scope": "media:read media:write",
    "is_outdated": False,
}
FIRST = {name: WHOLE[name] for name in list(WHOLE)[:7]}
"""What the first version with an `account` wrote."""


def store_of(settings: FakeSettings, log: "List[str] | None" = None) -> AccountStore:
    return AccountStore(settings, ([] if log is None else log).append, lambda: date(2026, 11, 23))


def stored(**changes: Any) -> FakeSettings:
    """The settings while Ada is signed in."""
    return FakeSettings(
        account=json.dumps({**WHOLE, **changes}), access_token="a-token", user_name="Ada", signed_in="yes"
    )


def test_signed_out() -> None:
    store = store_of(FakeSettings(user_name="Left over", signed_in="yes"))
    assert store.load() is None
    assert store.last_grant() is None
    with pytest.raises(SignInNeeded):
        store.grant()


def test_signed_in() -> None:
    store = store_of(stored())
    assert store.load() == Account("Ada", 1, "pro", TODAY, needs_sign_in=False)
    assert store.grant() == store.last_grant() == GRANT


def test_a_sign_in_and_whose_it_is() -> None:
    settings = FakeSettings(client_id="another")
    store = store_of(settings)
    store.replace(GRANT)
    assert store.load() == Account("", None, "", TODAY, needs_sign_in=False)
    assert store.grant() == GRANT
    store.set_user(GRANT, ADA)
    assert store.load() == Account("Ada", 1, "pro", TODAY, needs_sign_in=False)
    assert json.loads(settings.values.pop("account")) == WHOLE
    assert settings.values == {
        "access_token": "a-token",
        "user_name": "Ada",
        "account_type": "pro",
        "signed_in_since": TODAY,
        "signed_in": "yes",
        "client_id": "another",
    }


def test_a_new_token_never_stands_beside_the_old_name() -> None:
    settings = stored()
    seen: List[Dict[str, str]] = []
    write = settings.set

    def set_(setting: str, value: str) -> None:
        write(setting, value)
        seen.append(dict(settings.values))

    settings.set = set_  # type: ignore[method-assign]
    store = store_of(settings)
    store.replace(Grant("new", "an-id"))
    store.set_user(Grant("new", "an-id"), User("Grace", 2, "free"))
    assert len(seen) >= 6
    for values in seen:
        account = store_of(FakeSettings(**values)).load()
        assert account, "signed out in between"
        assert values["access_token"] == "a-token" or values["user_name"] != "Ada"
        assert (account.name == "Ada") == (store_of(FakeSettings(**values)).grant() == GRANT)


def test_a_first_sign_in_is_there_as_soon_as_it_is_written() -> None:
    """After a power cut at any line it is there or it is not, and never a half."""
    for lines in range(1, 5):
        settings = FakeSettings()
        write = settings.set

        def set_(setting: str, value: str) -> None:
            if len(settings.written) < lines:  # noqa: B023
                write(setting, value)  # noqa: B023

        settings.set = set_  # type: ignore[method-assign]
        store_of(settings).replace(GRANT)
        store = store_of(FakeSettings(**settings.values))
        assert store.last_grant() == (None if lines == 1 else GRANT)
        assert store.last_grant() or not settings.get("account"), "stored, and nobody would find it"


def test_a_write_that_fails_leaves_the_earlier_account() -> None:
    for line in range(1, 5):
        settings = stored()
        before = dict(settings.values)
        write = settings.set
        count = 0

        def set_(setting: str, value: str) -> None:
            nonlocal count
            count += 1
            if count == line:  # noqa: B023
                raise NotSaved(setting)
            write(setting, value)  # noqa: B023

        settings.set = set_  # type: ignore[method-assign]
        with pytest.raises(NotSaved):
            store_of(settings).replace(Grant("new", "an-id"))
        assert {name: value for name, value in settings.values.items() if value} == before


def test_the_user_of_another_grant_is_not_stored() -> None:
    for settings in (stored(), FakeSettings()):
        store = store_of(settings)
        store.set_user(Grant("other", "an-id"), User("Grace", 2, "vip"))
        store.set_needs_sign_in(Grant("other", "an-id"))
        assert settings.written == []


def test_no_longer_valid_is_kept_and_said() -> None:
    settings = stored()
    store = store_of(settings)
    store.set_needs_sign_in(GRANT)
    assert store.load() == Account("Ada", 1, "pro", TODAY, needs_sign_in=True)
    assert settings.get("signed_in") == "again"
    assert store.last_grant() == GRANT
    with pytest.raises(SignInNeeded):
        store.grant()
    store.set_user(GRANT, ADA)
    assert store.grant() == GRANT
    assert settings.get("signed_in") == "yes"


def test_a_new_sign_in_is_good_again() -> None:
    settings = stored(needs_sign_in=True)
    store_of(settings).replace(Grant("new", "other-id"))
    assert store_of(settings).grant() == Grant("new", "other-id")


def test_remove_takes_everything_the_token_first() -> None:
    settings = stored()
    settings.values["client_id"] = "an-id"
    store_of(settings).remove()
    assert settings.written[0] == ("access_token", "")
    assert {name: value for name, value in settings.values.items() if value} == {"client_id": "an-id"}


# What others have written


def test_the_older_shape_is_a_token_alone() -> None:
    settings = FakeSettings(access_token="t", user_name="Ada", client_id=" an-id ")
    store = store_of(settings)
    assert store.load() == Account("Ada", None, "", "", needs_sign_in=False)
    assert store.grant() == Grant("t", "an-id")
    store.tidy()
    assert settings.get("signed_in") == "yes", "or the settings window would say signed out"
    assert store_of(settings).load() == Account("Ada", None, "", "", needs_sign_in=False)


def test_the_first_shape_of_the_account() -> None:
    settings = FakeSettings(account=json.dumps(FIRST), access_token="a-token", signed_in="yes")
    assert store_of(settings).grant() == Grant("a-token", "an-id")
    assert store_of(settings).load() == Account("Ada", 1, "pro", TODAY, needs_sign_in=False, is_outdated=False)


def test_a_refresh_keeps_whose_it_is() -> None:
    settings = stored()
    new = GRANT._replace(access_token="new")
    store_of(settings).refresh(GRANT, new)
    assert store_of(settings).grant() == new
    assert store_of(settings).load() == Account("Ada", 1, "pro", TODAY, needs_sign_in=False)
    assert settings.get("access_token") == "new"
    other = GRANT._replace(access_token="other", refresh_token="other")
    store_of(settings).refresh(other, other)
    assert store_of(settings).grant() == new, "another sign-in's"


def test_outdated_is_still_signed_in() -> None:
    settings = stored()
    store_of(settings).set_outdated(GRANT._replace(access_token="other"))
    assert settings.get("signed_in") == "yes"
    store_of(settings).set_outdated(GRANT)
    account = store_of(settings).load()
    assert account
    assert (account.is_outdated, settings.get("signed_in")) == (True, "outdated")
    assert store_of(settings).grant() == GRANT
    store_of(settings).set_user(GRANT, ADA)
    assert settings.get("signed_in") == "outdated"
    store_of(settings).replace(Grant("new", "an-id"))
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
def test_read_only(scope: str, read_only: bool) -> None:
    assert GRANT._replace(scope=scope).is_read_only() is read_only


def test_signed_out_by_the_defaults_button() -> None:
    settings = stored()
    settings.values.update(signed_in="", user_name="")
    store = store_of(settings)
    assert store.load() is None
    assert store.last_grant() is None
    store.tidy()
    assert not any(settings.values.values())


@pytest.mark.parametrize("damage", [{"account": '{"access_token":"a-token","cli'}, {"signed_in": "maybe"}])
def test_tidying_loses_no_token(damage: Dict[str, str]) -> None:
    settings = stored()
    settings.values.update(damage)
    store_of(settings).tidy()
    assert settings.get("account")
    assert settings.get("access_token") == "a-token"
    assert settings.get("signed_in") == "", "the settings window does not call it signed in"


def test_there_is_nothing_to_tidy() -> None:
    for settings in (stored(), FakeSettings()):
        store_of(settings).tidy()
        assert settings.written == []


WRONG: List[Tuple[str, Any]] = [
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

DAMAGED = [
    "{",
    "null",
    "[]",
    "5",
    '"a-token"',
    "[" * 100000,
    *(json.dumps({**WHOLE, name: value}) for name, value in WRONG),
    json.dumps({name: value for name, value in WHOLE.items() if name != "client_id"}),
]


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged_is_signed_out_with_a_line_in_the_log(text: str) -> None:
    log: List[str] = []
    settings = FakeSettings(account=text, access_token="a-token", user_name="Ada", signed_in="yes")
    assert store_of(settings, log).load() is None
    assert log == ["the stored account is damaged: signed out"]
    store = store_of(settings)
    with pytest.raises(SignInNeeded):
        store.grant()
    store.replace(GRANT)
    assert store.grant() == GRANT


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ü", "x" * 2049])
def test_a_damaged_older_shape(token: str) -> None:
    log: List[str] = []
    assert store_of(FakeSettings(access_token=token), log).load() is None
    assert len(log) == 1


def test_a_mark_of_the_wrong_kind_is_signed_out() -> None:
    settings = stored()
    settings.values["signed_in"] = "maybe"
    assert store_of(settings).load() is None


def test_no_secret_in_a_text_of_it() -> None:
    assert "a-token" not in f"{GRANT} {GRANT!r}"


@pytest.mark.parametrize(
    ("before", "user", "another"),
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
def test_somebody_else(before: Any, user: User, another: bool) -> None:
    name, number = before
    assert Account(name, number, "", "", needs_sign_in=False).is_somebody_else(user) is another


def test_failures_are_raised() -> None:
    settings = stored()
    store = store_of(settings)
    changes: List[Callable[[], None]] = [
        lambda: store.replace(Grant("new", "")),
        lambda: store.set_user(GRANT, User("Grace")),
        lambda: store.set_needs_sign_in(GRANT),
        store.remove,
    ]
    for change in changes:
        settings.fail = 1
        with pytest.raises(NotSaved):
            change()
