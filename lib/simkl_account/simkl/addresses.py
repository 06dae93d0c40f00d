# SPDX-License-Identifier: GPL-2.0-or-later
"""Connect to the first address of a host that answers: "happy eyeballs", RFC 8305.

In many homes the router announces IPv6 that leads nowhere. The addresses are tried one after the other, a quarter of a
second apart, without waiting until one fails, so a dead address costs no more than that.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
from time import monotonic
from typing import Any, Callable, Sequence, Tuple

AddressInfo = Tuple[int, int, int, str, Any]
"""What socket.getaddrinfo() returns for each address."""

ATTEMPT_DELAY = 0.25
"""Seconds before the next address is tried (RFC 8305, 5)."""

_SLICE = 0.1
"""Seconds between two calls of on_tick."""

_CONNECTING = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, 10035)
"""What connect_ex() returns when it has begun. The last is Windows' WSAEWOULDBLOCK."""


def connect_to_first(addresses: Sequence[AddressInfo], timeout: float, on_tick: Callable[[], None]) -> socket.socket:
    """Return a socket that is connected to the first address that answers. The other attempts are closed.

    timeout: seconds for all attempts together. on_tick: called every _SLICE seconds; what it raises ends the attempts.
    Raises OSError, the newest one if no address answers.
    """
    waiting, deadline = interleaved(addresses), monotonic() + timeout
    next_start = 0.0
    failure: OSError = socket.gaierror("no address")
    with selectors.DefaultSelector() as attempts:
        try:
            while waiting or attempts.get_map():
                on_tick()
                if monotonic() > deadline:
                    raise socket.timeout("connect")
                if waiting and (monotonic() >= next_start or not attempts.get_map()):
                    next_start = monotonic() + ATTEMPT_DELAY
                    failure = _start(attempts, waiting.pop(0)) or failure
                wait = min(_SLICE, max(0.0, next_start - monotonic())) if waiting else _SLICE
                for key, _ in attempts.select(wait):
                    sock: Any = key.fileobj
                    attempts.unregister(sock)
                    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if not error:
                        return sock  # type: ignore[no-any-return]
                    sock.close()
                    failure, next_start = OSError(error, os.strerror(error)), 0.0
            raise failure
        finally:
            for key in list((attempts.get_map() or {}).values()):
                key.fileobj.close()  # type: ignore[union-attr]  # a socket


def interleaved(addresses: Sequence[AddressInfo]) -> list[AddressInfo]:
    """Return the addresses with the two families in turn, beginning with that of the first one (RFC 8305, 4)."""
    first = [each for each in addresses if each[0] == addresses[0][0]]
    others = [each for each in addresses if each[0] != addresses[0][0]]
    pairs = list(zip(first, others))
    count = len(pairs)
    return [each for pair in pairs for each in pair] + first[count:] + others[count:]


def _start(attempts: selectors.BaseSelector, address: AddressInfo) -> OSError | None:
    """Begin to connect. Returns the error if that fails at once."""
    family, kind, protocol, _, target = address
    try:
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        return error  # this device has no such family
    sock.setblocking(False)
    result = sock.connect_ex(target)
    if result in _CONNECTING:
        attempts.register(sock, selectors.EVENT_WRITE)
        return None
    sock.close()
    return OSError(result, os.strerror(result))
