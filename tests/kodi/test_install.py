# SPDX-License-Identifier: GPL-2.0-or-later
"""Installed, updated and uninstalled as people do it: from a repository, in a Kodi that had nothing."""

import contextlib
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List
from xml.etree import ElementTree

import pytest
import trustme

from tests.rig.home import MODULE_ADDON
from tests.rig.kodi import ADDON_SETTINGS, HOME, YES_NO, Kodi, KodiError, copy_home, wait_for
from tests.rig.repository import Repository
from tests.rig.standin import CLIENT_ID, StandIn
from tools.package import ADDON_ID, ROOT, VERSION, write_zip

from .conftest import Template
from .sofa import leave, shown_code, sign_in, sign_in_and_leave, stored

pytestmark = [pytest.mark.every_kodi, pytest.mark.forgets_the_addon]

FIRST_VERSION = ROOT / "tests/kodi/older/script.simkl.account-0.1.0.zip"
"""As it was published: whoever has it gets every later version as an update."""

ADDON_BROWSER, ADDON_INFORMATION = 10040, 10146


@pytest.fixture
def home(tmp_path: Path, template: Template, release: str) -> Path:
    """The home folder of somebody who has no add-ons yet."""
    folder = tmp_path / "home"
    copy_home(template(release, "nothing"), folder)
    return folder


@pytest.fixture
def new_version(tmp_path: Path) -> Path:
    """The zip of this source, as its publisher makes it."""
    return write_zip(tmp_path, CLIENT_ID)


@pytest.fixture
def repository(tmp_path: Path, authority: trustme.CA, release: str, network: None) -> Iterator[Repository]:
    """A repository with the modules that Kodi's has for this release."""
    repository = Repository(tmp_path / "repository")
    repository.add_modules(authority, release)
    with repository.served():
        yield repository


def test_installed_from_a_repository_it_signs_in(
    repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn
) -> None:
    repository.add(new_version)
    install(kodi)
    assert addon(kodi) == {"enabled": True, "version": VERSION}
    installed = {a["addonid"] for a in kodi.rpc("Addons.GetAddons", type="xbmc.python.module")["addons"]}
    assert installed >= {ADDON_ID, *required(new_version)}, "Kodi has found what it needs"
    kodi.open_settings()
    kodi.press("Sign in")
    token = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert "Ada Lovelace" in kodi.settings_rows()
    assert stored(kodi) == (token, "Ada Lovelace")
    assert not (kodi.home / ".kodi/addons/script.module.qrcode").exists(), "optional, so Kodi leaves it to the person"


def test_an_update_keeps_the_sign_in(repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn) -> None:
    repository.add(FIRST_VERSION)
    install(kodi)
    assert addon(kodi)["version"] == "0.1.0"
    token = sign_in_and_leave(kodi, simkl)
    update(kodi, repository, new_version)
    kodi.open_settings()
    assert "Ada Lovelace" in kodi.settings_rows()
    kodi.press("Check now", "Left Right Up Down Down Down")
    kodi.wait_for_message("The sign-in is good. Signed in as Ada Lovelace.")
    assert simkl.requests[-1].headers["Authorization"] == f"Bearer {token}"
    assert simkl.requests[-1].headers["User-Agent"] == f"kodi-simkl-account/{VERSION}"
    kodi.quit()
    kodi.start()
    assert stored(kodi) == (token, "Ada Lovelace")
    kodi.open_settings()
    assert "Ada Lovelace" in kodi.settings_rows()


def test_an_update_while_the_code_is_shown(
    repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn
) -> None:
    repository.add(changed(new_version, VERSION, "0.0.1"))
    install(kodi)
    kodi.run("action=sign_in")
    shown_code(kodi)
    update(kodi, repository, new_version)
    token = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(HOME)
    assert stored(kodi) == (token, "Ada Lovelace")


def test_an_update_that_takes_its_time_while_the_code_is_shown(
    repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn
) -> None:
    with slow_update(kodi, repository, new_version) as code:
        message = kodi.message()
        wait_for("the time to go on", lambda: kodi.message() != message)
        assert code in kodi.info("Control.GetLabel(6)")
        polls = len(simkl.of_kind("poll"))
        simkl.approve(code, "Ada Lovelace")
        wait_for("the approval to be fetched", lambda: len(simkl.of_kind("poll")) > polls)
        assert simkl.no_more_requests(), "it has the token, and waits with it: there is no add-on to store it in"
        assert stored(kodi) == ("", "")
    kodi.wait_for_message("Signed in as Ada Lovelace", 20)
    assert stored(kodi) == (list(simkl.tokens)[-1], "Ada Lovelace")
    assert is_updated(kodi)


def test_cancel_while_an_update_takes_its_time_and_a_new_sign_in(
    repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn
) -> None:
    with slow_update(kodi, repository, new_version) as code:
        kodi.key("Back")
        wait_for("the window to go", lambda: kodi.window() == HOME, 2)
    wait_for("the update", lambda: is_updated(kodi), 30)
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert stored(kodi) == ("", "")
    sign_in_and_leave(kodi, simkl)


