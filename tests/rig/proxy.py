# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a proxy of any type on loopback, and sets it in Kodi. The proxy is pproxy."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Sequence

import trustme

from .kodi import ENDS_WITH_PARENT, Kodi, free_port, wait_for

TYPES = {"http": 0, "socks4": 1, "socks4a": 2, "socks5": 3, "socks5h": 4, "https": 5}
"""The types of proxies, and Kodi's numbers for them in network.httpproxytype."""

_PPROXY = """
import asyncio
from pproxy.server import main
asyncio.set_event_loop(asyncio.new_event_loop())  # pproxy expects one, and from Python 3.14 on there is none
main()
"""

USER, PASSWORD = "a user", "p@ss:w/rd"


@contextlib.contextmanager
def running_proxy(kind: str, folder: Path, authority: trustme.CA, login: bool = True) -> Iterator[Proxy]:
    """Run a proxy of this type. folder: for its certificate and its log. login: whether it requires a password."""
    server = {"http": "http", "https": "http+ssl"}.get(kind, kind.rstrip("ah"))
    port = free_port()
    arguments: Sequence[str] = ["-l", f"{server}://127.0.0.1:{port}" + (f"#{USER}:{PASSWORD}" if login else ""), "-v"]
    if kind == "https":
        issued = authority.issue_cert("localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "proxy.pem"))
        arguments = [*arguments, "--ssl", str(folder / "proxy.pem")]
    log = folder / "proxy.log"
    command = [*ENDS_WITH_PARENT, sys.executable, "-u", "-c", _PPROXY, *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_for("the proxy", lambda: _listens(port))
        yield Proxy(port, log)
    finally:
        process.terminate()
        process.wait()


class Proxy:
    """A running proxy."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self._log = log

    def was_asked_for(self, target: str) -> bool:
        """Return True if a client has asked for a connection to this target, as host:port."""
        return target in self._log.read_text(errors="replace")


def use(kodi: Kodi, kind: str, port: int, user: str = "", password: str = "") -> None:
    """Set the proxy in Kodi, as the user does in Settings > System > Internet access."""
    for setting, value in {
        "httpproxytype": TYPES[kind],
        "httpproxyserver": "localhost",
        "httpproxyport": port,
        "httpproxyusername": user,
        "httpproxypassword": password,
        "usehttpproxy": True,
    }.items():
        kodi.rpc("Settings.SetSettingValue", setting=f"network.{setting}", value=value)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
