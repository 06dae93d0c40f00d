# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests over real sockets and TLS, on loopback: what is sent, and that every way of hanging can be ended."""

import contextlib
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
import trustme

from lib.simkl_account.errors import Trouble, Unreachable
from lib.simkl_account.simkl import transport
from lib.simkl_account.simkl.transport import LARGEST_ANSWER, Answer, Transport
from tests.rig.faults import (
    black_hole,
    drop,
    packed,
    redirect,
    silence,
    status,
    trickle_and_close,
    trickle_body,
    trickle_headers,
)
from tests.rig.standin import CLIENT_ID, StandIn

SOON = 2.0
"""Seconds. Generous: what is tested ends in milliseconds or, broken, in READ_TIMEOUT or never."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def simkl(authority: trustme.CA) -> Iterator[StandIn]:
    standin = StandIn(authority=authority)
    standin.serve_tls(port=0)
    yield standin
    standin.close()


@pytest.fixture
def route(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Call it with the port that api.simkl.com is to be found at."""

    def to(port: int) -> None:
        def look_up(host: str, wanted: int, *args: Any, **kwargs: Any) -> Any:
            assert (host, wanted) == ("api.simkl.com", 443)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return to


@pytest.fixture
def client(simkl: StandIn, route: Callable[[int], None], tmp_path: Path) -> Iterator[Transport]:
    route(simkl.port)
    made = Transport("an-app", "1.2.3")
    bundle = tmp_path / "ca.pem"
    simkl.authority.cert_pem.write_to_path(str(bundle))
    made._session.verify = str(bundle)
    yield made
    made.close()
    assert not made._lines._handles, "a handle on a socket was left"


def get(client: Transport, path: str = "/oauth/pin") -> Answer:
    return client.request("GET", path, {"client_id": CLIENT_ID})


def failure(client: Transport, path: str = "/oauth/pin") -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        get(client, path)
    return caught.value


def what_came(request: "Future[Answer]") -> bytes:
    """The body of an answer that was hung up on: what there was, or nothing where the line was found dead."""
    try:
        return request.result(SOON).body
    except Unreachable:
        return b""


@contextlib.contextmanager
def in_background(call: Callable[[], Any]) -> Iterator["Future[Any]"]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(call)


def test_what_is_sent(client: Transport, simkl: StandIn) -> None:
    assert get(client).status == 200
    client.request("POST", "/users/settings", {"client_id": CLIENT_ID}, "a-token")
    first, second = simkl.requests
    query = {"client_id": CLIENT_ID, "app-name": "an-app", "app-version": "1.2.3"}
    assert (first.method, first.path, first.query) == ("GET", "/oauth/pin", query)
    assert (second.method, second.path, second.query) == ("POST", "/users/settings", query)
    assert first.headers["User-Agent"] == second.headers["User-Agent"] == "an-app/1.2.3"
    assert [request.headers.get("Authorization") for request in simkl.requests] == [None, "Bearer a-token"]


def test_one_connection_for_all_requests(client: Transport, simkl: StandIn) -> None:
    for _ in range(5):
        get(client)
    assert len({request.connection for request in simkl.requests}) == 1


def test_a_connection_that_was_closed_is_opened_anew(client: Transport, simkl: StandIn) -> None:
    simkl.fault("code", drop)
    assert failure(client).trouble is Trouble.NO_ANSWER
    assert get(client).status == 200
    assert len(simkl.requests) == 2, "no request is ever repeated by itself: an approval is answered once"


