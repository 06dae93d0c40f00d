# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: each test gets its own Kodi and a stand-in for Simkl. A failing test leaves kodi.log and a screenshot."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Callable, Generator, Iterator

import pytest
import trustme
from filelock import FileLock

from tests.rig import namespace, releases
from tests.rig.consumer import Consumer
from tests.rig.home import fill_in_client_id
from tests.rig.kodi import Kodi, copy_home, make_home, wait_for, xvfb
from tests.rig.repository import make_home_of_a_customer
from tests.rig.standin import CLIENT_ID, DEVICE_CLIENT_ID, HOSTS, StandIn
from tools.package import ADDON_ID, ROOT

FAILURES = ROOT / "build/failures"

Template = Callable[[str, str], Path]
"""Returns a home folder to copy. Its arguments are the release of Kodi and the content: see the fixture template."""

_EXPECTED_EXCEPTIONS = (
    "Non-Existent Control",  # raised in the helper add-on
    "XML File for Window is missing",  # raised when the sign-in window cannot be opened
    "Window id does not exist",
)

_report: pytest.StashKey[dict[str, pytest.TestReport]] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures see whether the test failed."""
    report = yield
    item.stash.setdefault(_report, {})[report.when or ""] = report
    return report


@pytest.fixture(scope="session")
def network() -> None:
    """A private network in which api.simkl.com is this machine, and which has no other machine."""
    namespace.enter(HOSTS)


@pytest.fixture(scope="session")
def display(network: None) -> Iterator[str]:
    """A virtual screen, small because most tests look at no pixels and drawing them takes most of Kodi's time."""
    with xvfb(640, 360) as name:
        yield name


@pytest.fixture(scope="session")
def large_display(network: None) -> Iterator[str]:
    """A virtual screen of the size that the smallest TVs have."""
    with xvfb(1280, 720) as name:
        yield name


@pytest.fixture
def screen(request: pytest.FixtureRequest) -> str:
    """The screen of this test's Kodi."""
    name = "large_display" if request.node.get_closest_marker("large_screen") else "display"
    return str(request.getfixturevalue(name))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def authority(shared: Path) -> trustme.CA:
    """The certificate authority that every Kodi trusts. All workers use the same, because they share home folders."""
    certificate, key = shared / "authority.pem", shared / "authority.key"
    with FileLock(shared / "authority.lock"):
        if not key.exists():
            new = trustme.CA()
            new.cert_pem.write_to_path(str(certificate))
            new.private_key_pem.write_to_path(str(key))
    return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())


