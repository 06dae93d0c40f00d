# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples of docs/for-add-ons.md that no test in a real Kodi runs, and the settings rows in it."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
import xbmcaddon

import lib.simkl_account as simkl_account
from lib.simkl_account import script
from tools.package import ROOT

from .fakes import signed_in
from .stubs import StubbedKodi

DOCS = (ROOT / "docs/for-add-ons.md").read_text(encoding="utf-8")


def load(name: str) -> Any:
    """Run an example, and return its names."""
    found = re.search(rf"^```python\n# {re.escape(name)}\n(.*?)^```$", DOCS, re.M | re.S)
    assert found
    names: dict[str, Any] = {}
    exec(found[1], names)
    return SimpleNamespace(**names)


def test_optional_import(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the account add-on, the example returns the account; without it, None."""
    kodi.settings.update(signed_in())
    monkeypatch.setitem(sys.modules, "simkl_account", simkl_account)
    assert load("optional_import.py").account().name == "Ada"
    monkeypatch.setitem(sys.modules, "simkl_account", None)
    without = load("optional_import.py")
    assert without.account() is None
    without.offer()
    assert kodi.builtins == ["InstallAddon(script.simkl.account)"]


@pytest.mark.parametrize(("settings", "left"), [({}, "old"), (signed_in(), "")])
def test_migration(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], left: str) -> None:
    """The add-on's own token is removed only once somebody is signed in here."""
    kodi.settings.update(settings)
    own = {"simkl_token": "old"}
    addon = SimpleNamespace(getSetting=own.__getitem__, setSetting=own.__setitem__)
    real = xbmcaddon.Addon
    monkeypatch.setattr(xbmcaddon, "Addon", lambda *arguments: real(*arguments) if arguments else addon)
    monkeypatch.setitem(sys.modules, "simkl_account", simkl_account)
    load("migration.py").forget_own_sign_in()
    assert own == {"simkl_token": left}


def test_settings_rows() -> None:
    """The rows for an add-on's own settings are valid XML, and call actions that exist."""
    found = re.search(r"^```xml\n(<setting .*?)^```$", DOCS, re.M | re.S)
    assert found
    rows = ElementTree.fromstring(f"<group>{found[1]}</group>")
    calls = [row.findtext("data") for row in rows]
    assert calls == ["RunScript(script.simkl.account,action=sign_in)", "Addon.OpenSettings(script.simkl.account)"]
    for action in re.findall(r"action=(\w+)", DOCS):
        assert action in script._ACTIONS


def test_all_names_are_explained() -> None:
    """The documentation names every public name, every field of an account, every result and every event."""
    fields = simkl_account.Account._fields
    results = {result.name for result in simkl_account.SignInResult} - {"NEEDS_SIGN_IN", "TOKEN_REFUSED"}
    events = ("signed_in", "signed_out", "account_changed", "is_same_account")
    for name in (*simkl_account.__all__, *fields, *results, *events):
        assert re.search(rf"\b{name}\b", DOCS), name
