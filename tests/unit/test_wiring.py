# SPDX-License-Identifier: GPL-2.0-or-later
"""Which client id counts, and what is remembered of it."""

from pathlib import Path
from typing import List

import pytest

from lib.simkl_account import wiring
from lib.simkl_account.simkl.client import DEVICE
from tools.package import read_shipped

from .stubs import StubbedKodi


def build(kodi: StubbedKodi, tmp_path: Path, client_id: str) -> None:
    """Install a build with this client id by default."""
    kodi.path = tmp_path / "addon"
    (kodi.path / "resources").mkdir(parents=True, exist_ok=True)
    settings = Path("resources/settings.xml")
    (kodi.path / settings).write_bytes(read_shipped(settings, client_id))


@pytest.fixture
def signed_in_once(kodi: StubbedKodi, tmp_path: Path) -> None:
    """Somebody has signed in with an older build, and Kodi has written its default down."""
    build(kodi, tmp_path, "old-default")
    kodi.settings["client_id"] = "old-default"
    wiring._remember_flow("old-default", "pin")


def test_the_default_of_this_build(signed_in_once: None, kodi: StubbedKodi, tmp_path: Path) -> None:
    assert wiring.client_id() == "old-default"
    build(kodi, tmp_path, "new-default")
    assert wiring.client_id() == "new-default"
    assert wiring.known_flow("new-default") == ""
    wiring._remember_flow("new-default", DEVICE)
    assert kodi.settings["client_id"] == "new-default", "what the settings window shows"
    assert wiring.known_flow("new-default") == DEVICE
    assert wiring.known_flow("old-default") == ""


def test_the_persons_own_stays(signed_in_once: None, kodi: StubbedKodi, tmp_path: Path) -> None:
    kodi.settings["client_id"] = " own-id "
    wiring._remember_flow("own-id", DEVICE)
    build(kodi, tmp_path, "new-default")
    assert wiring.client_id() == "own-id"
    assert kodi.settings["client_id"] == " own-id "


def test_a_build_without_one_uses_what_there_is(signed_in_once: None, kodi: StubbedKodi, tmp_path: Path) -> None:
    build(kodi, tmp_path, "")
    assert wiring.client_id() == "old-default"


def test_the_default_of_an_older_build_that_remembered_nothing(kodi: StubbedKodi, tmp_path: Path) -> None:
    build(kodi, tmp_path, "new-default")
    kodi.settings["client_id"] = "old-default"
    row = '<settings version="2"><setting id="client_id"{}>old-default</setting></settings>'
    (kodi.profile / "settings.xml").write_text(row.format(' default="true"'))
    assert wiring.client_id() == "new-default"
    (kodi.profile / "settings.xml").write_text(row.format(""))
    assert wiring.client_id() == "old-default", "the person's own"


def test_half_of_it_remembered_is_mended(signed_in_once: None, kodi: StubbedKodi, tmp_path: Path) -> None:
    build(kodi, tmp_path, "new-default")
    write = kodi.set_setting
    done: List[str] = []

    def write_two(setting: str, value: str) -> None:
        if len(done) < 2:
            done.append(setting)
            write(setting, value)

    kodi.set_setting = write_two  # type: ignore[method-assign]
    wiring._remember_flow("new-default", DEVICE)
    kodi.set_setting = write  # type: ignore[method-assign]
    assert wiring.client_id() == "new-default"
    wiring._remember_flow("new-default", DEVICE)
    assert kodi.settings["publishers_client_id"] == "new-default"


def test_an_add_on_that_is_just_being_updated(kodi: StubbedKodi, tmp_path: Path) -> None:
    kodi.path = tmp_path / "gone"
    assert wiring.client_id() == ""


def test_none_at_all(kodi: StubbedKodi, tmp_path: Path) -> None:
    build(kodi, tmp_path, "")
    assert wiring.client_id() == ""


def test_what_cannot_be_remembered_is_found_out_again(kodi: StubbedKodi, tmp_path: Path) -> None:
    build(kodi, tmp_path, "")
    kodi.can_write = False
    wiring._remember_flow("an-id", DEVICE)
    assert wiring.known_flow("an-id") == ""
