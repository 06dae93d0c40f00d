# SPDX-License-Identifier: GPL-2.0-or-later
"""Gives this process a private network in which api.simkl.com is this machine.

The network and its mounts are Linux namespaces, which end with the process. The network has loopback and one card that
leads nowhere. So port 443 is free, two test runs do not disturb each other, and no request leaves the machine.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Callable, Iterator, Sequence

_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MNT_DETACH = 1, 2, 4, 32, 4096, 16384, 2
_MS_PRIVATE, _MS_SLAVE, _MS_SHARED = 1 << 18, 1 << 19, 1 << 20

_hosts_file: Path | None = None
_resolver_file: Path | None = None

_libc = ctypes.CDLL(None, use_errno=True)


def enter(names: Sequence[str]) -> None:
    """Move this thread, and what it starts later, into new namespaces. There, these host names are 127.0.0.1."""
    _call("unshare", _CLONE_NEWNS | _CLONE_NEWNET)
    # SLAVE: the machine does not see the mounts of this namespace. SHARED: the namespaces of the Kodis, which
    # releases.command_inside() makes, do see them.
    for propagation in (_MS_SLAVE, _MS_SHARED):
        _call("mount", b"none", b"/", None, _MS_REC | propagation, None)
    _ip("link set lo up")
    # Kodi starts its web server, which JSON-RPC needs, only when there is a network card with an address. This card
    # leads nowhere: the addresses 192.0.2.0/24 are for documentation (RFC 5737).
    _ip("link add eth0 type veth peer name eth1")
    _ip("address add 192.0.2.2/32 dev eth0")
    _ip("link set eth0 up")
    _ip("link set eth1 up")
    folder = tempfile.TemporaryDirectory(prefix="hosts-")
    atexit.register(folder.cleanup)
    global _hosts_file, _resolver_file
    _hosts_file, _resolver_file = Path(folder.name) / "hosts", Path(folder.name) / "resolv.conf"
    _write_hosts(names)
    _resolver_file.write_text("")
    _call("mount", bytes(_hosts_file), b"/etc/hosts", None, _MS_BIND, None)
    _call("mount", bytes(_resolver_file), b"/etc/resolv.conf", None, _MS_BIND, None)
    # The virtual screens of all test runs have the same name, because each is the first one in its network. Here an X
    # server writes the keymap of its screen, and reads it again. If two did so at the same time, one of them would end.
    _call("mount", b"none", b"/var/lib/xkb", b"tmpfs", 0, b"mode=1777")


@contextlib.contextmanager
def hosts(names: Sequence[str], addresses: Sequence[str] = ("127.0.0.1",)) -> Iterator[None]:
    """Within the with block, only these host names can be looked up. They have these addresses, in this order."""
    assert _hosts_file is not None
    before = _hosts_file.read_text()
    _write_hosts(names, addresses)
    try:
        yield
    finally:
        _hosts_file.write_text(before)


@contextlib.contextmanager
def silent_name_server() -> Iterator[None]:
    """Within the with block, no host name can be looked up, because the name server does not answer."""
    assert _resolver_file is not None
    with hosts(()), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        _resolver_file.write_text("nameserver 127.0.0.1\n")
        try:
            yield
        finally:
            _resolver_file.write_text("")


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Within the with block, nobody can write to the folder, not even root."""
    name = bytes(folder)
    with tempfile.TemporaryDirectory(prefix="read-only-") as elsewhere:
        # A namespace of a Kodi gets a mount as it is when it is made, and no later change of it. So make the mount
        # read-only in another place first.
        _call("mount", name, elsewhere.encode(), None, _MS_BIND, None)
        _call("mount", b"none", elsewhere.encode(), None, _MS_PRIVATE, None)
        # In a user namespace, a mount of a /tmp that is nosuid and nodev has to be nosuid and nodev, too.
        flags = _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV
        _call("mount", b"none", elsewhere.encode(), None, flags, None)
        _call("mount", elsewhere.encode(), name, None, _MS_BIND, None)
        _call("umount2", elsewhere.encode(), _MNT_DETACH)
    try:
        yield
    finally:
        _call("umount2", name, _MNT_DETACH)


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """Within the with block, the folder's files are on a full disk. Yields a function that frees space on it."""
    name, files = bytes(folder), {path: path.read_bytes() for path in folder.iterdir()}
    _call("mount", b"none", name, b"tmpfs", 0, b"size=64k")
    for path, content in files.items():
        path.write_bytes(content)
    filler = folder / "filler"
    try:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        yield filler.unlink
    finally:
        _call("umount2", name, _MNT_DETACH)


def _write_hosts(names: Sequence[str], addresses: Sequence[str] = ("127.0.0.1",)) -> None:
    assert _hosts_file is not None
    lines = [f"{address} {' '.join(names)}" for address in addresses if names]
    _hosts_file.write_text("\n".join(["127.0.0.1 localhost", *lines, ""]))


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)} (the tests in Kodi need root: see tools/as_root.sh)")
