# SPDX-License-Identifier: GPL-2.0-or-later
"""The look-up of a host's addresses: the same results as socket.getaddrinfo(), and an end at any time."""

from __future__ import annotations

import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from lib.simkl_account.simkl import names
from lib.simkl_account.simkl.names import look_up

getaddrinfo = socket.getaddrinfo
"""The function itself: during a test it is guarded."""


def no_tick() -> None:
    """Go on."""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "fe80::1%lo", "0.0.0.0"])
def test_same_as_getaddrinfo(host: str) -> None:
    """The addresses are those of socket.getaddrinfo(), in the same form and order."""
    assert list(look_up(host, 443, no_tick)) == getaddrinfo(host, 443, type=socket.SOCK_STREAM)


@pytest.mark.parametrize("host", ["", "name.invalid", "ä" * 60 + ".invalid", "a." * 150])
def test_unknown_name(host: str) -> None:
    """A name that cannot be found raises what socket.getaddrinfo() raises."""
    with pytest.raises((socket.gaierror, UnicodeError)):
        look_up(host, 443, no_tick)


def test_without_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system without glibc, socket.getaddrinfo() is used."""
    monkeypatch.setattr(names, "_glibc", lambda: None)
    assert look_up("127.0.0.1", 443, no_tick)[0][4] == ("127.0.0.1", 443)
    for platform in ("win32", "darwin"):
        monkeypatch.undo()
        monkeypatch.setattr(names, "sys", SimpleNamespace(platform=platform))
        assert names._glibc() is None


class SlowLibrary:
    """glibc, but the look-up does not end before the test says so."""

    def __init__(self, glibc: Any) -> None:
        self._glibc = glibc
        self.has_ended = threading.Event()
        self.freed: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._glibc, name)

    def gai_error(self, block: int) -> int:
        error: int = self._glibc.gai_error(block)
        return error if self.has_ended.is_set() else -100

    def free(self, block: int) -> None:
        self.freed.append(block)
        self._glibc.free(block)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowLibrary:
    library = SlowLibrary(names._glibc())
    monkeypatch.setattr(names, "_glibc", lambda: library)
    return library


def test_slow_name_server(slow: SlowLibrary) -> None:
    """While the name server does not answer, on_tick is called; when it answers, the addresses are returned."""
    ticks: list[float] = []

    def on_tick() -> None:
        ticks.append(time.monotonic())
        if len(ticks) == 3:
            slow.has_ended.set()

    assert look_up("127.0.0.1", 443, on_tick)[0][4] == ("127.0.0.1", 443)
    assert len(ticks) == 3
    assert len(slow.freed) == 1


def test_given_up(slow: SlowLibrary) -> None:
    """What on_tick raises ends the look-up. Its memory stays allocated, because glibc may still write into it."""

    def on_tick() -> None:
        raise ConnectionAbortedError("interrupted")

    with pytest.raises(ConnectionAbortedError):
        look_up("127.0.0.1", 443, on_tick)
    assert slow.freed == []
