# SPDX-License-Identifier: GPL-2.0-or-later
"""A network of this process's own, in which api.simkl.com is this machine.

In Linux namespaces (network and mounts) that end with the process: loopback and a card without a cable, so
port 443 is free, no two test runs meet, and nothing that a test does can leave the machine.
"""

import ctypes
import os
import subprocess
import tempfile
from typing import Sequence

_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def enter(hosts: Sequence[str]) -> None:
    """Move this thread, and all that it starts from now on, into new namespaces where the hosts are 127.0.0.1."""
    _call("unshare", _CLONE_NEWNS | _CLONE_NEWNET)
    _call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    _ip("link set lo up")
    # Kodi starts no web server, and so no JSON-RPC, before it sees a network card with an address. This one leads
    # nowhere (192.0.2.0/24 is for documentation, RFC 5737).
    _ip("link add eth0 type veth peer name eth1")
    _ip("address add 192.0.2.2/32 dev eth0")
    _ip("link set eth0 up")
    _ip("link set eth1 up")
    with tempfile.NamedTemporaryFile("w", prefix="hosts-", delete=False) as file:
        file.write("127.0.0.1 localhost " + " ".join(hosts) + "\n")
    os.chmod(file.name, 0o644)
    bind(file.name, "/etc/hosts")
    os.unlink(file.name)


def bind(source: str, target: str) -> None:
    """Let target show what source is, in this mount namespace alone."""
    _call("mount", source.encode(), target.encode(), None, _MS_BIND, None)


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)} (the tests in Kodi need root: see the Makefile)")