@pytest.fixture(scope="session")
def template(shared: Path, display: str, authority: trustme.CA) -> Template:
    """Makes home folders to copy, each once in a run.

    Its content is "add-on", "consumers" (the add-on and others that use the account), or "nothing" (a repository only).
    """

    def make(release: str, content: str) -> Path:
        folder = shared / f"template-{release}-{content}"
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                unfinished = folder.with_suffix(".unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                if content == "nothing":
                    make_home_of_a_customer(unfinished, display, release)
                else:
                    consumers = content == "consumers"
                    make_home(unfinished, display, authority, CLIENT_ID, consumers=consumers, release=release)
                unfinished.rename(folder)
        return folder

    return make


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test in Kodi 20, those marked with every_kodi in the others, too. KODI=19 runs all tests in 19 only."""
    if "release" in metafunc.fixturenames:
        in_all = metafunc.definition.get_closest_marker("every_kodi") and not releases.CHOSEN
        metafunc.parametrize("release", releases.USUAL if in_all else [releases.RELEASE])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of features that the release of Kodi does not have, and begin with the slow ones."""
    too_old = [item for item in items if _is_kodi_too_old(item)]
    config.hook.pytest_deselected(items=too_old)
    items[:] = [item for item in items if item not in too_old]
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _is_kodi_too_old(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("since_kodi")
    if not marker:
        return False
    assert isinstance(item, pytest.Function)
    return float(str(item.callspec.params["release"])) < int(marker.args[0])


@pytest.fixture
def simkl(network: None, authority: trustme.CA) -> Iterator[StandIn]:
    """A stand-in for Simkl, which this test's Kodi takes for Simkl."""
    standin = StandIn(authority=authority)
    standin.serve_tls()
    yield standin
    standin.close()


@pytest.fixture
def view(request: pytest.FixtureRequest) -> str:
    """Where the sign-in is shown: "window", or "plain" for Kodi's progress dialog. See steps.both_views."""
    return getattr(request, "param", "window")


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path, template: Template, release: str, view: str) -> Path:
    """The home folder of this test's Kodi. A test or a fixture can change it before it requests kodi."""
    folder = tmp_path / "home"
    copy_home(template(release, "consumers" if request.node.get_closest_marker("consumers") else "add-on"), folder)
    if view == "plain":
        shutil.rmtree(folder / ".kodi/addons" / ADDON_ID / "resources/skins")
    return folder


@pytest.fixture
def clock(tmp_path: Path) -> Callable[[str], None]:
    """A function that sets how far the wall clock of this test's Kodi is off, for example "+3600" seconds or "-20y".

    The monotonic clock of that Kodi stays right.
    """
    return lambda offset: _replace(tmp_path / "clock", offset)


def _replace(file: Path, text: str) -> None:
    """Write a file in one step, because libfaketime ends a process that reads a file which is not complete."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


@pytest.fixture
def environment(request: pytest.FixtureRequest, tmp_path: Path, release: str) -> dict[str, str]:
    """Environment variables for this test's Kodi: those of libfaketime if the test uses the clock."""
    if "clock" not in request.fixturenames:
        return {}
    _replace(tmp_path / "clock", "+0")
    return {
        "LD_PRELOAD": releases.find(release, "usr/lib/*/faketime/libfaketime.so.1"),
        "FAKETIME_TIMESTAMP_FILE": str(tmp_path / "clock"),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


@pytest.fixture
def kodi(
    request: pytest.FixtureRequest,
    home: Path,
    screen: str,
    simkl: StandIn,
    environment: dict[str, str],
    release: str,
) -> Iterator[Kodi]:
    """A running Kodi with a debug log. A secret, a traceback or a killed script in the log fails the test."""
    kodi = Kodi(home, screen, environment, release)
    try:
        kodi.start()
        if request.node.get_closest_marker("consumers"):
            wait_for("the services", lambda: "Example: " in kodi.log())
        yield kodi
        if request.node.stash[_report]["call"].failed:
            _save_failure(kodi, request.node.name)
        if kodi.is_running():
            kodi.quit()
        log = kodi.log()
        assert "Traceback" not in log
        for expected in _EXPECTED_EXCEPTIONS:
            log = log.replace(f"EXCEPTION: {expected}", "")
        if request.node.get_closest_marker("forgets_the_addon"):
            log = log.replace(f"EXCEPTION: Unknown addon id '{ADDON_ID}'", "", 5)
        assert "EXCEPTION" not in log
        assert "didn't stop" not in log, "Kodi had to kill a script"
        for secret in simkl.secrets:
            assert secret not in re.sub(r"\s", "", log)
    except Exception:
        _save_failure(kodi, request.node.name)
        raise
    finally:
        kodi.kill()


@pytest.fixture
def consumer(kodi: Kodi) -> Consumer:
    """The add-on that uses the account. Its service is running."""
    return Consumer(kodi)


@pytest.fixture
def device_flow(home: Path) -> None:
    """The add-on has a client id for the device flow."""
    fill_in_client_id(home, DEVICE_CLIENT_ID)


@pytest.fixture
def kodi_without_client_id(request: pytest.FixtureRequest, home: Path) -> Kodi:
    """A Kodi with the add-on as it is in the source, without a client id."""
    settings = home / ".kodi/addons/script.simkl.account/resources/settings.xml"
    settings.write_bytes((ROOT / "resources/settings.xml").read_bytes())
    kodi: Kodi = request.getfixturevalue("kodi")
    return kodi


def _save_failure(kodi: Kodi, test: str) -> None:
    folder = FAILURES / re.sub(r"\W+", "_", test)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kodi.log").write_text(kodi.log())
    kodi.screenshot(folder / "screen.png")
