# SPDX-License-Identifier: GPL-2.0-or-later
"""Look up the addresses of a host in a way that can be given up at once.

socket.getaddrinfo() cannot be ended: if the name server never answers, it keeps its thread for 10 seconds or more, and
Kodi waits for every thread of a script. glibc's getaddrinfo_a() looks up in a thread of its own, which Kodi does not
know: https://man7.org/linux/man-pages/man3/getaddrinfo_a.3.html. On other systems socket.getaddrinfo() is used.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from typing import Any, Callable, Sequence

from .addresses import AddressInfo

_SLICE = 0.1
"""Seconds between two calls of on_tick."""

_NO_WAIT, _IN_PROGRESS = 1, -100
"""glibc's GAI_NOWAIT and EAI_INPROGRESS."""


class _Found(ctypes.Structure):
    """struct addrinfo: a linked list of addresses, and the form of the hints."""


_Found._fields_ = (
    *((name, ctypes.c_int) for name in ("flags", "family", "type", "protocol")),
    ("address_length", ctypes.c_uint32),
    ("address", ctypes.c_void_p),
    ("canonical_name", ctypes.c_char_p),
    ("next", ctypes.POINTER(_Found)),
)


class _Lookup(ctypes.Structure):
    """struct gaicb, and behind it everything that it points to."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("name", "service", "request")),
        ("found", ctypes.POINTER(_Found)),
        ("private", ctypes.c_int * 6),
        ("list", ctypes.c_void_p * 1),
        ("hints", _Found),
        ("host", ctypes.c_char * 256),
        ("port", ctypes.c_char * 6),
    )


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def look_up(host: str, port: int, on_tick: Callable[[], None]) -> Sequence[AddressInfo]:
    """Return the addresses of a host, as socket.getaddrinfo() does.

    on_tick: called every _SLICE seconds; what it raises ends the look-up. Raises socket.gaierror.
    """
    libc = _glibc()
    if not libc:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    name = host.encode("idna")
    if len(name) > 255:
        raise socket.gaierror(socket.EAI_NONAME, "the name is too long")
    # malloc's memory, because glibc writes into it whenever the look-up ends. It is lost if the look-up is given up.
    block = libc.calloc(1, ctypes.sizeof(_Lookup))
    lookup = _Lookup.from_address(block)
    lookup.host, lookup.port, lookup.hints.type = name, str(port).encode(), socket.SOCK_STREAM
    lookup.name, lookup.service = block + _Lookup.host.offset, block + _Lookup.port.offset
    lookup.request, lookup.list[0] = block + _Lookup.hints.offset, block
    error = libc.getaddrinfo_a(_NO_WAIT, lookup.list, 1, None)
    while not error and libc.gai_error(block) == _IN_PROGRESS:
        libc.gai_suspend(lookup.list, 1, ctypes.byref(_TimeSpec(0, int(_SLICE * 1e9))))
        try:
            on_tick()
        except BaseException:
            libc.gai_cancel(block)  # works only if it has not begun yet: glibc looks up 20 names at the same time
            raise
    error = error or libc.gai_error(block)
    addresses = _addresses(lookup.found) if not error else []
    if lookup.found:
        libc.freeaddrinfo(lookup.found)
    libc.free(block)
    if error:
        raise socket.gaierror(error, "name look-up failed")
    return addresses


def _addresses(found: Any) -> list[AddressInfo]:
    """Return a linked list of struct addrinfo in the form of socket.getaddrinfo()."""
    addresses: list[AddressInfo] = []
    while found:
        each = found.contents
        data, target = ctypes.string_at(each.address, each.address_length), None
        if each.family == socket.AF_INET:
            port, ip = struct.unpack("!2xH4s", data[:8])
            target = (socket.inet_ntop(each.family, ip), port)
        elif each.family == socket.AF_INET6:
            port, flow, ip = struct.unpack("!2xHI16s", data[:24])
            target = (socket.inet_ntop(each.family, ip), port, flow, *struct.unpack("=I", data[24:28]))
        if target:
            addresses.append((each.family, each.type, each.protocol, "", target))
        found = each.next
    return addresses


def _glibc() -> Any:
    """Return the library with getaddrinfo_a(); None if this system has none. Before glibc 2.34 it was libanl."""
    if sys.platform != "linux":
        return None
    for name in ("libc.so.6", "libanl.so.1"):
        try:
            library = ctypes.CDLL(name)
            library.getaddrinfo_a.restype = ctypes.c_int
        except (OSError, AttributeError):
            continue
        library.calloc.restype = ctypes.c_void_p
        for function in (library.free, library.gai_error, library.gai_cancel):
            function.argtypes = [ctypes.c_void_p]
        return library
    return None
