# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever Simkl's host answers is a known type or a known error, never another exception."""

import contextlib
import json
import socket
import threading
from typing import Any, Dict, Iterator, List

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lib.simkl_account.account.store import Grant
from lib.simkl_account.errors import SimklError, Unreachable
from lib.simkl_account.simkl import client as simkl_module
from lib.simkl_account.simkl import protocol as wire
from lib.simkl_account.simkl import transport as transport_module
from lib.simkl_account.simkl.client import Simkl, User
from lib.simkl_account.simkl.device_flow import DeviceFlow
from lib.simkl_account.simkl.protocol import Approved, Code, Gone, Pending
from lib.simkl_account.simkl.transport import Answer, Transport

CODE = Code("5G6JAH", "simkl.com/pin", 900, 5)

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
bodies = (
    st.dictionaries(fields, likely | anything).map(lambda body: json.dumps(body).encode())
    | anything.map(lambda body: json.dumps(body).encode())
    | st.binary()
)
statuses = st.sampled_from([200, 200, 200, 302, 400, 401, 403, 404, 412, 429, 500, 503]) | st.integers(100, 999)
answers = st.builds(Answer, statuses, bodies, st.none() | st.floats(0, 1e9))


class Transports:
    """Answers everything with one answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def request(self, *arguments: Any, **form: Any) -> Answer:
        return self._answer


@settings(max_examples=300, deadline=None)
@given(answers)
@example(Answer(200, b"[" * 100000, None))
@example(Answer(200, b'{"expires_in": ' + b"9" * 5000 + b"}", None))
@example(Answer(200, b'{"user": {"name": "\\ud800"}}', None))
def test_any_body_with_any_status(answer: Answer) -> None:
    client = Simkl("an-id", Transports(answer))  # type: ignore[arg-type]
    with contextlib.suppress(SimklError):
        code = client.request_code()
        assert code.user_code.isascii() and 1 <= len(code.user_code) <= 16
        assert not set(code.user_code + code.page) & set("[]$\n ")
        assert code.page.split("/")[0].endswith("simkl.com")
        assert 1 <= code.interval <= 300
        assert 1 <= code.expires_in <= 86400
    with contextlib.suppress(SimklError):
        poll = client.poll(CODE)
        assert isinstance(poll, (Pending, Approved, Gone))
        if isinstance(poll, Approved):
            assert poll.grant.access_token.isascii() and poll.grant.access_token.isprintable()
    with contextlib.suppress(SimklError):
        assert client.refresh(Grant("a", "b", "c")).access_token.isascii()
    with contextlib.suppress(SimklError):
        device = DeviceFlow("an-id", Transports(answer))  # type: ignore[arg-type]
        device.revoke(Grant("a", "b", "c"))
        poll = device.poll(CODE)
        if isinstance(poll, Approved):
            assert poll.grant.access_token.isprintable() and poll.grant.refresh_token.isascii()
            assert poll.grant.expires_at >= poll.grant.issued_at >= 0
    with contextlib.suppress(SimklError):
        user = client.user("a-token")
        assert isinstance(user, User)
        assert user.name.isprintable() and 1 <= len(user.name) <= 50
        assert not set(user.name) & set("[]")


@settings(max_examples=300, deadline=None)
@given(answers)
def test_an_error_says_nothing_of_the_answer(answer: Answer) -> None:
    caught: List[SimklError] = []
    try:
        Simkl("an-id", Transports(answer)).poll(CODE)  # type: ignore[arg-type]
    except SimklError as error:
        caught.append(error)
    for said in caught:
        assert str(said) in KNOWN_TEXTS or str(said).startswith(("bad answer (HTTP ", "HTTP "))
        assert said.__cause__ is None


KNOWN_TEXTS = {
    "bad answer (not a JSON object)",
    "bad answer (unknown state)",
    "bad answer (unusable access_token)",
    "too many requests (HTTP 429)",
}


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dict[str, bytes]]:
    """A server without TLS that answers every connection with state["answer"], and hangs up."""
    state: Dict[str, bytes] = {"answer": b""}
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(state["answer"])

    threading.Thread(target=serve, daemon=True).start()
    monkeypatch.setattr("lib.simkl_account.simkl.transport.API", f"http://127.0.0.1:{listener.getsockname()[1]}")
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
def test_any_bytes_on_the_line(raw: Dict[str, bytes], wire_bytes: bytes) -> None:
    raw["answer"] = wire_bytes
    transport = Transport("an-app", "1")
    transport._session.mount(transport_module.API + "/", requests.adapters.HTTPAdapter())  # no TLS here
    seen: List[Answer] = []
    with contextlib.suppress(Unreachable):
        seen.append(transport.request("GET", "/oauth/pin", {}))
    transport.close()
    assert all(isinstance(answer.status, int) and isinstance(answer.body, bytes) for answer in seen)


def test_the_limits_above_are_the_codes() -> None:
    assert (wire._LONGEST_INTERVAL, wire._LONGEST_LIFE, simkl_module._LONGEST_NAME) == (300, 86400, 50)
