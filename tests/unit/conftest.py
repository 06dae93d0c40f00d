# SPDX-License-Identifier: GPL-2.0-or-later
"""For all unit tests: the fixture `kodi`, and a guard against connections to other machines."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from lib.simkl_account.simkl import connections

from .stubs import kodi  # noqa: F401  # pytest finds the fixture here


@pytest.fixture(autouse=True)
def no_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test fail if it connects to another machine, or looks up the name of one."""
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
            pytest.fail(f"a connection to another machine: {address}")
        connect(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", None):
            pytest.fail(f"a look-up of the name {host}")
        return getaddrinfo(host, *args, **kwargs)

    def look_up(host: str, port: int, on_tick: Any) -> Any:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
    monkeypatch.setattr(connections, "look_up", look_up)
