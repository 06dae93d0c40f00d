# SPDX-License-Identifier: GPL-2.0-or-later
"""KodiSettings: a value that was set is on the disk, or NotSaved is raised."""

from __future__ import annotations

import pytest

from lib.simkl_account.errors import NotSaved
from lib.simkl_account.kodi.settings import KodiSettings

from .stubs import StubbedKodi


def test_set_and_get(kodi: StubbedKodi) -> None:
    """A value that was set can be read, and no window was closed to set it."""
    KodiSettings().set("access_token", "t")
    assert KodiSettings().get("access_token") == "t"
    assert kodi.builtins == [], "the settings window on the screen may be another add-on's"


def test_open_settings_window_is_closed(kodi: StubbedKodi) -> None:
    """If the add-on's settings window is open, it is closed and the value is stored again."""
    kodi.settings_window_open = True
    KodiSettings().set("access_token", "t")
    assert '<setting id="access_token">t</setting>' in (kodi.profile / "settings.xml").read_text()
    assert kodi.builtins == ["Dialog.Close(addonsettings,true)"]


def test_unwritable_file(kodi: StubbedKodi) -> None:
    """If Kodi cannot write settings.xml, NotSaved without the value is raised."""
    kodi.can_write = False  # Kodi reports no error and keeps the new value in memory
    with pytest.raises(NotSaved) as caught:
        KodiSettings().set("access_token", "a-token")
    assert "a-token" not in str(caught.value)


def test_damaged_file(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If settings.xml is damaged after each write, NotSaved is raised."""
    monkeypatch.setattr(kodi, "write_settings", lambda: (kodi.profile / "settings.xml").write_text("<sett"))
    with pytest.raises(NotSaved):
        KodiSettings().set("access_token", "t")


def test_damaged_file_is_removed(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If Kodi does not write to a damaged settings.xml, the file is removed and the value is stored again."""
    file = kodi.profile / "settings.xml"
    file.write_text("<sett")
    write = kodi.write_settings
    monkeypatch.setattr(kodi, "write_settings", lambda: None if file.exists() else write())
    KodiSettings().set("access_token", "t")
    assert '<setting id="access_token">t</setting>' in file.read_text()


def test_remove_missing_value(kodi: StubbedKodi) -> None:
    """A setting without a value can be set to ""."""
    KodiSettings().set("access_token", "")
    assert KodiSettings().get("access_token") == ""