def test_uninstalled_nothing_is_left(repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn) -> None:
    repository.add(new_version)
    install(kodi)
    sign_in_and_leave(kodi, simkl)
    before = len(kodi.log())
    kodi.builtin("ActivateWindow(10040,addons://user/xbmc.addon.executable,return)")
    kodi.wait_for_window(ADDON_BROWSER)
    kodi.press("Simkl Account", "Down " * 6)
    kodi.wait_for_window(ADDON_INFORMATION)
    kodi.press("Uninstall", "Right " * 8)
    kodi.wait_for_window(YES_NO)
    kodi.press("Yes", "Left Right")
    kodi.wait_for_message("remove all related data")
    kodi.press("Yes", "Left Right")
    wait_for("it to be gone", lambda: not addon(kodi))
    kodi.wait_for_window(ADDON_BROWSER)
    left = [path for path in (kodi.home / ".kodi").rglob("*simkl*") if "packages" not in path.parts]
    assert all(path.parent.name == "temp" and path.suffix == ".lock" and not path.read_bytes() for path in left)
    assert simkl.no_more_requests()
    errors = re.findall(r"^.* (?:error|warning|fatal) <.*$", kodi.log()[before:], re.M | re.I)
    assert not [line for line in errors if "simkl" in line]
    assert kodi.quit() < 5


# Steps


def install(kodi: Kodi) -> None:
    """As a person says yes to it."""
    look_for_updates_until("the offer", kodi, lambda: ADDON_ID in offered(kodi))
    kodi.builtin(f"InstallAddon({ADDON_ID})")
    kodi.wait_for_window(YES_NO)
    kodi.press("Yes", "Left Right")
    wait_for("it to be installed", lambda: addon(kodi).get("enabled"), 30)
    kodi.wait_for_window(HOME)


def update(kodi: Kodi, repository: Repository, version: Path) -> None:
    """As Kodi does it by itself."""
    repository.add(version)
    look_for_updates_until("the update", kodi, lambda: is_updated(kodi))


@contextlib.contextmanager
def slow_update(kodi: Kodi, repository: Repository, new_version: Path) -> Iterator[str]:
    """A code is on the screen, and it is yielded, and an update has begun that takes as long as the body.

    Kodi does not know the add-on from before it downloads what the new version needs until that is there.
    """
    repository.add(changed(new_version, VERSION, "0.0.1"))
    install(kodi)
    repository.add(module(new_version.parent, "script.module.new"))
    needs_more = changed(new_version, "<requires>", '<requires><import addon="script.module.new" version="1.0.0"/>')
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    with repository.slow("script.module.new"):
        repository.add(needs_more)
        look_for_updates_until("Kodi to begin", kodi, lambda: not addon(kodi))
        yield code


def is_updated(kodi: Kodi) -> bool:
    """Whether this version is there."""
    return addon(kodi) == {"enabled": True, "version": VERSION}


def look_for_updates_until(what: str, kodi: Kodi, condition: Callable[[], bool]) -> None:
    """As Kodi does once a day, and from the menu of the add-on browser. While it looks, it does not begin anew."""

    def look() -> bool:
        kodi.builtin("UpdateAddonRepos")
        with contextlib.suppress(KodiError):
            return wait_for(what, condition, 1)
        return False

    wait_for(what, look, 30)


def offered(kodi: Kodi) -> List[str]:
    """The add-ons that Kodi could install."""
    return [each["addonid"] for each in kodi.rpc("Addons.GetAddons", installed=False).get("addons", [])]


def addon(kodi: Kodi) -> Dict[str, Any]:
    """What Kodi says of the add-on; empty while it is not installed."""
    with contextlib.suppress(KodiError):
        found = kodi.rpc("Addons.GetAddonDetails", addonid=ADDON_ID, properties=["enabled", "version"])["addon"]
        return {"enabled": found["enabled"], "version": found["version"]}
    return {}


def changed(zipped: Path, old: str, new: str) -> Path:
    """The same add-on with another addon.xml."""
    with zipfile.ZipFile(zipped) as before:
        xml = before.read(f"{ADDON_ID}/addon.xml").decode().replace(old, new, 1)
        version = ElementTree.fromstring(xml.encode()).attrib["version"]
        folder = zipped.parent / f"changed-{version}"
        folder.mkdir()
        with zipfile.ZipFile(folder / f"{ADDON_ID}-{version}.zip", "w") as after:
            for name in before.namelist():
                after.writestr(name, xml if name == f"{ADDON_ID}/addon.xml" else before.read(name))
            return Path(str(after.filename))


def module(folder: Path, addon_id: str) -> Path:
    """A module add-on that nobody has yet."""
    target = folder / f"{addon_id}-1.0.0.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(f"{addon_id}/addon.xml", MODULE_ADDON.format(name="new", version="1.0.0", imports=""))
        archive.writestr(f"{addon_id}/lib/new.py", "")
    return target


def required(zipped: Path) -> List[str]:
    """The module add-ons that an add-on cannot do without."""
    shutil.unpack_archive(zipped, zipped.parent / "unpacked")
    imports = ElementTree.parse(zipped.parent / "unpacked" / ADDON_ID / "addon.xml").iter("import")
    return [
        each.attrib["addon"] for each in imports if each.get("optional") != "true" and "module" in each.attrib["addon"]
    ]