def test_credentials_of_other_programs_stay_where_they_are(
    client: Transport, simkl: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    get(client)
    assert "Authorization" not in simkl.requests[0].headers


def test_a_redirect_is_an_answer_and_is_not_followed(client: Transport, simkl: StandIn) -> None:
    simkl.fault("user", redirect("https://api.simkl.com/oauth/pin"))
    answer = client.request("POST", "/users/settings", {"client_id": CLIENT_ID}, "a-token")
    assert answer.status == 302
    assert len(simkl.requests) == 1


@pytest.mark.parametrize("code", [204, 400, 404, 412, 500, 503])
def test_any_status_is_an_answer(client: Transport, simkl: StandIn, code: int) -> None:
    simkl.fault("code", status(code))
    assert get(client).status == code


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
def test_retry_after(client: Transport, simkl: StandIn, value: str, seconds: Any) -> None:
    if value.startswith("a date in"):
        value = formatdate(time.time() + int(value.split()[-1]), usegmt=True)
    simkl.fault("code", status(429, Retry_After=value.encode().decode("latin-1")))
    assert get(client).retry_after == (None if seconds is None else pytest.approx(seconds, abs=2))


def test_the_clock_of_this_device_has_no_say_in_a_date(
    client: Transport, simkl: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "time", lambda: 0.0)  # a box that thinks it is 1970
    simkl.fault("code", status(429, Retry_After=formatdate(time.time() + 60, usegmt=True)))
    assert get(client).retry_after == pytest.approx(60, abs=2)


def test_an_answer_that_does_not_end_is_cut_off(client: Transport, simkl: StandIn) -> None:
    simkl.fault("code", status(200, b"x" * (LARGEST_ANSWER + 1)))
    assert failure(client).trouble is Trouble.NO_ANSWER


@pytest.mark.parametrize("fault", [silence, trickle_body])
def test_a_hanging_request_can_be_ended(client: Transport, simkl: StandIn, fault: Any) -> None:
    simkl.fault("code", fault)
    with in_background(lambda: failure(client)) as request:
        wait_until(lambda: simkl.requests)
        time.sleep(0.1)  # so that a trickle has begun
        assert not request.done()
        end(client, request)


def test_an_answer_that_ends_with_its_connection_can_be_ended(client: Transport, simkl: StandIn) -> None:
    simkl.fault("code", trickle_and_close)
    with in_background(lambda: get(client)) as request:
        wait_until(lambda: simkl.requests)
        time.sleep(0.1)  # so that a trickle has begun
        assert not request.done()
        client.hang_up()
        assert set(what_came(request)) <= set(b"x")
    assert not client._lines._handles


def test_after_close_nothing_is_sent_even_by_a_look_up_that_comes_back(
    client: Transport, simkl: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, found = threading.Event(), threading.Event()
    address = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", simkl.port))]

    def look_up(*args: Any, **kwargs: Any) -> Any:
        looking.set()
        found.wait(5)
        return address

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with in_background(lambda: failure(client)) as request:
        looking.wait(5)
        client.close()
        found.set()
        assert request.result(SOON).trouble is Trouble.NO_ANSWER
    assert simkl.requests == []


def test_a_connect_times_out(client: Transport, route: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.2)
    with black_hole() as port:
        route(port)
        assert failure(client).trouble is Trouble.NO_ANSWER


def test_a_hanging_connect_can_be_ended_where_its_socket_cannot_be_shut_down(
    client: Transport, route: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_connected(self: socket.socket, how: int) -> None:
        raise OSError(107, "as on Windows")

    monkeypatch.setattr(socket.socket, "shutdown", not_connected)
    with black_hole() as port:
        route(port)
        with in_background(lambda: failure(client)) as request:
            wait_until(lambda: client._lines._handles)
            time.sleep(0.1)  # so that the connect has begun
            assert not request.done()
            end(client, request)


def test_an_answer_that_is_packed_unasked(client: Transport, simkl: StandIn) -> None:
    simkl.fault("code", packed(b'{"result": "OK"}'))
    assert get(client).body == b'{"result": "OK"}'


def test_a_small_answer_does_not_unpack_to_a_large_one(client: Transport, simkl: StandIn) -> None:
    simkl.fault("code", packed(b" " * 50_000_000))
    assert len(get(client).body) <= LARGEST_ANSWER


def test_other_packings_and_broken_ones_are_failures(client: Transport, simkl: StandIn) -> None:
    simkl.fault("code", packed(b"{}", "gzip, gzip"), status(200, b"not packed", Content_Encoding="gzip"))
    assert failure(client).trouble is Trouble.NO_ANSWER
    assert failure(client).trouble is Trouble.NO_ANSWER


@pytest.mark.parametrize(
    "proxy",
    [
        "http://\u043f\u0430:\u043f\u0430@127.0.0.1:1",  # a user and a password outside of Latin-1
        "http://proxy..local:8080",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:1",
        "socks5://127.0.0.1:1",
        "socks5://[::1]:1",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # these names and addresses do not get as far as a network
    through = Transport("an-app", "1", proxy)
    assert failure(through).trouble is Trouble.PROXY
    through.close()


def test_headers_that_never_end_can_be_ended(client: Transport, simkl: StandIn) -> None:
    simkl.fault("code", trickle_headers)
    with in_background(lambda: get(client)) as request:
        wait_until(lambda: simkl.requests)
        time.sleep(0.1)  # so that a trickle has begun
        assert not request.done()
        client.hang_up()
        assert what_came(request) == b"", "what came so far is an answer without a body"


def test_a_hanging_connect_can_be_ended(client: Transport, route: Callable[[int], None]) -> None:
    with black_hole() as port:
        route(port)
        with in_background(lambda: failure(client)) as request:
            wait_until(lambda: client._lines._handles)
            time.sleep(0.1)  # so that connect() blocks
            assert not request.done()
            end(client, request)


def test_a_hanging_handshake_can_be_ended(client: Transport, route: Callable[[int], None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        route(listener.getsockname()[1])
        with in_background(lambda: failure(client)) as request:
            connection, _ = listener.accept()
            connection.recv(1)  # the client's hello has come
            end(client, request)
            connection.close()


def end(client: Transport, request: "Future[Any]") -> None:
    client.hang_up()
    assert isinstance(request.result(SOON), Unreachable)


def test_after_a_hang_up_the_next_request_works(client: Transport, simkl: StandIn) -> None:
    simkl.fault("code", silence)
    with in_background(lambda: failure(client)) as request:
        wait_until(lambda: simkl.requests)
        end(client, request)
    assert get(client).status == 200


def test_nothing_to_hang_up_on(client: Transport) -> None:
    client.hang_up()
    get(client)
    client.hang_up()


def test_a_certificate_of_somebody_elses(client: Transport, route: Callable[[int], None]) -> None:
    stranger = StandIn()
    stranger.serve_tls(port=0)
    route(stranger.port)
    assert failure(client).trouble is Trouble.INSECURE
    stranger.close()


def test_a_certificate_for_another_name(client: Transport, simkl: StandIn, route: Callable[[int], None]) -> None:
    other = StandIn(authority=simkl.authority)
    other.serve_tls(port=0, names=("other.example",))
    route(other.port)
    assert failure(client).trouble is Trouble.INSECURE
    assert not other.requests
    other.close()


def test_something_that_does_not_speak_tls(client: Transport, route: Callable[[int], None]) -> None:
    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>Welcome to the hotel</html>")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=[listener], daemon=True).start()
        route(listener.getsockname()[1])
        assert failure(client).trouble is Trouble.INSECURE


def test_nobody_there(client: Transport, route: Callable[[int], None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    route(port)
    assert failure(client).trouble is Trouble.NO_ANSWER


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Trouble.NO_NETWORK),
        (OSError(101, "Network is unreachable"), Trouble.NO_NETWORK),
        (OSError(113, "No route to host"), Trouble.NO_NETWORK),
        (OSError(24, "Too many open files"), Trouble.NO_ANSWER),
    ],
)
def test_no_network(client: Transport, monkeypatch: pytest.MonkeyPatch, error: OSError, trouble: Trouble) -> None:
    def look_up(*args: Any, **kwargs: Any) -> Any:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert failure(client).trouble is trouble


def test_the_second_address_is_tried(client: Transport, simkl: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    ports = [closed, simkl.port]
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: addresses)
    assert get(client).status == 200


def test_no_secret_in_an_error(client: Transport, simkl: StandIn) -> None:
    simkl.fault("poll", drop)
    error = failure(client, "/oauth/pin/5G6JAH")
    texts: List[str] = []
    link: Any = error
    while link is not None:
        texts.append(repr(link))
        link = link.__cause__ or link.__context__
    assert "5G6JAH" not in "".join(texts)
    assert CLIENT_ID not in "".join(texts)


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
