# SPDX-License-Identifier: GPL-2.0-or-later
"""The public names of simkl_account, which other add-ons import."""

from __future__ import annotations

import pytest

import lib.simkl_account as simkl_account
from tools.package import ROOT

from .fakes import signed_in
from .new_python import run
from .stubs import StubbedKodi


def test_public_names() -> None:
    """Each public name exists and has a docstring, and other names raise AttributeError."""
    for name in simkl_account.__all__:
        assert getattr(simkl_account, name).__doc__, name
    assert not {name for name in simkl_account._MODULES if name not in simkl_account.__all__}
    with pytest.raises(AttributeError):
        simkl_account.token  # noqa: B018
    assert (ROOT / "lib/simkl_account/py.typed").is_file()


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import simkl_account", False),
        ("from simkl_account import SignInNeeded, SignInResult, get_account, is_signed_in, sign_in, Account", False),
        ("import simkl_account; simkl_account.get_account()", False),
    ],
)
def test_requests_is_loaded_for_requests_only(code: str, loaded: bool) -> None:
    """The library requests is imported only with the names that send requests, because it is slow to import."""
    script = f"import sys\n{code}\nprint('requests' in sys.modules)"
    assert run(ROOT / "lib", script) == str(loaded)


def test_get_account(kodi: StubbedKodi) -> None:
    """get_account() returns the stored account, or None if nobody is signed in."""
    assert simkl_account.get_account() is None
    assert not simkl_account.is_signed_in()
    kodi.settings.update(signed_in())
    account = simkl_account.get_account()
    assert account == simkl_account.Account("Ada", 7, "pro", "2026-11-23", needs_sign_in=False)
    assert simkl_account.is_signed_in()


def test_damaged_account_is_logged_once(kodi: StubbedKodi) -> None:
    """A damaged account counts as none, with one line in the log although it is read three times."""
    kodi.settings.update(signed_in(), account="{")
    for _ in range(3):
        assert simkl_account.get_account() is None
    assert [line for line, _ in kodi.log] == ["script.simkl.account: the stored account is damaged: signed out"]
