# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests over real sockets and TLS, on loopback: what is sent, and the answer or error for what is received."""

from __future__ import annotations

import socket
import threading
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any, Callable

import pytest

from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.transport import LARGEST_ANSWER, Transport
from tests.rig.faults import drop, endless_redirect, packed, redirect, status
from tests.rig.standin import CLIENT_ID, StandIn

from .loopback import (  # noqa: F401  # the fixtures
    closed_port,
    fixture_authority,
    fixture_route,
    fixture_standin,
    fixture_transport,
    get,
    get_error,
)

# Requests


def test_requests(transport: Transport, standin: StandIn) -> None:
    """A request names the app in its query and its User-Agent, and holds the access token only if it has one."""
    assert get(transport).status == 200
    transport.request("POST", "/users/settings", {"client_id": CLIENT_ID}, "a-token")
    first, second = standin.requests
    query = {"client_id": CLIENT_ID, "app-name": "an-app", "app-version": "1.2.3"}
    assert (first.method, first.path, first.query) == ("GET", "/oauth/pin", query)
    assert (second.method, second.path, second.query) == ("POST", "/users/settings", query)
    assert first.headers["User-Agent"] == second.headers["User-Agent"] == "an-app/1.2.3"
    assert [request.headers.get("Authorization") for request in standin.requests] == [None, "Bearer a-token"]


