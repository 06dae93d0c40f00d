# SPDX-License-Identifier: GPL-2.0-or-later
"""The zip that users install, and the tools that make and check it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools import check_addon, news, package
from tools.package import ADDON_ID, ROOT, VERSION, shipped_files, write_zip


def test_zip_content(tmp_path: Path) -> None:
    """The zip has only the shipped files, readable for everybody. The client id of the command is filled in."""
    assert not [path for path in shipped_files() if path.suffix == ".pyc" or path.name == "py.typed"]
    with zipfile.ZipFile(write_zip(tmp_path, "an-id")) as archive:
        assert sorted(archive.namelist()) == sorted(f"{ADDON_ID}/{path.as_posix()}" for path in shipped_files())
        assert all(entry.external_attr >> 16 == 0o644 for entry in archive.infolist())
        assert b"<default>an-id</default>" in archive.read(f"{ADDON_ID}/resources/settings.xml")


def test_release_has_its_own_address(tmp_path: Path) -> None:
    """A zip with a client id has the publisher's address as website and source; without one, it is not made."""
    for source in ("", package.PLACEHOLDER):
        with pytest.raises(SystemExit, match="A release needs the address"):
            package.main(str(tmp_path), "an-id", source)
    assert not list(tmp_path.iterdir())
    package.main(str(tmp_path), "an-id", "https://example.org/a&b")
    (zipped,) = tmp_path.iterdir()
    with zipfile.ZipFile(zipped) as archive:
        addon = ElementTree.fromstring(archive.read(f"{ADDON_ID}/addon.xml"))
    assert [addon.findtext(f".//{tag}") for tag in ("website", "source")] == ["https://example.org/a&b"] * 2
    text = (ROOT / "addon.xml").read_text(encoding="utf-8")
    assert text.count(package.PLACEHOLDER) == text.count("github.com") == 2


def test_zip_reproducible(tmp_path: Path) -> None:
    """Two zips of the same files have the same bytes."""
    assert write_zip(tmp_path / "one").read_bytes() == write_zip(tmp_path / "two").read_bytes()


def test_news() -> None:
    """The newest part of the changelog is put into addon.xml; if it does not fit, ValueError says why."""
    addon_xml = (ROOT / "addon.xml").read_text(encoding="utf-8")
    changelog = f"v{VERSION}\n- <New> & more\n\nv0.0.1\n- Old\n"
    assert f"<news>v{VERSION}\n- &lt;New&gt; &amp; more</news>" in news.with_news(addon_xml, changelog)
    with pytest.raises(ValueError, match=f"does not begin with v{VERSION}"):
        news.with_news(addon_xml, "v0.0.1\n- Old\n")
    with pytest.raises(ValueError, match="more than 1500"):
        news.with_news(addon_xml, f"v{VERSION}\n" + 150 * "- Ten more\n")
    with pytest.raises(ValueError, match="no place"):
        news.with_news("<addon/>", changelog)


@pytest.mark.parametrize("branch", check_addon.BRANCHES)
def test_checker_finds_problems(branch: str, tmp_path: Path) -> None:
    """The checker of Kodi's repository accepts the add-on, and rejects it after each of four changes."""
    with zipfile.ZipFile(write_zip(tmp_path)) as archive:
        archive.extractall(tmp_path)
    addon = tmp_path / ADDON_ID
    assert check_addon.check(branch, addon)
    xml = (addon / "addon.xml").read_text(encoding="utf-8")
    for old, new in (
        ('"script.module.requests" version="2.25.1"', '"script.module.requests" version="9.9.9"'),
        ('"xbmc.python" version="3.0.0"', '"xbmc.python" version="2.26.0"'),
        ("<icon>resources/icon.png</icon>", "<icon>resources/fanart.jpg</icon>"),
    ):
        assert old in xml
        (addon / "addon.xml").write_text(xml.replace(old, new), encoding="utf-8")
        assert not check_addon.check(branch, addon), new
    (addon / "addon.xml").write_text(xml, encoding="utf-8")
    (addon / "notes.docx").write_text("")
    assert not check_addon.check(branch, addon)


def test_workflow_targets() -> None:
    """The Makefile has each target that the workflows and hooks call, and they call the five main ones."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {
        target
        for file in [*(ROOT / ".github/workflows").iterdir(), ROOT / ".pre-commit-config.yaml", ROOT / ".ci/run"]
        for target in re.findall(r"^(?:.*(?:run|entry):)? *make ([a-z-]+)", file.read_text(), re.MULTILINE)
    }
    assert {"lint", "test", "test-unit", "test-kodi", "zip"} <= called <= targets
