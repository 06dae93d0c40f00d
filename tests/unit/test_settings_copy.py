# SPDX-License-Identifier: GPL-2.0-or-later
"""The file with the copy of the settings: always complete, readable for nobody else, left out where it cannot be."""

from __future__ import annotations

import os
import stat

import pytest
import xbmcvfs

from lib.simkl_account import wiring
from lib.simkl_account.errors import NotSaved
from lib.simkl_account.kodi.settings_copy import SettingsCopy
from lib.simkl_account.models import Credentials

from .stubs import StubbedKodi

VALUES, NEWER = {"account": "one"}, {"account": "two"}


def test_commit(kodi: StubbedKodi) -> None:
    """What is prepared is read at once, what is committed is there afterwards, and only its owner can read it."""
    copy = SettingsCopy()
    assert copy.read() == {}
    for values in (VALUES, NEWER):
        copy.prepare(values)
        assert copy.read() == values
        copy.commit()
        assert copy.read() == SettingsCopy().read() == values
    (file,) = kodi.profile.glob("*.json*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_synced_before_it_replaces(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new copy is on the disk before it takes the place of the old one, and the folder is after that."""
    steps: list[str] = []
    replace = os.replace

    def note_and_replace(old: str, new: str) -> None:
        steps.append("replace")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", lambda descriptor: steps.append("sync"))
    monkeypatch.setattr(os, "replace", note_and_replace)
    SettingsCopy().prepare(VALUES)
    assert steps == [], "preparing does not wait for the disk"
    SettingsCopy().commit()
    assert steps == ["sync", "replace", "sync"]


def test_drop(kodi: StubbedKodi) -> None:
    """What is dropped is not read; dropping nothing is no error."""
    copy = SettingsCopy()
    copy.prepare(VALUES)
    copy.commit()
    copy.prepare(NEWER)
    copy.drop()
    copy.drop()
    assert copy.read() == VALUES


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"account": 1}', "\x00" * 50, "[" * 100000])
def test_incomplete(kodi: StubbedKodi, text: str) -> None:
    """A new copy that a power cut has left in pieces is not read, but the old one is."""
    copy = SettingsCopy()
    copy.prepare(VALUES)
    copy.commit()
    copy.prepare(NEWER)
    (kodi.profile / "settings-copy.json.new").write_text(text)
    assert copy.read() == VALUES


def test_full_disk(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If there is no room, NotSaved is raised without the values, and the old copy is as before."""
    copy = SettingsCopy()
    copy.prepare(VALUES)
    copy.commit()

    def dump(values: object, file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("json.dump", dump)
    with pytest.raises(NotSaved, match="No space left"):
        copy.prepare(NEWER)
    assert SettingsCopy().read() == VALUES


def test_read_only_disk(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a crash has left a new copy, and the disk cannot be written any more, only NotSaved is raised."""
    SettingsCopy().prepare(VALUES)

    def remove(path: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "remove", remove)
    with pytest.raises(NotSaved):
        SettingsCopy().prepare(NEWER)
    assert SettingsCopy().read() == VALUES


def test_network_share(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the profile is on a network share, there is no copy, and an account is stored without it."""
    monkeypatch.setattr(xbmcvfs, "translatePath", lambda path: path if "lock" in path else f"smb://nas{path}")
    copy = SettingsCopy()
    copy.prepare(VALUES)
    copy.commit()
    copy.drop()
    assert copy.read() == {}
    monkeypatch.undo()


def test_apple_tv(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Apple TV, settings.xml is no file: only Kodi can read it. An account is stored and read all the same."""
    files: dict[str, str] = {}

    class File:
        def __init__(self, path: str) -> None:
            self._text = files.get(path, "")

        def __enter__(self) -> File:
            return self

        def __exit__(self, *exception: object) -> None: ...

        def readBytes(self) -> bytearray:
            return bytearray(self._text.encode())

    def write_settings() -> None:
        rows = "".join(f"<setting id='{name}'>{value}</setting>" for name, value in kodi.settings.items())
        files[f"{kodi.profile}/settings.xml"] = "<settings>" + rows.replace("&", "&amp;") + "</settings>"

    monkeypatch.setattr(xbmcvfs, "File", File)
    monkeypatch.setattr(kodi, "write_settings", write_settings)
    wiring.accounts().replace(Credentials("a-token", "an-id"))
    assert wiring.accounts().valid_credentials().access_token == "a-token"
    assert not (kodi.profile / "settings.xml").exists()