def test_netrc_and_environment_ignored(
    transport: Transport, standin: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A .netrc file and a CA bundle that are meant for other programs are not used."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    get(transport)
    assert "Authorization" not in standin.requests[0].headers


# Answers


def test_redirect_not_followed(transport: Transport, standin: StandIn) -> None:
    """A redirect is returned as the answer, and is not followed."""
    standin.fault("user", redirect("https://api.simkl.com/oauth/pin"))
    answer = transport.request("POST", "/users/settings", {"client_id": CLIENT_ID}, "a-token")
    assert answer.status == 302
    assert len(standin.requests) == 1


def test_redirect_body_dropped(transport: Transport, standin: StandIn) -> None:
    """The body of a redirect is not read: one that never ends does not delay the answer."""
    standin.fault("code", endless_redirect)
    answer = get(transport)
    assert (answer.status, answer.body) == (302, b"")


def test_redirect_location_unreadable(transport: Transport, standin: StandIn) -> None:
    """A Location that is not UTF-8 is a redirect like every other, not a fault of a proxy."""
    standin.fault("code", redirect("https://api.simkl.com/\xff"))
    assert get(transport).status == 302


@pytest.mark.parametrize("code", [204, 400, 404, 412, 500, 503])
def test_any_status(transport: Transport, standin: StandIn, code: int) -> None:
    """An answer is returned with any status."""
    standin.fault("code", status(code))
    assert get(transport).status == code


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        ("0", 0),
        ("a date in 60", 60),
        ("a date in -60", 0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
        ("٣", None),
        ("Thu, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after(transport: Transport, standin: StandIn, value: str, seconds: Any) -> None:
    """Retry-After is returned in seconds from now, also if it is a date; None if it cannot be read."""
    if value.startswith("a date in"):
        value = formatdate(time.time() + int(value.split()[-1]), usegmt=True)
    standin.fault("code", status(429, Retry_After=value.encode().decode("latin-1")))
    assert get(transport).retry_after == (None if seconds is None else pytest.approx(seconds, abs=2))


def test_retry_after_with_wrong_clock(transport: Transport, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A date in Retry-After is compared with the date of the answer, because this device's clock may be wrong."""
    monkeypatch.setattr("lib.simkl_account.simkl.transport.time", lambda: 0.0)  # the year 1970
    standin.fault("code", status(429, Retry_After=formatdate(time.time() + 60, usegmt=True)))
    assert get(transport).retry_after == pytest.approx(60, abs=2)


def test_answer_too_long(transport: Transport, standin: StandIn) -> None:
    """If an answer is longer than LARGEST_ANSWER, the request fails."""
    standin.fault("code", status(200, b"x" * (LARGEST_ANSWER + 1)))
    assert get_error(transport).cause is Cause.NO_ANSWER


def test_gzip(transport: Transport, standin: StandIn) -> None:
    """If an answer is compressed by gzip, although the request does not allow it, its body is decompressed."""
    standin.fault("code", packed(b'{"result": "OK"}'))
    assert get(transport).body == b'{"result": "OK"}'


def test_gzip_bomb(transport: Transport, standin: StandIn) -> None:
    """A short compressed answer is decompressed to at most LARGEST_ANSWER bytes."""
    standin.fault("code", packed(b" " * 50_000_000))
    assert len(get(transport).body) <= LARGEST_ANSWER


def test_encoding_unusable(transport: Transport, standin: StandIn) -> None:
    """If an answer has another encoding than gzip, or is not really compressed, the request fails."""
    standin.fault("code", packed(b"{}", "gzip, gzip"), status(200, b"not packed", Content_Encoding="gzip"))
    assert get_error(transport).cause is Cause.NO_ANSWER
    assert get_error(transport).cause is Cause.NO_ANSWER


# Causes of failures


@pytest.mark.parametrize(
    "proxy",
    [
        "http://\u043f\u0430:\u043f\u0430@127.0.0.1:1",  # a user and a password outside of Latin-1
        "http://proxy..local:8080",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:1",
    ],
)
def test_proxy_unusable(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the proxy's URL cannot be used, or nothing listens there, the proxy is the cause."""
    monkeypatch.undo()  # let the names be looked up: none of these URLs leads to another machine
    transport = Transport("an-app", "1", proxy)
    assert get_error(transport).cause is Cause.PROXY
    transport.close()


def test_certificate_of_unknown_authority(transport: Transport, route: Callable[[int], None]) -> None:
    """If the server's certificate is from an unknown authority, the connection is not secure."""
    stranger = StandIn()
    stranger.serve_tls(port=0)
    route(stranger.port)
    assert get_error(transport).cause is Cause.INSECURE
    stranger.close()


def test_certificate_for_other_name(transport: Transport, standin: StandIn, route: Callable[[int], None]) -> None:
    """If the server's certificate is for another name, the connection is not secure, and no request is sent."""
    other = StandIn(authority=standin.authority)
    other.serve_tls(port=0, names=("other.example",))
    route(other.port)
    assert get_error(transport).cause is Cause.INSECURE
    assert not other.requests
    other.close()


def test_server_without_tls(transport: Transport, route: Callable[[int], None]) -> None:
    """If the server does not use TLS, like a hotel's login page, the connection is not secure."""

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>Welcome to the hotel</html>")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=[listener], daemon=True).start()
        route(listener.getsockname()[1])
        assert get_error(transport).cause is Cause.INSECURE


def test_connection_refused(transport: Transport, route: Callable[[int], None]) -> None:
    """If nothing listens at the address, the cause is "no answer"."""
    route(closed_port())
    assert get_error(transport).cause is Cause.NO_ANSWER


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Cause.NO_NETWORK),
        (OSError(101, "Network is unreachable"), Cause.NO_NETWORK),
        (OSError(113, "No route to host"), Cause.NO_NETWORK),
        (OSError(24, "Too many open files"), Cause.NO_ANSWER),
    ],
)
def test_no_network(transport: Transport, monkeypatch: pytest.MonkeyPatch, error: OSError, cause: Cause) -> None:
    """If the name cannot be looked up or there is no route, the cause is "no network"; else it is "no answer"."""

    def look_up(*args: Any, **kwargs: Any) -> Any:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert get_error(transport).cause is cause


def test_error_without_secrets(transport: Transport, standin: StandIn) -> None:
    """An error, with all errors that it is chained to, holds neither the code nor the client id."""
    standin.fault("poll", drop)
    error: BaseException | None = get_error(transport, "/oauth/pin/5G6JAH")
    texts = ""
    while error is not None:
        texts += repr(error)
        error = error.__cause__ or error.__context__
    assert "5G6JAH" not in texts
    assert CLIENT_ID not in texts
