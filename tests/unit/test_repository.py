# SPDX-License-Identifier: GPL-2.0-or-later
"""The repository that `make repository` makes of the released zips."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools import repository
from tools.package import ADDON_ID, ROOT, VERSION, write_zip

URL = "https://example.org/kodi"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with two versions of the add-on, of which the newer one was made first."""
    newest = write_zip(tmp_path)
    old = tmp_path / f"{ADDON_ID}-0.5.10.zip"
    with zipfile.ZipFile(newest) as archive, zipfile.ZipFile(old, "w") as other:
        for entry in archive.infolist():
            content = archive.read(entry).replace(f'version="{VERSION}"'.encode(), b'version="0.5.10"')
            other.writestr(entry, b"an old icon" if entry.filename.endswith("icon.png") else content)
    folder = tmp_path / "repository"
    repository.build(URL, folder, [newest, old])
    return folder


def test_index(folder: Path) -> None:
    """The index has the newest version of each add-on, and the checksum is that of the index."""
    content = (folder / "addons.xml").read_bytes()
    versions = {addon.get("id"): addon.get("version") for addon in ElementTree.fromstring(content)}
    assert versions == {ADDON_ID: VERSION, repository.REPOSITORY_ID: repository.REPOSITORY_VERSION}
    assert (folder / "addons.xml.sha256").read_text() == hashlib.sha256(content).hexdigest()


def test_version_order() -> None:
    """Versions are compared by their numbers: 0.10.0 is newer than 0.9.0."""
    zips = [Path(f"{ADDON_ID}-{version}.zip") for version in ("0.9.0", "0.10.0", "0.2.1")]
    assert max(zips, key=repository._version).name == f"{ADDON_ID}-0.10.0.zip"


def test_zips(folder: Path) -> None:
    """Both versions can be downloaded, with checksums that sha256sum understands, and so can the pictures."""
    for version in (VERSION, "0.5.10"):
        zipped = folder / ADDON_ID / f"{ADDON_ID}-{version}.zip"
        digest = hashlib.sha256(zipped.read_bytes()).hexdigest()
        assert Path(f"{zipped}.sha256").read_text() == f"{digest}  {zipped.name}\n"
    icon = (ROOT / "resources/icon.png").read_bytes()
    assert (folder / ADDON_ID / "resources/icon.png").read_bytes() == icon, "the picture of the newest version"


def test_repository_addon(folder: Path) -> None:
    """The add-on for users is at the top, and tells Kodi of the index and the zips of this repository."""
    with zipfile.ZipFile(folder / f"{repository.REPOSITORY_ID}-{repository.REPOSITORY_VERSION}.zip") as archive:
        assert archive.namelist() == [f"{repository.REPOSITORY_ID}/{name}" for name in ("addon.xml", "icon.png")]
        addon = ElementTree.fromstring(archive.read(f"{repository.REPOSITORY_ID}/addon.xml"))
    assert addon.findtext(".//info") == f"{URL}/addons.xml"
    assert addon.findtext(".//checksum") == f"{URL}/addons.xml.sha256"
    assert addon.findtext(".//datadir") == f"{URL}/"
    assert addon.findtext(".//hashes") == "sha256"


def test_pages(folder: Path) -> None:
    """Kodi's file manager finds everything by links, from the top page on."""
    found = set()
    for page in folder.rglob("index.html"):
        found |= {page.parent / link for link in re.findall(r'href="([^"]+)"', page.read_text())}
    assert all(path.exists() for path in found)
    assert {path.name for path in found} >= {f"{ADDON_ID}-{VERSION}.zip", f"{ADDON_ID}-0.5.10.zip", ADDON_ID}
