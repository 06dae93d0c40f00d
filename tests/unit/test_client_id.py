# SPDX-License-Identifier: GPL-2.0-or-later
"""Which client id is used after updates of the add-on, and what is stored about it after a sign-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.simkl_account import wiring
from lib.simkl_account.account.client_id import current_client_id, known_flow, remember_flow
from lib.simkl_account.kodi.settings import KodiSettings
from lib.simkl_account.simkl.client import DEVICE, PIN
from tools.package import read_shipped

from .stubs import StubbedKodi


def install(kodi: StubbedKodi, tmp_path: Path, client_id: str) -> None:
    """Install a build of the add-on with this default client id; "" for a build without one."""
    kodi.path = tmp_path / "addon"
    (kodi.path / "resources").mkdir(parents=True, exist_ok=True)
    settings = Path("resources/settings.xml")
    (kodi.path / settings).write_bytes(read_shipped(settings, client_id))


@pytest.fixture
def signed_in_before(kodi: StubbedKodi, tmp_path: Path) -> None:
    """The user has signed in with a build whose default is old-default, and Kodi has stored the default."""
    install(kodi, tmp_path, "old-default")
    kodi.settings["client_id"] = "old-default"
    remember_flow(KodiSettings(), wiring.journal(), "old-default", PIN)


def test_default_of_new_build(signed_in_before: None, kodi: StubbedKodi, tmp_path: Path) -> None:
    """If an update has another default, the new default is used, and its flow is not known until a sign-in."""
    assert current_client_id(KodiSettings()) == "old-default"
    install(kodi, tmp_path, "new-default")
    assert current_client_id(KodiSettings()) == "new-default"
    assert known_flow(KodiSettings(), "new-default") == ""
    remember_flow(KodiSettings(), wiring.journal(), "new-default", DEVICE)
    assert kodi.settings["client_id"] == "new-default", "the settings window shows another client id"
    assert known_flow(KodiSettings(), "new-default") == DEVICE
    assert known_flow(KodiSettings(), "old-default") == ""


def test_client_id_of_user(signed_in_before: None, kodi: StubbedKodi, tmp_path: Path) -> None:
    """If the user has entered a client id, it is used after an update, too, and stays as it was entered."""
    kodi.settings["client_id"] = " own-id "
    remember_flow(KodiSettings(), wiring.journal(), "own-id", DEVICE)
    install(kodi, tmp_path, "new-default")
    assert current_client_id(KodiSettings()) == "own-id"
    assert kodi.settings["client_id"] == " own-id "


def test_new_build_without_default(signed_in_before: None, kodi: StubbedKodi, tmp_path: Path) -> None:
    """If an update has no default, the old default is used."""
    install(kodi, tmp_path, "")
    assert current_client_id(KodiSettings()) == "old-default"


def test_default_without_sign_in(kodi: StubbedKodi, tmp_path: Path) -> None:
    """If nobody has signed in before an update, settings.xml says whether the stored value is an old default."""
    install(kodi, tmp_path, "new-default")
    kodi.settings["client_id"] = "old-default"
    row = '<settings version="2"><setting id="client_id"{}>old-default</setting></settings>'
    (kodi.profile / "settings.xml").write_text(row.format(' default="true"'))
    assert current_client_id(KodiSettings()) == "new-default"
    (kodi.profile / "settings.xml").write_text(row.format(""))
    assert current_client_id(KodiSettings()) == "old-default", "the user has entered this client id"


def test_only_two_of_three_values_stored(signed_in_before: None, kodi: StubbedKodi, tmp_path: Path) -> None:
    """If only two of the three values are stored, the new default is used, and the next sign-in stores the third."""
    install(kodi, tmp_path, "new-default")
    write = kodi.set_setting
    written: list[str] = []

    def write_two(setting: str, value: str) -> None:
        if len(written) < 2:
            written.append(setting)
            write(setting, value)

    kodi.set_setting = write_two  # type: ignore[method-assign]
    remember_flow(KodiSettings(), wiring.journal(), "new-default", DEVICE)
    kodi.set_setting = write  # type: ignore[method-assign]
    assert current_client_id(KodiSettings()) == "new-default"
    remember_flow(KodiSettings(), wiring.journal(), "new-default", DEVICE)
    assert kodi.settings["publishers_client_id"] == "new-default"


def test_addon_folder_missing(kodi: StubbedKodi, tmp_path: Path) -> None:
    """If the add-on's folder is missing during an update, there is no client id."""
    kodi.path = tmp_path / "missing"
    assert current_client_id(KodiSettings()) == ""


def test_no_client_id(kodi: StubbedKodi, tmp_path: Path) -> None:
    """If the build has no default and the user has entered nothing, there is no client id."""
    install(kodi, tmp_path, "")
    assert current_client_id(KodiSettings()) == ""


def test_flow_not_saved(kodi: StubbedKodi, tmp_path: Path) -> None:
    """If the flow cannot be stored, no error is raised, and the flow is not known."""
    install(kodi, tmp_path, "")
    kodi.can_write = False
    remember_flow(KodiSettings(), wiring.journal(), "an-id", DEVICE)
    assert known_flow(KodiSettings(), "an-id") == ""
