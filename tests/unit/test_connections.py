# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections over real sockets and TLS, on loopback: another thread can end a request, however it hangs."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable, Iterator

import pytest

from lib.simkl_account.errors import Unreachable
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.transport import Answer, Transport
from tests.rig.faults import black_hole, drop, silence, trickle_and_close, trickle_body, trickle_headers
from tests.rig.standin import StandIn

from .loopback import (  # noqa: F401  # the fixtures
    address,
    closed_port,
    fixture_authority,
    fixture_route,
    fixture_standin,
    fixture_transport,
    get,
    get_error,
)

END_TIMEOUT = 2.0
"""Seconds in which an interrupted request must end. Normally it ends within milliseconds."""


@contextlib.contextmanager
def in_background(call: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Run a call in another thread, and wait for it at the end of the block."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(call)


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds, and fail after 5 seconds."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def assert_hangs(request: Future[Any]) -> None:
    """Give a request time to block in a connect or a read, and fail if it ends."""
    time.sleep(0.1)
    assert not request.done()


def interrupt(transport: Transport, request: Future[Any]) -> None:
    """Interrupt a request that must fail."""
    transport.interrupt()
    assert isinstance(request.result(END_TIMEOUT), Unreachable)


def received_body(request: Future[Answer]) -> bytes:
    """Return what an interrupted request has received of the body; b"" if the request has failed."""
    try:
        return request.result(END_TIMEOUT).body
    except Unreachable:
        return b""


# Connecting


def test_connection_kept_alive(transport: Transport, standin: StandIn) -> None:
    """All requests use one connection."""
    for _ in range(5):
        get(transport)
    assert len({request.connection for request in standin.requests}) == 1


def test_reconnect_without_retry(transport: Transport, standin: StandIn) -> None:
    """If the connection is closed, the request fails and the next one opens a new connection.

    No request is retried, because Simkl sends an approval only once.
    """
    standin.fault("code", drop)
    assert get_error(transport).cause is Cause.NO_ANSWER
    assert get(transport).status == 200
    assert len(standin.requests) == 2


def test_second_address(transport: Transport, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the first address of the name refuses the connection, the second one is tried."""
    addresses = [address(closed_port()), address(standin.port)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: addresses)
    assert get(transport).status == 200


def test_connect_timeout(transport: Transport, route: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """If a connect takes longer than CONNECT_TIMEOUT, the request fails."""
    monkeypatch.setattr("lib.simkl_account.simkl.transport.CONNECT_TIMEOUT", 0.2)
    with black_hole() as port:
        route(port)
        with in_background(lambda: get_error(transport)) as request:
            assert request.result(END_TIMEOUT).cause is Cause.NO_ANSWER


@pytest.mark.parametrize("proxy", ["socks5h://127.0.0.1:1", "socks5h://[::1]:1"])
def test_socks_proxy_unusable(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If nothing listens at the address of the SOCKS proxy, the proxy is the cause."""
    monkeypatch.undo()  # let PySocks connect: both addresses are of this machine
    transport = Transport("an-app", "1", proxy)
    error = get_error(transport)
    assert error.cause is Cause.PROXY
    assert "gaierror" not in str(error), "the address was looked up with the brackets of the URL"
    transport.close()


@pytest.mark.parametrize(
    ("found", "target"),
    [
        ([(10, 1, 6, "", ("2001:db8::1", 443, 0, 0)), (2, 1, 6, "", ("192.0.2.1", 443))], "192.0.2.1"),
        ([(10, 1, 6, "", ("2001:db8::1", 443, 0, 0))], "2001:db8::1"),
    ],
)
def test_socks_proxy_without_names(found: Any, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a proxy that looks up no names, Simkl's name is looked up here, in a way that can be interrupted."""
    connected: list[Any] = []

    def look_up(host: str, port: int, on_tick: Any) -> Any:
        return found if host == "api.simkl.com" else [(2, 1, 6, "", ("127.0.0.1", port))]

    def connect(self: Any, address: Any) -> None:
        connected.append((address, self.proxy[1]))
        raise OSError("no further")

    monkeypatch.setattr("lib.simkl_account.simkl.connections.look_up", look_up)
    monkeypatch.setattr("socks.socksocket.connect", connect)
    transport = Transport("an-app", "1", "socks5://proxy.example:1080")
    get_error(transport)
    assert connected == [((target, 443), "127.0.0.1")]
    transport.close()


# Interrupting


def test_interrupt_connect(transport: Transport, route: Callable[[int], None]) -> None:
    """A connect that hangs can be interrupted."""
    with black_hole() as port:
        route(port)
        with in_background(lambda: get_error(transport)) as request:
            assert_hangs(request)
            interrupt(transport, request)


def test_interrupt_connect_on_windows(
    transport: Transport, route: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connect that hangs can be interrupted even if the system cannot shut down its socket."""

    def shutdown(self: socket.socket, how: int) -> None:
        raise OSError(107, "not connected")

    monkeypatch.setattr(socket.socket, "shutdown", shutdown)
    with black_hole() as port:
        route(port)
        with in_background(lambda: get_error(transport)) as request:
            assert_hangs(request)
            interrupt(transport, request)


def test_interrupt_handshake(transport: Transport, route: Callable[[int], None]) -> None:
    """A TLS handshake that hangs can be interrupted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        route(listener.getsockname()[1])
        with in_background(lambda: get_error(transport)) as request:
            connection, _ = listener.accept()
            connection.recv(1)  # the client's hello has arrived
            interrupt(transport, request)
            connection.close()


def test_interrupt_headers(transport: Transport, standin: StandIn) -> None:
    """A request can be interrupted while the headers of its answer arrive, and then it has no body."""
    standin.fault("code", trickle_headers)
    with in_background(lambda: get(transport)) as request:
        wait_until(lambda: standin.requests)
        assert_hangs(request)
        transport.interrupt()
        assert received_body(request) == b""


@pytest.mark.parametrize("fault", [silence, trickle_body])
def test_interrupt_read(transport: Transport, standin: StandIn, fault: Any) -> None:
    """A request can be interrupted while it waits for its answer, and while the body arrives."""
    standin.fault("code", fault)
    with in_background(lambda: get_error(transport)) as request:
        wait_until(lambda: standin.requests)
        assert_hangs(request)
        interrupt(transport, request)


def test_interrupt_body_without_length(transport: Transport, standin: StandIn) -> None:
    """A request can be interrupted while a body arrives that ends with its connection, and no socket stays open.

    http.client closes such a connection before it reads the body.
    """
    standin.fault("code", trickle_and_close)
    with in_background(lambda: get(transport)) as request:
        wait_until(lambda: standin.requests)
        assert_hangs(request)
        transport.interrupt()
        assert set(received_body(request)) <= set(b"x")
    assert not transport._sockets._duplicates


def test_close_during_look_up(transport: Transport, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the transport is closed while the name is looked up, nothing is sent once the look-up has ended."""
    looking, found = threading.Event(), threading.Event()

    def look_up(*args: Any, **kwargs: Any) -> Any:
        looking.set()
        found.wait(5)
        return [address(standin.port)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with in_background(lambda: get_error(transport)) as request:
        looking.wait(5)
        transport.close()
        found.set()
        assert request.result(END_TIMEOUT).cause is Cause.NO_ANSWER
    assert standin.requests == []


def test_request_after_interrupt(transport: Transport, standin: StandIn) -> None:
    """After a request was interrupted, the next one works."""
    standin.fault("code", silence)
    with in_background(lambda: get_error(transport)) as request:
        wait_until(lambda: standin.requests)
        interrupt(transport, request)
    assert get(transport).status == 200


def test_interrupt_without_request(transport: Transport) -> None:
    """interrupt() does nothing if no request is under way, before or after the first request."""
    transport.interrupt()
    get(transport)
    transport.interrupt()


# Interrupting what has not been sent


def test_unless_sent(transport: Transport, standin: StandIn) -> None:
    """A request that has been sent is not interrupted by interrupt(unless_sent=True), and its answer is returned."""
    release = threading.Event()

    def answer_late(handler: Any) -> None:
        release.wait(5)
        handler.send(200, b"{}")

    standin.fault("code", answer_late)
    with in_background(lambda: get(transport)) as request:
        wait_until(lambda: standin.requests)
        transport.interrupt(unless_sent=True)
        assert_hangs(request)
        release.set()
        assert request.result(END_TIMEOUT).status == 200


def test_unless_sent_but_connecting(transport: Transport, route: Callable[[int], None]) -> None:
    """A request that is not sent yet is interrupted: in the connect and in the handshake."""
    with black_hole() as port:
        route(port)
        with in_background(lambda: get_error(transport)) as request:
            assert_hangs(request)
            transport.interrupt(unless_sent=True)
            assert isinstance(request.result(END_TIMEOUT), Unreachable)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        route(listener.getsockname()[1])
        with in_background(lambda: get_error(transport)) as request:
            connection, _ = listener.accept()
            connection.recv(1)
            transport.interrupt(unless_sent=True)
            assert isinstance(request.result(END_TIMEOUT), Unreachable)
            connection.close()


def test_nothing_sent_after_interrupt(transport: Transport, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a request is interrupted just before its first byte, nothing is sent, so Simkl cannot act on it."""
    begin = transport._sockets.begin_sending

    def interrupt_and_begin() -> None:
        transport.interrupt(unless_sent=True)
        begin()

    monkeypatch.setattr(transport._sockets, "begin_sending", interrupt_and_begin)
    get_error(transport)
    monkeypatch.undo()
    assert standin.requests == []


def test_unless_sent_on_kept_connection(transport: Transport, standin: StandIn) -> None:
    """That an earlier request on the same connection was sent does not protect the next one."""
    get(transport)
    transport._sockets.begin_request()
    transport.interrupt(unless_sent=True)
    with pytest.raises(ConnectionAbortedError):
        transport._sockets.begin_sending()
