# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong between here and Simkl: faults that the stand-in answers a request with."""

from __future__ import annotations

import contextlib
import gzip
import json
import select
import socket
import struct
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Callable, Iterator

if TYPE_CHECKING:
    from .standin import Handler

Fault = Callable[["Handler"], None]
"""A function that answers one request."""


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    """Answer with this status, body and headers. A header's name has "_" for "-"."""
    return lambda handler: handler.send(code, body, **headers)


def answer(body: Any) -> Fault:
    """Answer with this JSON."""
    return status(200, json.dumps(body).encode())


def too_many(seconds: int, as_date: bool = False) -> Fault:
    """Answer 429 with Retry-After, in seconds or as a date."""

    def refuse(handler: Handler) -> None:
        # A date has only whole seconds: take the next one, so that the time is not too short.
        value = formatdate(time.time() + seconds + 1, usegmt=True) if as_date else str(seconds)
        handler.send(429, b'{"error":"rate_limit","code":429}', Retry_After=value)

    return refuse


def redirect(location: str) -> Fault:
    """Redirect to this URL."""
    return status(302, Location=location)


def without_answer(delay: float = 0, then: Fault | None = None) -> Fault:
    """Do what was asked, and answer after a delay in seconds.

    then: a fault that is answered in place of the true answer.
    """

    def late(handler: Handler) -> None:
        status_code, body = handler.standin.answer(handler.current_request)
        time.sleep(delay)
        if then:
            then(handler)
        else:
            handler.send(status_code, json.dumps(body).encode())

    return late


def silence(handler: Handler) -> None:
    """Send nothing until the client closes the connection."""
    while not is_closed(handler, 0.05):
        pass


def drop(handler: Handler) -> None:
    """Reset the connection."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def cut_off(handler: Handler) -> None:
    """Send the first part of an answer, and close the connection."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n{"result": "OK", "acc')
    handler.close_connection = True


def answer_and_drop(handler: Handler) -> None:
    """Do what was asked, and reset the connection in place of an answer."""
    handler.standin.answer(handler.current_request)
    drop(handler)


def answer_once(condition: Callable[[], bool]) -> Fault:
    """Send the true answer as soon as the condition is true."""

    def wait_and_answer(handler: Handler) -> None:
        code, body = handler.standin.answer(handler.current_request)
        while not condition() and not handler.standin.closed.wait(0.01):
            pass
        with contextlib.suppress(OSError):
            handler.send(code, json.dumps(body).encode())

    return wait_and_answer


def trickle_headers(handler: Handler) -> None:
    """Send headers byte by byte, without an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _trickle(handler)


def trickle_body(handler: Handler) -> None:
    """Send a body byte by byte, without an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n")
    _trickle(handler)


def trickle_and_close(handler: Handler) -> None:
    """Send "Connection: close" and then a body byte by byte, without an end.

    http.client closes such a connection before the body is read: only the response still has the socket.
    """
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    _trickle(handler)


def packed(body: bytes, how: str = "gzip") -> Fault:
    """Answer with this body, compressed by gzip although the client did not ask for that.

    how: the Content-Encoding that the answer names.
    """
    return status(200, gzip.compress(body), Content_Encoding=how)


def endless(handler: Handler, first_lines: bytes = b"HTTP/1.1 200 OK") -> None:
    """Send a body as fast as possible, without an end."""
    handler.wfile.write(first_lines + b"\r\nContent-Type: application/json\r\n\r\n")
    handler.close_connection = True
    with contextlib.suppress(OSError):
        while not handler.standin.closed.is_set():
            handler.wfile.write(b" " * 65536)


def endless_redirect(handler: Handler) -> None:
    """Redirect, with a body without an end."""
    endless(handler, b"HTTP/1.1 302 Found\r\nLocation: https://api.simkl.com/")


def is_closed(handler: Handler, seconds: float) -> bool:
    """Wait these seconds. Returns True if the client has closed the connection, or if the stand-in has ended."""
    handler.close_connection = True
    readable, _, _ = select.select([handler.connection], [], [], seconds)
    with contextlib.suppress(OSError):
        return handler.standin.closed.is_set() or bool(readable and not handler.connection.recv(1))
    return True


def _trickle(handler: Handler) -> None:
    with contextlib.suppress(OSError):
        while not is_closed(handler, 0.05):
            handler.wfile.write(b"x")


@contextlib.contextmanager
def black_hole(port: int = 0, host: str = "127.0.0.1") -> Iterator[int]:
    """Yield a port of the host at which a connect hangs, as if no packet arrived.

    The queue of the listening socket is full, so that the system drops every further SYN.
    """
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server((host, port), backlog=0))
        address = listener.getsockname()
        for _ in range(3):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address[1]
