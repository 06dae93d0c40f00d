# SPDX-License-Identifier: GPL-2.0-or-later
"""Installs the releases of Kodi that the tests run in, each with the system that has it, in a folder for chroot.

usage: python -m tests.rig.releases RELEASE...     installs the missing releases; all clones of the project share them
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Sequence

from filelock import FileLock

from tools.package import ADDON_ID

_SUITES = {"19": "bullseye", "20": "bookworm", "21": "trixie", "21.3": "forky", "22": "noble"}
"""The Debian releases that have Kodi 19.1 with Python 3.9, 20.1 with 3.11, 21.2 with 3.13, and 21.3 with 3.14.

For Kodi 22, which is not released yet: an Ubuntu for which Team Kodi makes a build each night.
"""

USUAL = ("19", "20", "21", "21.3")
"""The releases for the tests of the main paths.

21.3 is from a Debian that still changes. If it can no longer be installed, take it out here and in the Makefile.
"""

_MIRROR, _ARCHIVE = "http://deb.debian.org/debian", "http://archive.debian.org/debian"
"""Debian moves a release to its archive some time after its support has ended."""

_NIGHTLY = (
    *(f"deb http://archive.ubuntu.com/ubuntu {suite} main universe" for suite in ("noble", "noble-updates")),
    # apt does not know the key of these builds. That they are Team Kodi's is known by HTTPS.
    "deb [trusted=yes] https://ppa.launchpadcontent.net/team-xbmc/xbmc-nightly/ubuntu noble main",
)

CHOSEN = os.environ.get("KODI", "")
"""The release that all tests are to run in (`make test KODI=19`); "" if none was chosen."""

RELEASE = CHOSEN or "20"
"""The release that is used if a caller names none."""

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / ADDON_ID

# The fonts are the fonts of Kodi's standard skin.
_PACKAGES = ["kodi", "kodi-bin", "libgl1-mesa-dri", "faketime", "ca-certificates", "fonts-noto-core", "fonts-noto-mono"]
_ROBOTO = dict.fromkeys(_SUITES, "fonts-roboto-unhinted") | dict.fromkeys(("19", "20"), "fonts-roboto-hinted")

# Inside the chroot, a process uses the devices, processes and /tmp of this machine, and its host names.
_HOST_NAME_FILES = ("hosts", "resolv.conf")
_ENTER = f"""
for folder in proc sys dev tmp; do mount --rbind /$folder "$0/$folder"; done
for file in {" ".join(_HOST_NAME_FILES)}; do [ ! -e /etc/$file ] || mount --bind /etc/$file "$0/etc/$file"; done
PATH="$PATH:/usr/sbin" exec chroot "$0" "$@"
"""


def root(release: str) -> Path:
    """Return the folder that holds a release's file system."""
    return FOLDER / f"kodi-{release}"


def command_inside(release: str, command: Sequence[str]) -> list[str]:
    """Return a command that runs this command in a release's file system. It keeps its process id.

    It has its own mounts, which end with it. It also sees what is mounted here later (see tests/rig/namespace.py).
    """
    return ["unshare", "--mount", "--propagation", "slave", "sh", "-ec", _ENTER, str(root(release)), *command]


def find(release: str, pattern: str) -> str:
    """Return the path, in the release's file system, of the one file that matches the pattern."""
    (file,) = root(release).glob(pattern)
    return f"/{file.relative_to(root(release))}"


def install(releases: Sequence[str]) -> None:
    """Install the missing releases at the same time. A nightly build that is installed stays as it is."""
    unknown = set(releases) - set(_SUITES)
    if unknown:
        raise SystemExit(f"There is no Kodi {', '.join(unknown)} here, only {', '.join(_SUITES)}")
    if all(map(_is_installed, releases)):
        return
    if os.geteuid() != 0:
        subprocess.run(["sudo", "-E", sys.executable, "-m", "tests.rig.releases", *releases], check=True)
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with FileLock(FOLDER / "lock"):
        _install([release for release in releases if not _is_installed(release)])


def _install(releases: Sequence[str]) -> None:
    print(f"Installing Kodi {', '.join(releases)} in {FOLDER}: this takes a minute or two, and only once", flush=True)
    started = time.monotonic()
    for mirror in (_MIRROR, _ARCHIVE):
        processes = {release: _start(release, mirror) for release in releases if not _is_installed(release)}
        for release, process in processes.items():
            if process.wait() == 0:
                _finish(release)
    print(f"Done in {time.monotonic() - started:.0f} s", flush=True)
    if not all(map(_is_installed, releases)):
        raise SystemExit("At least one release of Kodi could not be installed")


def _packages(release: str) -> str:
    return ",".join([*_PACKAGES, _ROBOTO[release]])


def _is_installed(release: str) -> bool:
    stamp = root(release) / "packages"
    return stamp.is_file() and stamp.read_text() == _packages(release)


def _unfinished(release: str) -> Path:
    return FOLDER / f"kodi-{release}.unfinished"


def _start(release: str, mirror: str) -> subprocess.Popen[bytes]:
    for folder in (root(release), _unfinished(release)):
        if folder.exists():
            shutil.rmtree(folder)
    # In its own mount namespace, so that no mount is left if it is interrupted.
    command = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        f"--include={_packages(release)}",
    ]
    command += [
        "--dpkgopt=force-unsafe-io",
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=Acquire::Retries "3"',
        '--aptopt=Acquire::Check-Valid-Until "false"',  # the lists of a release that has moved are old
    ]
    sources = _NIGHTLY if release == "22" else (mirror,)
    command += [_SUITES[release], str(_unfinished(release)), *sources]
    return subprocess.Popen(command, env={**os.environ, "LC_ALL": "C.UTF-8"})


def _finish(release: str) -> None:
    for name in _HOST_NAME_FILES:
        (_unfinished(release) / "etc" / name).touch()
    (_unfinished(release) / "packages").write_text(_packages(release))
    _unfinished(release).rename(root(release))


if __name__ == "__main__":
    install(sys.argv[1:])
