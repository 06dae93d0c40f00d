# SPDX-License-Identifier: GPL-2.0-or-later
"""The add-on's object while Kodi updates or disables the add-on; its texts and its log."""

from __future__ import annotations

import time
from datetime import date

import pytest
import xbmc

from lib.simkl_account.errors import AddonRemoved
from lib.simkl_account.kodi import addon
from lib.simkl_account.kodi.runtime import KodiRuntime
from lib.simkl_account.kodi.settings import KodiSettings
from lib.simkl_account.kodi.strings import Text
from lib.simkl_account.models import Credentials
from lib.simkl_account.wiring import accounts

from .stubs import StubbedKodi


class Clock:
    """The time in seconds. It moves while the add-on waits, or if a test sets it."""

    time = 100.0


@pytest.fixture
def clock(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that time.monotonic() reads."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.time)

    def wait() -> None:
        clock.time += kodi.waits[-1]

    kodi.on_wait = wait
    return clock


def test_only_settings_wait_for_update(kodi: StubbedKodi, clock: Clock) -> None:
    """While the add-on is updated, texts and the version can be read at once; a setting is read after the update."""
    kodi.settings["account"] = "stored"
    assert addon.text(Text.WAITING)
    kodi.knows_addon = False
    assert addon.text(Text.APPROVED)
    assert addon.version() == "1.2.3"
    assert kodi.waits == []
    advance = kodi.on_wait

    def end_update_at_120() -> None:
        advance()
        kodi.knows_addon = clock.time > 120

    kodi.on_wait = end_update_at_120
    assert KodiSettings().get("account") == "stored"
    assert 120 < clock.time < 120.2


def test_unknown_addon_is_removed_after_timeout(kodi: StubbedKodi, clock: Clock) -> None:
    """If Kodi does not know the add-on for 60 seconds, it counts as removed; the next update has 60 seconds again."""
    runtime = KodiRuntime()
    assert not runtime.is_shutting_down()
    kodi.knows_addon = False
    assert not runtime.is_shutting_down()
    with pytest.raises(AddonRemoved):
        KodiSettings().get("account")
    assert 160 < clock.time < 160.2
    assert runtime.is_shutting_down()
    kodi.knows_addon = True
    assert not runtime.is_shutting_down()
    clock.time += 1000
    kodi.knows_addon = False
    assert not runtime.is_shutting_down(), "the timeout starts again with the next update"


def test_reading_a_setting_resets_timeout(kodi: StubbedKodi, clock: Clock) -> None:
    """If a setting was read between two updates, the timeout of the second update does not count from the first."""
    kodi.knows_addon = False
    assert not addon.is_removed()
    kodi.knows_addon = True
    KodiSettings().get("account")
    clock.time += 1000
    kodi.knows_addon = False
    assert not addon.is_removed()


def test_disabled_addon_is_removed_at_once(kodi: StubbedKodi, clock: Clock) -> None:
    """If the add-on is disabled, it counts as removed without a wait."""
    kodi.knows_addon, kodi.disabled = False, True
    assert KodiRuntime().is_shutting_down()
    with pytest.raises(AddonRemoved):
        KodiSettings().set("account", "x")
    assert clock.time == 100


def test_quit_during_update(kodi: StubbedKodi, clock: Clock) -> None:
    """If Kodi quits during an update, reading a setting raises AddonRemoved instead of waiting for the update."""
    kodi.knows_addon, kodi.abort = False, True
    with pytest.raises(AddonRemoved):
        KodiSettings().get("account")
    assert clock.time < 100.1


def test_log_levels(kodi: StubbedKodi) -> None:
    """log() writes at the debug level and warn() at the warning level, both with the add-on's id."""
    addon.log("quiet")
    addon.warn("loud")
    assert kodi.log == [
        ("script.simkl.account: quiet", xbmc.LOGDEBUG),
        ("script.simkl.account: loud", xbmc.LOGWARNING),
    ]


HEBREW = "יש להיכנס לכתובת simkl.com/pin בשם Ada Lovelace, או (Client ID) מ-Simkl > 5."


def test_right_to_left(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Hebrew, no line can begin with a Latin word: there is a mark in front, and two such words stay together."""
    monkeypatch.setattr(type(addon.cached_addon()), "getLocalizedString", lambda self, number: HEBREW)
    assert addon.text(32000) == HEBREW, "Kodi is in English"
    kodi.language = "he"
    text = addon.text(32000)
    assert text.replace("\u200f", "").replace("\u00a0", " ") == HEBREW
    assert text.split(" ")[3:] == [
        "\u200fsimkl.com/pin",
        "בשם",
        "\u200fAda\u00a0Lovelace,",
        "או",
        "\u200f(Client\u00a0ID)",
        "מ-Simkl",
        "\u200f>\u00a05.",
    ]


def test_no_translation_from_right_to_left(kodi: StubbedKodi) -> None:
    """An English text in a language without a translation stays as it is, and so can be broken into lines."""
    kodi.language = "fa"
    assert addon.text(Text.STILL_TRYING) == "Cannot reach Simkl at the moment, still trying"
    assert addon.text(Text.SIGNED_IN_AS, "\u200fAda") == "Signed in as \u200fAda"


def test_text_in_a_text(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that is put into another one is not marked twice."""
    kodi.language = "he"
    monkeypatch.setattr(type(addon.cached_addon()), "getLocalizedString", lambda self, number: "בשם {0}.")
    assert addon.text(32000, addon.text(32000, "Ada Lovelace")) == "בשם בשם \u200fAda\u00a0Lovelace.."


@pytest.mark.parametrize(
    ("region", "shown"),
    [
        ("%d.%m.%Y", "24.11.2026"),
        ("%m/%d/%Y", "11/24/2026"),
        ("%-d-%-m-%Y", "24-11-2026"),
        ("%m/%d/%YY", "11/24/2026"),
        ("", "2026-11-24"),
    ],
)
def test_local_date(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch, region: str, shown: str) -> None:
    """A date is shown as Kodi's region writes it. What is no date is shown as it is."""
    monkeypatch.setattr(xbmc, "getRegion", {"dateshort": region}.__getitem__)
    assert addon.local_date("2026-11-24") == shown
    assert [addon.local_date(day) for day in ("", "2026-99-99")] == ["", "2026-99-99"]


def test_unknown_region_loses_no_token(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If Kodi cannot say how its region writes a day, a new token is stored all the same."""

    def fail(form: str) -> str:
        raise RuntimeError("no region")

    monkeypatch.setattr(xbmc, "getRegion", fail)
    accounts().replace(Credentials("a" * 64, "an-id"))
    assert kodi.settings["access_token"] == "a" * 64
    assert kodi.settings["signed_in_since"] == date.today().isoformat()


def test_braces_in_a_value(kodi: StubbedKodi) -> None:
    """Braces in a value, such as a user's name, are shown as they are."""
    assert addon.text(Text.SIGNED_IN_AS, "{0} {x}") == "Signed in as {0} {x}"
