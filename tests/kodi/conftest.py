# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for Simkl and a Kodi of its own for every test. A failing test leaves kodi.log and a screenshot."""

import os
import re
import shutil
from pathlib import Path
from typing import Callable, Dict, Generator, Iterator, List

import pytest
import trustme
from filelock import FileLock

from tests.rig import namespace, releases
from tests.rig.consumer import Consumer
from tests.rig.home import fill_in_client_id
from tests.rig.kodi import Kodi, copy_home, make_home, xvfb
from tests.rig.repository import make_home_of_a_customer
from tests.rig.standin import CLIENT_ID, DEVICE_CLIENT_ID, HOSTS, StandIn
from tools.package import ADDON_ID, ROOT

FAILURES = ROOT / "build/failures"

Template = Callable[[str, str], Path]

_report = pytest.StashKey[Dict[str, pytest.TestReport]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures see how the test ended."""
    report = yield
    item.stash.setdefault(_report, {})[report.when or ""] = report
    return report


@pytest.fixture(scope="session")
def network() -> None:
    """From here on, api.simkl.com is this machine and there is nothing else."""
    namespace.enter(HOSTS)


@pytest.fixture(scope="session")
def display(network: None) -> Iterator[str]:
    """A screen."""
    with xvfb() as name:
        yield name


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def authority(shared: Path) -> trustme.CA:
    """Whose certificates the Kodis trust: one for the whole run, so that a home folder serves all tests."""
    certificate, key = shared / "authority.pem", shared / "authority.key"
    with FileLock(shared / "authority.lock"):
        if not key.exists():
            new = trustme.CA()
            new.cert_pem.write_to_path(str(certificate))
            new.private_key_pem.write_to_path(str(key))
    return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())


@pytest.fixture(scope="session")
def template(shared: Path, display: str, authority: trustme.CA) -> Template:
    """A home folder to copy: of a release of Kodi, and with the add-on, that and its "consumers", or "nothing"."""

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
    """Each test once in the one release of Kodi that was asked for, or in 20; the main ones in the others, too."""
    if "release" in metafunc.fixturenames:
        main = metafunc.definition.get_closest_marker("every_kodi") and not releases.CHOSEN
        metafunc.parametrize("release", list(releases.DEBIAN) if main else [releases.RELEASE])


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    """Leave out what a release of Kodi does not have."""
    too_old = [item for item in items if _is_too_old_for(item)]
    config.hook.pytest_deselected(items=too_old)
    items[:] = [item for item in items if item not in too_old]


def _is_too_old_for(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("since_kodi")
    if not marker:
        return False
    assert isinstance(item, pytest.Function)
    return int(str(item.callspec.params["release"])) < int(marker.args[0])


@pytest.fixture
def simkl(network: None, authority: trustme.CA) -> Iterator[StandIn]:
    """Simkl, as far as this Kodi knows."""
    standin = StandIn(authority=authority)
    standin.serve_tls()
    yield standin
    standin.close()


@pytest.fixture
def view(request: pytest.FixtureRequest) -> str:
    """What the sign-in is seen in: "window", or "plain" where that window cannot be opened."""
    return getattr(request, "param", "window")


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path, template: Template, release: str, view: str) -> Path:
    """The home folder of this test's Kodi: to be changed before `kodi` is asked for."""
    folder = tmp_path / "home"
    copy_home(template(release, "consumers" if request.node.get_closest_marker("consumers") else "add-on"), folder)
    if view == "plain":
        shutil.rmtree(folder / ".kodi/addons" / ADDON_ID / "resources/skins")
    return folder


@pytest.fixture
def clock(tmp_path: Path) -> Callable[[str], None]:
    """Call it with seconds, signed, to move the wall clock of this test's Kodi. Its monotonic clock stays true."""
    return lambda offset: _write(tmp_path / "clock", offset)


def _write(file: Path, text: str) -> None:
    """At once: libfaketime ends a process that finds half of it."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


@pytest.fixture
def environment(request: pytest.FixtureRequest, tmp_path: Path, release: str) -> Dict[str, str]:
    """What this test's Kodi is started with."""
    if "clock" not in request.fixturenames:
        return {}
    _write(tmp_path / "clock", "+0")
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
    display: str,
    simkl: StandIn,
    environment: Dict[str, str],
    release: str,
) -> Iterator[Kodi]:
    """A running Kodi. In the end its log holds no secret and no traceback, at the debug level."""
    kodi = Kodi(home, display, environment, release)
    try:
        kodi.start()
        yield kodi
        if request.node.stash[_report]["call"].failed:
            _keep(kodi, request.node.name)
        if kodi.is_running():
            kodi.quit()
        log = kodi.log()
        assert "Traceback" not in log
        for expected in _EXPECTED:
            log = log.replace(f"EXCEPTION: {expected}", "")
        if request.node.get_closest_marker("forgets_the_addon"):
            log = log.replace(f"EXCEPTION: Unknown addon id '{ADDON_ID}'", "", 5)
        assert "EXCEPTION" not in log
        assert "didn't stop" not in log
        for secret in simkl.secrets:
            assert secret not in re.sub(r"\s", "", log)
    except Exception:
        _keep(kodi, request.node.name)
        raise
    finally:
        kodi.kill()


@pytest.fixture
def consumer(kodi: Kodi) -> Consumer:
    """Its service is up."""
    return Consumer(kodi)


@pytest.fixture
def device_flow(home: Path) -> None:
    """The add-on with a client id for the device flow."""
    fill_in_client_id(home, DEVICE_CLIENT_ID)


@pytest.fixture
def kodi_without_client_id(request: pytest.FixtureRequest, home: Path) -> Kodi:
    """A Kodi with the add-on as it is in the source: no publisher has filled in a client id."""
    settings = home / ".kodi/addons/script.simkl.account/resources/settings.xml"
    settings.write_bytes((ROOT / "resources/settings.xml").read_bytes())
    kodi: Kodi = request.getfixturevalue("kodi")
    return kodi


_EXPECTED = (
    "Non-Existent Control",  # the helper's
    "XML File for Window is missing",  # of a window that cannot be opened
    "Window id does not exist",
)


def _keep(kodi: Kodi, test: str) -> None:
    folder = FAILURES / re.sub(r"\W+", "_", test)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kodi.log").write_text(kodi.log())
    kodi.screenshot(folder / "screen.png")
