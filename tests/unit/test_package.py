# SPDX-License-Identifier: GPL-2.0-or-later
"""The zip that people install."""

import zipfile
from pathlib import Path

from tools.package import ADDON_ID, shipped_files, write_zip


def test_the_zip_holds_what_ships_and_nothing_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(write_zip(tmp_path, "an-id")) as archive:
        assert sorted(archive.namelist()) == sorted(f"{ADDON_ID}/{path.as_posix()}" for path in shipped_files())
        assert all(entry.external_attr >> 16 == 0o644 for entry in archive.infolist())
        assert b"<default>an-id</default>" in archive.read(f"{ADDON_ID}/resources/settings.xml")


def test_the_same_tree_makes_the_same_bytes(tmp_path: Path) -> None:
    assert write_zip(tmp_path / "one").read_bytes() == write_zip(tmp_path / "two").read_bytes()
