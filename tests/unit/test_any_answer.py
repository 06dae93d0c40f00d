# SPDX-License-Identifier: GPL-2.0-or-later
"""Random answers: each one gives a value of a known type or a known error, and never another exception."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any, Callable, Iterator

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lib.simkl_account.errors import ClientIdRefused, SimklError, Unreachable
from lib.simkl_account.models import Credentials, User
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl import parsing
from lib.simkl_account.simkl import transport as transport_module
from lib.simkl_account.simkl.client import Simkl
from lib.simkl_account.simkl.device_flow import DeviceFlow
from lib.simkl_account.simkl.protocol import Approved, CodeInvalid, Denied, Pending
from lib.simkl_account.simkl.transport import Answer, Transport

from .fakes import CODE, FakeTransport

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
fields = st.sampled_from(
    ["result", "message", "access_token", "device_code", "user_code", "verification_uri", "expires_in", "interval"]
    + ["user", "account", "error", "code", "refresh_token", "scope", "verification_uri_complete"]
)
likely = st.sampled_from(
    ["OK", "KO", "Authorization pending", "Slow down", "DEVICE_CODE", "5G6JAH", "https://simkl.com/pin", 900, 5]
    + [{"name": "Ada"}, {"name": "[B]"}, {"name": None}, "client_id_failed"]
)
errors = st.sampled_from(
    ["rate_limit", "user_limit_exceeded", "app_limit_exceeded", "RATE_LIMIT", "client_id_failed", "invalid_client"]
    + ["unauthorized_client", "insufficient_scope", "oauth2_token_required", "user_token_failed", "invalid_token"]
    + ["authorization_pending", "slow_down", "expired_token", "access_denied", "invalid_grant", "invalid_request"]
)
bodies = (
    st.dictionaries(fields, likely | anything).map(lambda body: json.dumps(body).encode())
    | errors.map(lambda error: json.dumps({"error": error}).encode())
    | anything.map(lambda body: json.dumps(body).encode())
    | st.binary()
)
statuses = st.sampled_from([200, 200, 200, 302, 400, 401, 403, 404, 412, 429, 500, 503]) | st.integers(100, 999)
answers = st.builds(Answer, statuses, bodies, st.none() | st.floats(0, 1e9))

KNOWN_MESSAGES = {
    "bad answer (not a JSON object)",
    "bad answer (unknown state)",
    "bad answer (unusable access_token)",
    "too many requests (HTTP 400)",
    "too many requests (HTTP 412)",
    "too many requests (HTTP 429)",
    "the user's daily limit (HTTP 429)",
    "the client id's daily limit (HTTP 429)",
}


def fake_transport(answer: Answer) -> FakeTransport:
    """Return a transport that gives this answer to every request."""
    return FakeTransport(answer.body, answer.status, answer.retry_after)


# Any status and body


@settings(max_examples=300, deadline=None)
@given(answers)
@example(Answer(200, b"[" * 100000, None))
@example(Answer(200, b'{"expires_in": ' + b"9" * 5000 + b"}", None))
@example(Answer(200, b'{"user": {"name": "\\ud800"}}', None))
def test_any_status_and_body(answer: Answer) -> None:
    """Every method of the client and of the device flow returns usable values or raises a SimklError."""
    client = Simkl("an-id", fake_transport(answer))  # type: ignore[arg-type]
    with contextlib.suppress(SimklError):
        code = client.request_code()
        assert code.user_code.isascii() and 1 <= len(code.user_code) <= 16
        assert not set(code.user_code + code.page) & set("[]$\n ")
        assert code.page.split("/")[0].endswith("simkl.com")
        assert 1 <= code.interval <= 300
        assert 1 <= code.expires_in <= 86400
    with contextlib.suppress(SimklError):
        result = client.poll(CODE)
        assert isinstance(result, (Pending, Approved, CodeInvalid, Denied))
        if isinstance(result, Approved):
            assert result.credentials.access_token.isascii() and result.credentials.access_token.isprintable()
    with contextlib.suppress(SimklError):
        assert client.refresh(Credentials("a", "b", "c")).access_token.isascii()
    with contextlib.suppress(SimklError):
        device_flow = DeviceFlow("an-id", fake_transport(answer))  # type: ignore[arg-type]
        device_flow.revoke(Credentials("a", "b", "c"))
        result = device_flow.poll(CODE)
        if isinstance(result, Approved):
            assert result.credentials.access_token.isprintable() and result.credentials.refresh_token.isascii()
            assert result.credentials.expires_at >= result.credentials.issued_at >= 0
    with contextlib.suppress(SimklError):
        user = client.user("a-token")
        assert isinstance(user, User)
        assert user.name.isprintable() and len(user.name) <= 50
        assert not set(user.name) & set("[]")


@settings(max_examples=300, deadline=None)
@given(answers)
def test_error_messages(answer: Answer) -> None:
    """The message of an error holds nothing of the answer but its status."""
    errors: list[SimklError] = []
    try:
        Simkl("an-id", fake_transport(answer)).poll(CODE)  # type: ignore[arg-type]
    except SimklError as error:
        errors.append(error)
    for raised in errors:
        assert str(raised) in KNOWN_MESSAGES or str(raised).startswith(("bad answer (HTTP ", "HTTP "))
        assert raised.__cause__ is None


class TwoAnswers:
    """A transport with one answer for the device flow, and another one for the PIN flow."""

    def __init__(self, device: Answer, pin: Answer) -> None:
        self._device, self._pin = device, pin

    def request(self, method: str, path: str, *arguments: Any, **form: Any) -> Answer:
        return self._device if path.startswith("/oauth2/") else self._pin


@settings(max_examples=300, deadline=None)
@given(answers, answers, st.sampled_from(["pin", "device"]))
def test_any_answers_of_two_flows(device: Answer, pin: Answer, first: str) -> None:
    """There is a code, the client id is refused for a clear reason, or the error says what to do next."""
    client = Simkl("an-id", TwoAnswers(device, pin), first)  # type: ignore[arg-type]
    error = error_of(client.request_code)
    if error is None:
        assert client.flow == first or (pin if first == "pin" else device).status != 429
    elif isinstance(error, Unreachable):
        is_limit = error.cause in (Cause.USER_LIMIT, Cause.APP_LIMIT)
        assert error.retry_after is None or error.retry_after >= 0
        assert not is_limit or 0 < (error.retry_after or 0) <= 90000
    else:
        assert type(error) is ClientIdRefused
        assert device.status == 412 or (device.status in (400, 401, 403, 404) and b"error" in device.body)
        assert 300 <= pin.status < 500 and pin.status != 429


def error_of(call: Callable[[], object]) -> SimklError | None:
    """Return the SimklError that a call raises; None if it raises none."""
    try:
        call()
    except SimklError as error:
        return error
    return None


# Any bytes


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """Run a server without TLS that sends the value of "answer" to every connection and closes it."""
    state: dict[str, bytes] = {"answer": b""}
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(state["answer"])

    threading.Thread(target=serve, daemon=True).start()
    monkeypatch.setattr(transport_module, "API", f"http://127.0.0.1:{listener.getsockname()[1]}")
    yield state
    listener.close()


lines = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 429 Busy",
        b"HTTP/9",
        b"Content-Length: 5",
        b"Content-Length: x",
        b"Content-Length: -1",
    ]
    + [b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"Retry-After: Thu", b"Location: http://[", b"", b"5"]
    + [b"Connection: keep-alive", b"Set-Cookie: a=b", b"hello", b"0", b"\xff\xfe: \x00", b": ", b"x" * 70000]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, max_size=8).map(b"\r\n".join) | st.binary())
@example(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello")
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhello")
@example(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n")
def test_any_bytes(server: dict[str, bytes], sent: bytes) -> None:
    """If a server sends random bytes, a request returns an Answer or raises Unreachable."""
    server["answer"] = sent
    transport = Transport("an-app", "1")
    transport._session.mount(transport_module.API + "/", requests.adapters.HTTPAdapter())  # without TLS
    received: list[Answer] = []
    with contextlib.suppress(Unreachable):
        received.append(transport.request("GET", "/oauth/pin", {}))
    transport.close()
    assert all(isinstance(answer.status, int) and isinstance(answer.body, bytes) for answer in received)


def test_limits() -> None:
    """The numbers in test_any_status_and_body are the limits in parsing.py."""
    assert (parsing._LONGEST_POLL_INTERVAL, parsing._LONGEST_CODE_LIFE, parsing._LONGEST_NAME) == (300, 86400, 50)
