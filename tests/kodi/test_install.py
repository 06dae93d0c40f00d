# SPDX-License-Identifier: GPL-2.0-or-later
"""Installing, updating and uninstalling the add-on as users do it: from a repository, in a Kodi without add-ons."""

from __future__ import annotations

import contextlib
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any, Callable, Iterator
from xml.etree import ElementTree

import pytest
import trustme

from tests.rig.consumer import CONSUMER, Consumer
from tests.rig.faults import answer_once
from tests.rig.home import CONSUMERS, MODULE_ADDON, accept_zips
from tests.rig.kodi import ADDON_SETTINGS, HOME, YES_NO, Kodi, KodiError, copy_home, wait_for
from tests.rig.repository import Repository, add_source
from tests.rig.standin import CLIENT_ID, StandIn
from tools.package import ADDON_ID, ROOT, VERSION, write_zip
from tools.repository import REPOSITORY_ID, REPOSITORY_VERSION

from .conftest import Template
from .steps import leave, seen_qr, shown_code, sign_in, sign_in_and_leave, stored

pytestmark = [pytest.mark.every_kodi, pytest.mark.forgets_the_addon]

FIRST_VERSION = ROOT / "tests/kodi/older/script.simkl.account-0.1.0.zip"
"""The first version as it was published. Its users get every later version as an update."""

ADDON_BROWSER, ADDON_INFORMATION, FILE_BROWSER = 10040, 10146, 10126
"""Kodi's ids of these windows."""


@pytest.fixture
def home(tmp_path: Path, template: Template, release: str) -> Path:
    """The home folder of a Kodi that has a repository and no other add-ons."""
    folder = tmp_path / "home"
    copy_home(template(release, "nothing"), folder)
    return folder


@pytest.fixture
def new_version(tmp_path: Path) -> Path:
    """The zip of this source, as its publisher makes it."""
    return write_zip(tmp_path, CLIENT_ID)


@pytest.fixture
def repository(tmp_path: Path, authority: trustme.CA, release: str, network: None) -> Iterator[Repository]:
    """The repository, with the module add-ons that Kodi's own repository has for this release."""
    repository = Repository(tmp_path / "repository")
    repository.add_modules(authority, release)
    with repository.served():
        yield repository


@pytest.fixture
def service(repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn, tmp_path: Path) -> Consumer:
    """The service of another add-on that has imported simkl_account. Somebody is signed in."""
    repository.add(changed(new_version, VERSION, "0.5.99"))
    repository.add(Path(shutil.make_archive(str(tmp_path / f"{CONSUMER}-1.2.3"), "zip", CONSUMERS, CONSUMER)))
    look_for_updates_until("the add-on to be offered", kodi, lambda: CONSUMER in offered(kodi))
    kodi.builtin(f"InstallAddon({CONSUMER})")
    kodi.wait_for_window(YES_NO)
    kodi.press("Yes", "Left Right")
    service = Consumer(kodi)
    sign_in_and_leave(kodi, simkl)
    return service


