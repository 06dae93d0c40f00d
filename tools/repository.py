# SPDX-License-Identifier: GPL-2.0-or-later
"""`make repository`: makes a repository of the released zips, from which Kodi installs the add-on and its updates.

usage: python -m tools.repository URL OUTPUT_FOLDER ZIP...

The output folder can be served as it is, for example by GitHub Pages. In it are an index of the add-ons, a folder with
the zips of each, and repository.simkl.account, the add-on that tells a Kodi of this place. Each folder has a page with
links, so that Kodi's file manager can browse it. The format: https://kodi.wiki/view/Add-on_repositories.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Iterable
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tools.package import ROOT, write_entry

REPOSITORY_ID = "repository.simkl.account"
REPOSITORY_VERSION = "1.0.0"
"""Raise it if the add-on below changes, for one because the repository moves."""

INDEX, CHECKSUM = "addons.xml", "addons.xml.sha256"

_REPOSITORY_ADDON = """<?xml version="1.0" encoding="UTF-8"?>
<addon id="{id}" name="Simkl Account repository" version="{version}" provider-name="Simkl Account team">
    <extension point="xbmc.addon.repository">
        <dir>
            <info>{url}/{index}</info>
            <checksum verify="sha256">{url}/{checksum}</checksum>
            <datadir zip="true">{url}/</datadir>
            <hashes>sha256</hashes>
        </dir>
    </extension>
    <extension point="xbmc.addon.metadata">
        <summary lang="en_GB">Updates of Simkl Account</summary>
        <description lang="en_GB">Kodi installs Simkl Account from here, and updates it by itself.</description>
        <platform>all</platform>
        <license>GPL-2.0-or-later</license>
        <assets>
            <icon>icon.png</icon>
        </assets>
    </extension>
</addon>
"""


def build(url: str, folder: Path, zips: Iterable[Path]) -> Path:
    """Make the repository in a new folder, and return the zip of the add-on that tells Kodi of it.

    url: the address that the folder will have. zips: of any number of add-ons and versions.
    """
    folder.mkdir(parents=True)
    repository = _write_repository_addon(url.rstrip("/"), folder)
    for zipped in (repository, *zips):
        add(folder, zipped)
    write_index(folder)
    return repository


def add(folder: Path, zipped: Path) -> None:
    """Put a zip where Kodi looks for it, with the checksum that Kodi compares."""
    addon_id = zipped.name.rpartition("-")[0]
    target = folder / addon_id
    target.mkdir(exist_ok=True)
    shutil.copy(zipped, target)
    digest = hashlib.sha256(zipped.read_bytes()).hexdigest()
    (target / f"{zipped.name}.sha256").write_text(f"{digest}  {zipped.name}\n")


def write_index(folder: Path) -> None:
    """Write the index, which has the newest version of each add-on, its checksum, and the pages with links."""
    index = ElementTree.Element("addons")
    for addon in sorted(path for path in folder.iterdir() if path.is_dir()):
        with zipfile.ZipFile(max(addon.glob("*.zip"), key=_version)) as archive:
            xml = ElementTree.fromstring(archive.read(f"{addon.name}/addon.xml"))
            index.append(xml)
            _write_pictures(archive, xml, addon)
        _write_page(addon)
    content = ElementTree.tostring(index, "utf-8", xml_declaration=True)
    for name, text in ((INDEX, content), (CHECKSUM, hashlib.sha256(content).hexdigest().encode())):
        new = folder / f"{name}.new"
        new.write_bytes(text)
        new.replace(folder / name)  # in one step, because a Kodi may be reading it
    _write_page(folder)


def _write_repository_addon(url: str, folder: Path) -> Path:
    xml = _REPOSITORY_ADDON.format(
        id=REPOSITORY_ID, version=REPOSITORY_VERSION, url=escape(url), index=INDEX, checksum=CHECKSUM
    )
    target = folder / f"{REPOSITORY_ID}-{REPOSITORY_VERSION}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        write_entry(archive, f"{REPOSITORY_ID}/addon.xml", xml.encode())
        write_entry(archive, f"{REPOSITORY_ID}/icon.png", (ROOT / "resources/icon.png").read_bytes())
    return target


def _write_page(folder: Path) -> None:
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir())
    links = "".join(f'<a href="{escape(name)}">{escape(name)}</a><br>\n' for name in names if name != "index.html")
    title = "<title>Simkl Account for Kodi</title>"
    (folder / "index.html").write_text(f"<!DOCTYPE html>\n<html><head>{title}</head><body>\n{links}</body></html>\n")


def _write_pictures(archive: zipfile.ZipFile, xml: ElementTree.Element, folder: Path) -> None:
    """Write the pictures of an add-on, which Kodi shows before it is installed."""
    for asset in xml.iterfind(".//assets/*"):
        picture = folder / (asset.text or "")
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(archive.read(f"{folder.name}/{asset.text}"))


def _version(zipped: Path) -> list[int]:
    return [int(number) for number in zipped.stem.rpartition("-")[2].split(".")]


if __name__ == "__main__":
    print(build(sys.argv[1], Path(sys.argv[2]), map(Path, sys.argv[3:])))
