# SPDX-License-Identifier: GPL-2.0-or-later
"""The stored account."""

import pytest

from lib.simkl_account.account import Account, AccountStore
from lib.simkl_account.errors import NotSaved

from .fakes import FakeSettings


def test_signed_out() -> None:
    assert AccountStore(FakeSettings(user_name="Left over")).load() is None


def test_signed_in() -> None:
    settings = FakeSettings(access_token="t", user_name="Ada", signed_in="yes")
    assert AccountStore(settings).load() == Account("t", "Ada")
    assert AccountStore(FakeSettings(access_token="t", signed_in="yes")).load() == Account("t", "")


def test_signed_out_by_the_defaults_button() -> None:
    settings = FakeSettings(access_token="t")
    store = AccountStore(settings)
    assert store.load() is None
    store.remove_leftovers()
    assert settings.get("access_token") == ""


def test_there_are_no_leftovers_of_an_account_or_of_none() -> None:
    for settings in (FakeSettings(access_token="t", signed_in="yes"), FakeSettings()):
        AccountStore(settings).remove_leftovers()
        assert settings.written == []


def test_a_new_token_never_stands_beside_the_old_name() -> None:
    settings = FakeSettings(access_token="old", user_name="Old")
    AccountStore(settings).replace("new")
    assert settings.written == [("user_name", ""), ("access_token", "new"), ("signed_in", "yes")]


def test_remove_takes_the_token_first() -> None:
    settings = FakeSettings(access_token="t", user_name="Ada", client_id="an-id")
    AccountStore(settings).remove()
    assert settings.written == [("access_token", ""), ("signed_in", ""), ("user_name", "")]
    assert settings.get("client_id") == "an-id"


def test_failures_are_raised() -> None:
    settings = FakeSettings()
    store = AccountStore(settings)
    settings.fail = 3
    with pytest.raises(NotSaved):
        store.replace("t")
    with pytest.raises(NotSaved):
        store.set_user_name("Ada")
    with pytest.raises(NotSaved):
        store.remove()