def test_install(repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    """Kodi installs the add-on with all modules that it requires, and the user can sign in."""
    repository.add(new_version)
    install(kodi)
    assert addon(kodi) == {"enabled": True, "version": VERSION}
    installed = {a["addonid"] for a in kodi.rpc("Addons.GetAddons", type="xbmc.python.module")["addons"]}
    assert installed >= {ADDON_ID, *required(new_version)}
    kodi.open_settings()
    kodi.press("Sign in")
    code = shown_code(kodi)
    wait_for("the QR code", lambda: seen_qr(kodi, tmp_path / "screen.png").endswith(code))
    token = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert "Ada Lovelace" in kodi.settings_rows()
    assert stored(kodi) == (token, "Ada Lovelace")


@pytest.fixture
def no_repository(home: Path, repository: Repository) -> None:
    """Kodi has no repository of ours yet. Its file manager has the repository's page, and it accepts zips."""
    shutil.rmtree(home / ".kodi/addons" / REPOSITORY_ID)
    add_source(home, "Simkl Account")
    accept_zips(home)


def test_repository_from_zip(
    no_repository: None, repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn, tmp_path: Path
) -> None:
    """The user installs one zip, and from then on the add-on, its QR code and its updates come by themselves."""
    repository.add(changed(new_version, VERSION, "0.5.99"))
    kodi.builtin("ActivateWindow(10040,addons://,return)")
    kodi.wait_for_window(ADDON_BROWSER)
    kodi.press("Install from zip file", "Down " * 8)
    wait_for("the file browser, or a note before it", lambda: kodi.window() in (FILE_BROWSER, YES_NO))
    if kodi.window() == YES_NO:
        assert "excluding served repositories" in kodi.message(), "Kodi 21 says that zips get no updates"
        kodi.press("Yes", "Left Right")
        kodi.wait_for_window(FILE_BROWSER)
    kodi.press("Simkl Account", "Down " * 8)
    kodi.press(repository.addon.name, "Down " * 20)
    wait_for("the repository", lambda: version_of(kodi, REPOSITORY_ID) == REPOSITORY_VERSION, 30)
    wait_for("the end of the dialog", lambda: kodi.window() == ADDON_BROWSER)
    kodi.key("Back")
    install(kodi)
    token = sign_in_and_leave(kodi, simkl)
    update(kodi, repository, new_version)
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    wait_for("the QR code", lambda: seen_qr(kodi, tmp_path / "screen.png").endswith(code))
    kodi.key("Back")
    assert stored(kodi) == (token, "Ada Lovelace")


def test_damaged_zip(repository: Repository, new_version: Path, kodi: Kodi) -> None:
    """Kodi does not install a zip that is not the one whose checksum the repository has."""
    repository.add(new_version)
    repository.damage(new_version)
    look_for_updates_until("the add-on to be offered", kodi, lambda: ADDON_ID in offered(kodi))
    kodi.builtin(f"InstallAddon({ADDON_ID})")
    kodi.wait_for_window(YES_NO)
    kodi.press("Yes", "Left Right")
    wait_for("the checksum", lambda: re.search(rf"{ADDON_ID}\S*: [Hh]ash mismatch", kodi.log()), 30)
    assert not addon(kodi)


def test_update_keeps_sign_in(repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn) -> None:
    """After an update from the first version, the user is still signed in, with the same token."""
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


def test_update_during_sign_in(repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn) -> None:
    """If Kodi updates the add-on while the code is shown, the sign-in goes on and works."""
    repository.add(changed(new_version, VERSION, "0.0.1"))
    install(kodi)
    kodi.run("action=sign_in")
    shown_code(kodi)
    update(kodi, repository, new_version)
    token = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(HOME)
    assert stored(kodi) == (token, "Ada Lovelace")


def test_slow_update_during_sign_in(repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn) -> None:
    """If the token arrives while Kodi is still updating the add-on, it is stored after the update."""
    with slow_update(kodi, repository, new_version) as code:
        polls = len(simkl.of_kind("poll"))
        wait_for("two more polls", lambda: len(simkl.of_kind("poll")) > polls + 1)
        assert code == kodi.code()
        polls = len(simkl.of_kind("poll"))
        simkl.approve(code, "Ada Lovelace")
        wait_for("the poll that gets the token", lambda: len(simkl.of_kind("poll")) > polls)
        assert simkl.no_more_requests(), "the sign-in has the token, and waits for the add-on to store it"
        assert stored(kodi) == ("", "")
    kodi.wait_for_message("Signed in as Ada Lovelace", 20)
    assert stored(kodi) == (list(simkl.tokens)[-1], "Ada Lovelace")
    assert is_updated(kodi)


def test_cancel_during_slow_update(repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn) -> None:
    """If the user cancels while Kodi is updating the add-on, the window closes; after the update, a sign-in works."""
    with slow_update(kodi, repository, new_version) as code:
        kodi.key("Back")
        wait_for("the window to close", lambda: kodi.window() == HOME, 2)
    wait_for("the update", lambda: is_updated(kodi), 30)
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert stored(kodi) == ("", "")
    sign_in_and_leave(kodi, simkl)


def test_cancel_after_approval_during_slow_update(
    repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn
) -> None:
    """If the user cancels after the approval has arrived, the window closes; the token is stored after the update."""
    with slow_update(kodi, repository, new_version) as code:
        simkl.approve(code, "Ada Lovelace")
        wait_for("the approval", lambda: simkl.tokens)
        assert simkl.no_more_requests(), "the answer has not arrived"
        kodi.key("Back")
        wait_for("the window to close", lambda: kodi.window() == HOME, 1)
        assert stored(kodi) == ("", "")
    wait_for("the token", lambda: stored(kodi)[0] == list(simkl.tokens)[-1], 30)
    kodi.wait_for_message("Signed in")
    assert is_updated(kodi)


# Other add-ons that have the module loaded


@pytest.mark.parametrize("is_used", [False, True])
def test_update_of_loaded_module(
    repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn, service: Consumer, is_used: bool
) -> None:
    """A service that has imported the module goes on with its code after an update, used before or not."""
    if is_used:
        assert service.do("request", "service") == 200
    update(kodi, repository, with_other_code(new_version))
    assert service.do("account", "service")["name"] == "Ada Lovelace"
    assert service.do("request", "service") == 200
    assert service.do("look_up", "service") == 200


def test_downgrade_of_loaded_module(new_version: Path, kodi: Kodi, simkl: StandIn, service: Consumer) -> None:
    """A service that has imported the module goes on with its code if an older version takes its place."""
    shutil.unpack_archive(with_other_code(new_version, "0.0.1"), kodi.home / ".kodi/addons")
    kodi.builtin("UpdateLocalAddons")
    wait_for("the older version", lambda: addon(kodi).get("version") == "0.0.1")
    assert service.do("account", "service")["name"] == "Ada Lovelace"
    assert service.do("request", "service") == 200


def test_update_during_request(
    repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn, service: Consumer
) -> None:
    """A request that is under way while Kodi updates the add-on succeeds, and so does the next one."""
    is_over: list[bool] = []
    simkl.fault("activities", answer_once(lambda: bool(is_over)))
    result = service.begin("request", "service")
    wait_for("the request", lambda: simkl.of_kind("activities"))
    update(kodi, repository, with_other_code(new_version))
    is_over.append(True)
    assert result() == 200
    assert service.do("request", "service") == 200


def test_disabled_under_service(kodi: Kodi, simkl: StandIn, service: Consumer) -> None:
    """If the user disables the add-on, a service's request raises AddonRemoved; enabled again, it works."""
    assert service.do("request", "service") == 200
    for enabled, result in ((False, "AddonRemoved"), (True, 200)):
        kodi.rpc("Addons.SetAddonEnabled", addonid=ADDON_ID, enabled=enabled)
        wait_for("the change", lambda: addon(kodi)["enabled"] is enabled)  # noqa: B023
        assert service.do("request", "service") == result


@pytest.mark.slow
def test_removed_under_service(kodi: Kodi, simkl: StandIn, service: Consumer) -> None:
    """If the add-on is removed, a service's request raises AddonRemoved, a minute later."""
    shutil.rmtree(kodi.home / ".kodi/addons" / ADDON_ID)
    kodi.builtin("UpdateLocalAddons")
    wait_for("the removal", lambda: not addon(kodi))
    result = service.begin("request", "service")
    wait_for("the end of the request", lambda: "consumer: request: " in kodi.log(), 90)
    assert result() == "AddonRemoved"
    assert kodi.quit() < 5


def test_uninstall(repository: Repository, new_version: Path, kodi: Kodi, simkl: StandIn) -> None:
    """If the user uninstalls the add-on and its data, only empty lock files are left, and no errors are logged."""
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
    wait_for("the add-on to be uninstalled", lambda: not addon(kodi))
    kodi.wait_for_window(ADDON_BROWSER)
    expected = {"packages", REPOSITORY_ID}
    left = [path for path in (kodi.home / ".kodi").rglob("*simkl*") if not expected & {*path.parts}]
    assert all(path.parent.name == "temp" and path.suffix == ".lock" and not path.read_bytes() for path in left)
    assert simkl.no_more_requests()
    errors = re.findall(r"^.* (?:error|warning|fatal) <.*$", kodi.log()[before:], re.M | re.I)
    assert not [line for line in errors if "simkl" in line and "uses plain HTTP" not in line]
    assert kodi.quit() < 5


# Steps


def install(kodi: Kodi) -> None:
    """Install the add-on from the repository, and say yes when Kodi asks."""
    look_for_updates_until("the add-on to be offered", kodi, lambda: ADDON_ID in offered(kodi))
    kodi.builtin(f"InstallAddon({ADDON_ID})")
    kodi.wait_for_window(YES_NO)
    kodi.press("Yes", "Left Right")
    wait_for("the add-on to be installed", lambda: addon(kodi).get("enabled"), 30)
    kodi.wait_for_window(HOME)


def update(kodi: Kodi, repository: Repository, version: Path) -> None:
    """Add a version to the repository, and wait until Kodi has updated the add-on by itself."""
    repository.add(version)
    number = version.stem.rpartition("-")[2]
    look_for_updates_until("the update", kodi, lambda: addon(kodi) == {"enabled": True, "version": number})


@contextlib.contextmanager
def slow_update(kodi: Kodi, repository: Repository, new_version: Path) -> Iterator[str]:
    """Within the with block, a sign-in is open and Kodi is updating the add-on. Yields the code.

    The new version requires another module, whose download waits for the end of the block. Kodi does not know the
    add-on from before this download until the new version is installed.
    """
    repository.add(changed(new_version, VERSION, "0.0.1"))
    install(kodi)
    repository.add(module(new_version.parent, "script.module.new"))
    with_module = changed(new_version, "<requires>", '<requires><import addon="script.module.new" version="1.0.0"/>')
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    with repository.slow("script.module.new"):
        repository.add(with_module)
        look_for_updates_until("the update to begin", kodi, lambda: not addon(kodi))
        yield code


def is_updated(kodi: Kodi) -> bool:
    """Return True if this source's version is installed and enabled."""
    return addon(kodi) == {"enabled": True, "version": VERSION}


def look_for_updates_until(what: str, kodi: Kodi, condition: Callable[[], bool]) -> None:
    """Let Kodi look for updates, again and again until the condition is true.

    Kodi does that once a day, and from the menu of the add-on browser. It ignores the command while it is looking.
    """

    def look() -> bool:
        kodi.builtin("UpdateAddonRepos")
        with contextlib.suppress(KodiError):
            return wait_for(what, condition, 1)
        return False

    wait_for(what, look, 30)


def offered(kodi: Kodi) -> list[str]:
    """Return the ids of the add-ons that Kodi can install."""
    return [each["addonid"] for each in kodi.rpc("Addons.GetAddons", installed=False).get("addons", [])]


def addon(kodi: Kodi) -> dict[str, Any]:
    """Return whether the add-on is enabled, and its version; nothing if it is not installed."""
    with contextlib.suppress(KodiError):
        found = kodi.rpc("Addons.GetAddonDetails", addonid=ADDON_ID, properties=["enabled", "version"])["addon"]
        return {"enabled": found["enabled"], "version": found["version"]}
    return {}


def version_of(kodi: Kodi, addon_id: str) -> str:
    """Return the version of an installed add-on; "" if it is not installed."""
    with contextlib.suppress(KodiError):
        return str(kodi.rpc("Addons.GetAddonDetails", addonid=addon_id, properties=["version"])["addon"]["version"])
    return ""


def changed(zipped: Path, old: str, new: str) -> Path:
    """Return a zip of the same add-on, but with the first occurrence of old in its addon.xml replaced by new."""
    with zipfile.ZipFile(zipped) as before:
        xml = before.read(f"{ADDON_ID}/addon.xml").decode().replace(old, new, 1)
        version = ElementTree.fromstring(xml.encode()).attrib["version"]
        folder = zipped.parent / f"changed-{version}"
        folder.mkdir()
        with zipfile.ZipFile(folder / f"{ADDON_ID}-{version}.zip", "w") as after:
            for name in before.namelist():
                after.writestr(name, xml if name == f"{ADDON_ID}/addon.xml" else before.read(name))
            return Path(str(after.filename))


def with_other_code(zipped: Path, version: str = "9.0.0") -> Path:
    """Return another version whose modules cannot be imported, so that a mixture of both is noticed."""
    target = zipped.parent / f"{ADDON_ID}-{version}.zip"
    with zipfile.ZipFile(zipped) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name.endswith("/addon.xml"):
                content = content.replace(f'version="{VERSION}"'.encode(), f'version="{version}"'.encode(), 1)
            elif name.endswith(".py"):
                content = b"raise ImportError('the new version')"
            after.writestr(name, content)
    return target


def module(folder: Path, addon_id: str) -> Path:
    """Return the zip of a new module add-on."""
    target = folder / f"{addon_id}-1.0.0.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(f"{addon_id}/addon.xml", MODULE_ADDON.format(name="new", version="1.0.0", imports=""))
        archive.writestr(f"{addon_id}/lib/new.py", "")
    return target


def required(zipped: Path) -> list[str]:
    """Return the ids of the module add-ons that an add-on requires."""
    shutil.unpack_archive(zipped, zipped.parent / "unpacked")
    imports = ElementTree.parse(zipped.parent / "unpacked" / ADDON_ID / "addon.xml").iter("import")
    return [each.attrib["addon"] for each in imports if "module" in each.attrib["addon"]]
