# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong between here and Simkl: answers that a stand-in gives in place of its own."""

import contextlib
import gzip
import json
import select
import socket
import struct
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional

if TYPE_CHECKING:
    from .standin import Handler

Fault = Callable[["Handler"], None]
"""Answers one request."""


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    """This status and body; header names with _ for -."""
    return lambda handler: handler.send(code, body, **headers)


def answer(body: Any) -> Fault:
    """This JSON."""
    return status(200, json.dumps(body).encode())


def too_many(seconds: int, as_date: bool = False) -> Fault:
    """Come back in so many seconds."""

    def refuse(handler: "Handler") -> None:
        # A date has whole seconds: the next one after the time meant.
        value = formatdate(time.time() + seconds + 1, usegmt=True) if as_date else str(seconds)
        handler.send(429, b'{"error":"rate_limit","code":429}', Retry_After=value)

    return refuse


def redirect(location: str) -> Fault:
    """Somewhere else."""
    return status(302, Location=location)


def without_answer(delay: float = 0, then: "Optional[Fault]" = None) -> Fault:
    """Do what was asked, and answer late, in seconds; or, with then, with that fault in place of the answer."""

    def late(handler: "Handler") -> None:
        status_code, body = handler.standin.answer(handler.current)
        time.sleep(delay)
        if then:
            then(handler)
        else:
            handler.send(status_code, json.dumps(body).encode())

    return late


def silence(handler: "Handler") -> None:
    """Take the request and say nothing, until the client goes away."""
    while not gone(handler, 0.05):
        pass


def drop(handler: "Handler") -> None:
    """Reset the connection."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def cut_off(handler: "Handler") -> None:
    """The beginning of an answer."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n{"result": "OK", "acc')
    handler.close_connection = True


def answer_and_drop(handler: "Handler") -> None:
    """Do what was asked for, and lose the connection before the answer is out."""
    handler.standin.answer(handler.current)
    drop(handler)


def answer_once(condition: Callable[[], bool]) -> Fault:
    """The true answer, as soon as the condition holds."""

    def wait_and_answer(handler: "Handler") -> None:
        code, body = handler.standin.answer(handler.current)
        while not condition() and not handler.standin.closed.wait(0.01):
            pass
        with contextlib.suppress(OSError):
            handler.send(code, json.dumps(body).encode())

    return wait_and_answer


def trickle_headers(handler: "Handler") -> None:
    """A byte now and then, and never the end of the headers."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _trickle(handler)


def trickle_body(handler: "Handler") -> None:
    """A byte now and then, and never the end of the body."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n")
    _trickle(handler)


def trickle_and_close(handler: "Handler") -> None:
    """The same in an answer that ends with its connection: http.client lets go of that before the body is read."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    _trickle(handler)


def packed(body: bytes, how: str = "gzip") -> Fault:
    """This body, compressed though nobody asked for it."""
    return status(200, gzip.compress(body), Content_Encoding=how)


def endless(handler: "Handler") -> None:
    """A body as fast as it goes, and never its end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    handler.close_connection = True
    with contextlib.suppress(OSError):
        while not handler.standin.closed.is_set():
            handler.wfile.write(b" " * 65536)


def gone(handler: "Handler", seconds: float) -> bool:
    """Wait that long; whether the client has closed the connection, or the stand-in has ended."""
    handler.close_connection = True
    readable, _, _ = select.select([handler.connection], [], [], seconds)
    with contextlib.suppress(OSError):
        return handler.standin.closed.is_set() or bool(readable and not handler.connection.recv(1))
    return True


def _trickle(handler: "Handler") -> None:
    with contextlib.suppress(OSError):
        while not gone(handler, 0.05):
            handler.wfile.write(b"x")


@contextlib.contextmanager
def black_hole(port: int = 0) -> Iterator[int]:
    """A port at which a connect hangs, as on a dead route: its queue is full, and further SYNs are dropped."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", port), backlog=0))
        address = listener.getsockname()
        for _ in range(3):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address[1]
