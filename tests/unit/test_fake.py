# SPDX-License-Identifier: GPL-2.0-or-later
"""What `pip install` of this source gives to other add-ons: the types, and simkl_account_fake for their tests."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lib.simkl_account as simkl_account
from tools.package import ROOT, VERSION

from .new_python import run

EXAMPLES = dict(
    re.findall(
        r"^```python\n# (\w+\.py)\n(.*?)^```$", (ROOT / "docs/for-add-ons.md").read_text(encoding="utf-8"), re.M | re.S
    )
)

NO_KODI = """
import sys
for name in ("xbmc", "xbmcaddon", "xbmcgui", "xbmcplugin", "xbmcvfs"):
    sys.modules[name] = None  # importing it fails
"""

CODE = """
import inspect, simkl_account_fake
fake = simkl_account_fake.install()
import simkl_account
{code}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the source."""
    folder = tmp_path_factory.mktemp("installed")
    arguments = ["--quiet", "--disable-pip-version-check", "--no-build-isolation", "--no-deps", "--target"]
    build = tmp_path_factory.mktemp("source")  # setuptools writes into the source folder
    for name in ("pyproject.toml", "lib", "testing"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(build / name)], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", *arguments, str(folder), str(build)], check=True)
    return folder


def test_example(installed: Path, tmp_path: Path) -> None:
    """The tests in the documentation pass, with Kodistubs, and they test something."""
    for name in ("script.py", "test_script.py"):
        (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_script.py"]
    environment = {"PYTHONPATH": str(installed), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "3 passed" in done.stdout, done.stdout
    broken = EXAMPLES["script.py"].replace("return response.json()", "return 7")
    (tmp_path / "script.py").write_text(broken, encoding="utf-8")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "1 failed, 2 passed" in done.stdout, done.stdout


def test_all_names(installed: Path) -> None:
    """The fake has each public name, and its functions have the same arguments."""
    code = f"print([name for name in {simkl_account.__all__} if not hasattr(simkl_account, name)])"
    assert run(installed, NO_KODI + CODE.format(code=code)) == "[]"
    for name in ("get_account", "is_signed_in", "sign_in", "sign_out", "Session"):
        ours = list(inspect.signature(getattr(simkl_account, name)).parameters)
        code = f"print(list(inspect.signature(simkl_account.{name}).parameters))"
        assert run(installed, NO_KODI + CODE.format(code=code)) == str(ours)


def test_account(installed: Path) -> None:
    """A test can let somebody sign in, with any fields, and sign out; sign_in() ends as the test says."""
    code = """
assert simkl_account.get_account() is None and not simkl_account.is_signed_in()
assert simkl_account.sign_in() is simkl_account.SignInResult.SIGNED_IN and simkl_account.is_signed_in()
fake.sign_in("Grace", id=2, needs_sign_in=True, can_write=False)
account = simkl_account.get_account()
assert (account.name, account.id, account.can_write, simkl_account.is_signed_in()) == ("Grace", 2, False, False)
assert simkl_account.sign_out() and simkl_account.get_account() is None
fake.next_sign_in = "EXPIRED"
assert simkl_account.sign_in() is simkl_account.SignInResult.EXPIRED and simkl_account.get_account() is None
print("done")
"""
    assert run(installed, NO_KODI + CODE.format(code=code)) == "done"


def test_requests(installed: Path) -> None:
    """Requests are answered as the test says, and raise what the real ones raise."""
    code = """
session = simkl_account.Session()
try:
    session.get("https://api.simkl.com/sync/activities")
except simkl_account.SignInNeeded:
    print("needed")
assert session.get("https://api.simkl.com/movies/1").status_code == 404
fake.sign_in()
fake.answers["POST", "/sync/history"] = 201, {"added": 1}
response = session.post("https://api.simkl.com/sync/history?a=1", json={"movies": []})
assert (response.status_code, response.json(), response.ok) == (201, {"added": 1}, True)
assert fake.sent[-1].body == b'{"movies": []}'
fake.answers["GET", "/sync/activities"] = 429, {"error": "app_limit_exceeded"}
try:
    session.get("https://api.simkl.com/sync/activities")
except simkl_account.AppLimitExceeded as error:
    print(error.ends_at.tzinfo)
fake.error = simkl_account.ShuttingDown()
for url, options, expected in (
    ("https://api.simkl.com/movies/1", {}, simkl_account.ShuttingDown),
    ("https://api.simkl.com/movies/1", {"json": 1}, ValueError),
    ("https://elsewhere.example/", {}, ConnectionError),
    ("http://elsewhere.example/", {}, ConnectionError),
):
    try:
        session.get(url, **options)
        print("no error")
    except expected:
        pass
    except Exception as error:
        assert expected is ConnectionError and "no network" in str(error)
again = simkl_account_fake.install()
assert again is fake and not fake.sent and not fake.error and not simkl_account.is_signed_in()
for method, path in (("POST", "/movies/1"), ("GET", "/tv/trending")):
    try:
        session.request(method, "https://api.simkl.com" + path)
        print("no error")
    except simkl_account.SignInNeeded:
        pass
"""
    assert run(installed, NO_KODI + CODE.format(code=code)) == "needed\nUTC"


def test_types(installed: Path) -> None:
    """Type checkers use the types of both packages."""
    for name in ("simkl_account", "simkl_account_fake"):
        assert (installed / name / "py.typed").is_file()
    (metadata,) = installed.glob("*.dist-info/METADATA")
    assert f"Version: {VERSION}" in metadata.read_text(encoding="utf-8")


def test_version() -> None:
    """The module's version is that of addon.xml."""
    assert simkl_account.__version__ == VERSION
