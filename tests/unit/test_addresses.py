# SPDX-License-Identifier: GPL-2.0-or-later
"""Connecting to the first address of a host that answers (RFC 8305), over sockets on this machine."""

from __future__ import annotations

import gc
import socket
import time
import warnings
from typing import Any

import pytest

from lib.simkl_account.simkl.addresses import ATTEMPT_DELAY, connect_to_first, interleaved
from tests.rig.faults import black_hole

from .loopback import address, closed_port


def no_tick() -> None:
    """Let the attempts go on."""


@pytest.fixture(name="port")
def fixture_port() -> Any:
    """Yield a port of loopback that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("dead", [0, 1, 2, 3])
def test_dead_addresses(port: int, dead: int) -> None:
    """Addresses that never answer cost ATTEMPT_DELAY each, and their sockets are closed."""
    with black_hole() as hole, warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        started = time.monotonic()
        with connect_to_first([*[address(hole)] * dead, address(port)], 8, no_tick) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)
        assert dead * ATTEMPT_DELAY <= time.monotonic() - started < (dead + 4) * ATTEMPT_DELAY
        gc.collect()  # a socket that is still open would warn now


def test_refused_address(port: int) -> None:
    """If an address refuses the connection, the next one is tried at once."""
    started = time.monotonic()
    connect_to_first([address(closed_port())] * 3 + [address(port)], 8, no_tick).close()
    assert time.monotonic() - started < ATTEMPT_DELAY


def test_slow_first_address(port: int) -> None:
    """If the first address answers within ATTEMPT_DELAY, no other one is tried."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.setblocking(False)
        connect_to_first([address(port), address(other.getsockname()[1])], 8, no_tick).close()
        with pytest.raises(BlockingIOError):
            other.accept()


def test_all_refused() -> None:
    """If all addresses refuse the connection, the error says so."""
    with pytest.raises(ConnectionRefusedError):
        connect_to_first([address(closed_port()), address(closed_port())], 8, no_tick)


def test_no_address() -> None:
    """If the host has no address, OSError is raised."""
    with pytest.raises(OSError, match="no address"):
        connect_to_first([], 8, no_tick)


def test_timeout() -> None:
    """If no address answers, socket.timeout is raised after the timeout for all of them together."""
    with black_hole() as hole:
        started = time.monotonic()
        with pytest.raises(socket.timeout):
            connect_to_first([address(hole)] * 2, 0.4, no_tick)
        assert 0.4 <= time.monotonic() - started < 2


def test_tick_ends_attempts() -> None:
    """What on_tick raises ends all attempts."""

    def on_tick() -> None:
        if time.monotonic() > started + 0.2:
            raise ConnectionAbortedError("interrupted")

    with black_hole() as hole:
        started = time.monotonic()
        with pytest.raises(ConnectionAbortedError):
            connect_to_first([address(hole)] * 2, 8, on_tick)
        assert time.monotonic() - started < 2


def test_unknown_family(port: int) -> None:
    """If the device does not know the family of an address, the next one is tried."""
    unknown = (socket.AF_UNIX, socket.SOCK_STREAM, 99, "", ("::1", 443))
    connect_to_first([unknown, address(port)], 8, no_tick).close()


def test_families_alternate() -> None:
    """The two families take turns, beginning with that of the first address; within a family, the order stays."""
    six = [(socket.AF_INET6, 1, 6, "", number) for number in range(3)]
    four = [(socket.AF_INET, 1, 6, "", number) for number in range(2)]
    assert interleaved([*six, *four]) == [six[0], four[0], six[1], four[1], six[2]]
    assert interleaved([*four, *six]) == [four[0], six[0], four[1], six[1], six[2]]
    assert interleaved(six) == six
    assert interleaved([]) == []
