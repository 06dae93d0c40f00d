# SPDX-License-Identifier: GPL-2.0-or-later
"""The releases of Kodi that the tests run on, each inside the Debian that has it: a folder, not a virtual machine.

usage: python -m tests.rig.releases RELEASE...     installs those that are missing, once for all clones
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import List, Sequence

from filelock import FileLock

from tools.package import ADDON_ID

DEBIAN = {"19": "bullseye", "20": "bookworm", "21": "trixie"}
"""Kodi 19.1 with Python 3.9, 20.1 with 3.11 and 21.2 with 3.13."""

CHOSEN = os.environ.get("KODI", "")
"""The one release that a person wants everything on (`make test KODI=19`), or nothing."""

RELEASE = CHOSEN or "20"

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / ADDON_ID

# The fonts are the ones of Kodi's standard skin.
_PACKAGES = ["kodi", "kodi-bin", "libgl1-mesa-dri", "faketime", "ca-certificates", "fonts-noto-core", "fonts-noto-mono"]
_ROBOTO = {"19": "fonts-roboto-hinted", "20": "fonts-roboto-hinted", "21": "fonts-roboto-unhinted"}

# Inside, a process sees this machine's devices, processes and /tmp, and the names that can be looked up here.
_BORROWED = ("hosts", "resolv.conf")
_INSIDE = f"""
for folder in proc sys dev tmp; do mount --rbind /$folder "$0/$folder"; done
for file in {" ".join(_BORROWED)}; do [ ! -e /etc/$file ] || mount --bind /etc/$file "$0/etc/$file"; done
PATH="$PATH:/usr/sbin" exec chroot "$0" "$@"
"""


def root(release: str) -> Path:
    """The folder that is a release's file system."""
    return FOLDER / f"kodi-{release}"


def inside(release: str, command: Sequence[str]) -> List[str]:
    """The command that runs a command in a release's file system, as the same process.

    The mounts are its own and end with it; what is mounted here later (tests/rig/namespace.py) is seen there, too.
    """
    return ["unshare", "--mount", "--propagation", "slave", "sh", "-ec", _INSIDE, str(root(release)), *command]


def find(release: str, pattern: str) -> str:
    """The path, inside, of the one file that matches."""
    (file,) = root(release).glob(pattern)
    return f"/{file.relative_to(root(release))}"


def install(releases: Sequence[str]) -> None:
    """Install the releases that are missing, side by side."""
    if all(map(_is_installed, releases)):
        return
    if os.geteuid() != 0:
        subprocess.run(["sudo", "-E", sys.executable, "-m", "tests.rig.releases", *releases], check=True)
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with FileLock(FOLDER / "lock"):
        _install([release for release in releases if not _is_installed(release)])


def _install(releases: Sequence[str]) -> None:
    print(f"Installing Kodi {', '.join(releases)} in {FOLDER}: about a minute, once", flush=True)
    started = time.monotonic()
    processes = {release: _begin(release) for release in releases}
    for release, process in processes.items():
        if process.wait() == 0:
            _finish(release)
    print(f"That took {time.monotonic() - started:.0f} s", flush=True)
    if not all(map(_is_installed, releases)):
        raise SystemExit("Not all of them could be installed")


def _packages(release: str) -> str:
    return ",".join([*_PACKAGES, _ROBOTO[release]])


def _is_installed(release: str) -> bool:
    stamp = root(release) / "packages"
    return stamp.is_file() and stamp.read_text() == _packages(release)


def _unfinished(release: str) -> Path:
    return FOLDER / f"kodi-{release}.unfinished"


def _begin(release: str) -> "subprocess.Popen[bytes]":
    for folder in (root(release), _unfinished(release)):
        if folder.exists():
            shutil.rmtree(folder)
    # In mounts of its own, so that none is left when it is interrupted.
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
    ]
    command += [DEBIAN[release], str(_unfinished(release)), "http://deb.debian.org/debian"]
    return subprocess.Popen(command, env={**os.environ, "LC_ALL": "C.UTF-8"})


def _finish(release: str) -> None:
    for name in _BORROWED:
        (_unfinished(release) / "etc" / name).touch()
    (_unfinished(release) / "packages").write_text(_packages(release))
    _unfinished(release).rename(root(release))


if __name__ == "__main__":
    install(sys.argv[1:])
