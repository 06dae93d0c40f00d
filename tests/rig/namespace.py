# SPDX-License-Identifier: GPL-2.0-or-later
"""A network of this process's own, in which api.simkl.com is this machine.

In Linux namespaces (network and mounts) that end with the process: loopback and a card without a cable, so
port 443 is free, no two test runs meet, and nothing that a test does can leave the machine.
"""

import atexit
import contextlib
import ctypes
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence

_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MNT_DETACH = 1, 2, 4, 32, 4096, 16384, 2
_MS_PRIVATE, _MS_SLAVE, _MS_SHARED = 1 << 18, 1 << 19, 1 << 20

_hosts_file: Optional[Path] = None

_libc = ctypes.CDLL(None, use_errno=True)


def enter(names: Sequence[str]) -> None:
    """Move this thread, and all that it starts from now on, into new namespaces where the names are 127.0.0.1."""
    _call("unshare", _CLONE_NEWNS | _CLONE_NEWNET)
    # What is mounted here stays in here, but for the Kodis, each in a namespace of its own again (releases.inside).
    for propagation in (_MS_SLAVE, _MS_SHARED):
        _call("mount", b"none", b"/", None, _MS_REC | propagation, None)
    _ip("link set lo up")
    # Kodi starts no web server, and so no JSON-RPC, before it sees a network card with an address. This one leads
    # nowhere (192.0.2.0/24 is for documentation, RFC 5737).
    _ip("link add eth0 type veth peer name eth1")
    _ip("address add 192.0.2.2/32 dev eth0")
    _ip("link set eth0 up")
    _ip("link set eth1 up")
    folder = tempfile.TemporaryDirectory(prefix="hosts-")
    atexit.register(folder.cleanup)
    global _hosts_file
    _hosts_file = Path(folder.name) / "hosts"
    _write_hosts(names)
    _call("mount", bytes(_hosts_file), b"/etc/hosts", None, _MS_BIND, None)


@contextlib.contextmanager
def hosts(names: Sequence[str]) -> Iterator[None]:
    """For a while, only these names can be looked up."""
    assert _hosts_file is not None
    before = _hosts_file.read_text()
    _write_hosts(names)
    try:
        yield
    finally:
        _hosts_file.write_text(before)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """For a while, nobody can write to the folder, root neither."""
    name = bytes(folder)
    with tempfile.TemporaryDirectory(prefix="read-only-") as aside:
        # First aside: what is mounted gets to the Kodis as it is then, and a change of it does not.
        _call("mount", name, aside.encode(), None, _MS_BIND, None)
        _call("mount", b"none", aside.encode(), None, _MS_PRIVATE, None)
        # A /tmp that is nosuid and nodev has to stay so in a user namespace.
        flags = _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV
        _call("mount", b"none", aside.encode(), None, flags, None)
        _call("mount", aside.encode(), name, None, _MS_BIND, None)
        _call("umount2", aside.encode(), _MNT_DETACH)
    try:
        yield
    finally:
        _call("umount2", name, _MNT_DETACH)


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """For a while, the folder is on a disk without a free byte; yields what makes room on it."""
    name = bytes(folder)
    _call("mount", b"none", name, b"tmpfs", 0, b"size=64k")
    filler = folder / "filler"
    try:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        yield filler.unlink
    finally:
        _call("umount2", name, _MNT_DETACH)


def _write_hosts(names: Sequence[str]) -> None:
    assert _hosts_file is not None
    _hosts_file.write_text("127.0.0.1 localhost " + " ".join(names) + "\n")


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)} (the tests in Kodi need root: see the Makefile)")
