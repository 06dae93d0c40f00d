# SPDX-License-Identifier: GPL-2.0-or-later
"""A request of a Session ends when Kodi quits and at its deadline. Over real sockets, for all that it can wait for."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import requests

from lib.simkl_account import Session, ShuttingDown, SimklAccountError, session
from lib.simkl_account.account.store import AccountStore
from lib.simkl_account.errors import AddonRemoved
from lib.simkl_account.kodi.runtime import KodiRuntime
from lib.simkl_account.simkl.watched import WatchedAdapter
from tests.rig import faults
from tests.rig.standin import StandIn

from .fakes import signed_in
from .loopback import fixture_authority, fixture_route, fixture_standin  # noqa: F401  # the fixtures
from .stubs import StubbedKodi

URL = "https://api.simkl.com/sync/activities"

HANGING = [faults.silence, faults.trickle_headers, faults.trickle_body, faults.trickle_and_close]


@pytest.fixture
def online(kodi: StubbedKodi, standin: StandIn, route: Callable[[int], None], tmp_path: Path) -> Iterator[Session]:
    """A Session whose requests reach the stand-in. At the end, no thread watches anything any more."""
    route(standin.port)
    kodi.settings.update(signed_in())
    online = Session()
    bundle = tmp_path / "ca.pem"
    standin.authority.cert_pem.write_to_path(str(bundle))
    online.verify = str(bundle)
    yield online
    wait_until(lambda: not watching())


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until the condition is true. The test fails after ten seconds."""
    give_up_at = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def watching() -> list[threading.Thread]:
    """Return the threads that watch a request."""
    return [thread for thread in threading.enumerate() if thread.name == "simkl-watch"]


def quit_at_request(kodi: StubbedKodi, standin: StandIn) -> None:
    """Let Kodi quit as soon as a request has arrived."""

    def wait_and_quit() -> None:
        wait_until(lambda: standin.requests)
        time.sleep(0.05)
        kodi.abort = True

    threading.Thread(target=wait_and_quit).start()


@pytest.mark.parametrize("fault", HANGING)
def test_quit(online: Session, kodi: StubbedKodi, standin: StandIn, fault: faults.Fault) -> None:
    """If Kodi quits while Simkl does not answer, the request raises ShuttingDown, with the caller's request."""
    standin.fault("activities", fault)
    prepared = online.prepare_request(requests.Request("GET", URL))
    quit_at_request(kodi, standin)
    started = time.monotonic()
    with pytest.raises(ShuttingDown) as caught:
        online.send(prepared)
    assert time.monotonic() - started < session.TIMEOUT[1] / 2
    assert caught.value.request is prepared
    assert isinstance(caught.value, SimklAccountError)
    assert isinstance(caught.value, requests.ConnectionError)


@pytest.mark.parametrize("fault", HANGING)
def test_deadline(online: Session, standin: StandIn, fault: faults.Fault) -> None:
    """If the whole answer is not there at the deadline, the request raises ReadTimeout."""
    standin.fault("activities", fault)
    online.deadline = 0.3
    with pytest.raises(requests.ReadTimeout, match=r"no whole answer in 0\.3 s"):
        online.get(URL)
    assert len(standin.requests) == 1


def test_one_deadline(online: Session, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirected request, and one that is sent again, have the deadline of the first one."""
    moments: list[float] = []
    begin = WatchedAdapter._begin

    def note_and_begin(adapter: WatchedAdapter, give_up_at: float) -> Any:
        moments.append(give_up_at)
        return begin(adapter, give_up_at)

    monkeypatch.setattr(WatchedAdapter, "_begin", note_and_begin)
    standin.fault("activities", faults.status(429, b'{"error":"rate_limit"}'), faults.redirect("/movies/1"))
    for requests_sent in (3, 4):
        online.get(URL if requests_sent == 3 else "https://api.simkl.com/movies/1")
        assert len(moments) == requests_sent
    assert moments[0] == moments[1] == moments[2] < moments[3]


def test_connect_timeout(online: Session, route: Callable[[int], None]) -> None:
    """The caller can set the time for a connect."""
    with faults.black_hole() as hole:
        route(hole)
        with pytest.raises(requests.ConnectTimeout):
            online.get(URL, timeout=(0.1, 50))


@pytest.mark.parametrize("quits", [False, True])
def test_removed(online: Session, kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch, quits: bool) -> None:
    """If the account add-on is removed, that is the error, also after the deadline; if Kodi quits, ShuttingDown."""

    def wait_and_fail(self: object) -> None:
        time.sleep(0.1)
        kodi.abort = quits
        raise AddonRemoved("script.simkl.account")

    monkeypatch.setattr(AccountStore, "load", wait_and_fail)
    monkeypatch.setattr(AccountStore, "credentials", wait_and_fail)
    online.deadline = 0.05
    with pytest.raises(ShuttingDown if quits else AddonRemoved):
        online.get(URL)


def test_quit_while_connecting(online: Session, kodi: StubbedKodi, route: Callable[[int], None]) -> None:
    """If Kodi quits during a connect that hangs, the request ends."""
    with faults.black_hole() as hole:
        route(hole)
        threading.Timer(0.2, lambda: setattr(kodi, "abort", True)).start()
        with pytest.raises(ShuttingDown):
            online.get(URL)


def test_quit_while_body_is_read(online: Session, kodi: StubbedKodi, standin: StandIn) -> None:
    """If Kodi quits while the caller reads a body with stream=True, the reading ends with an error of requests."""
    standin.fault("activities", faults.trickle_body)
    response = online.get(URL, stream=True)
    threading.Timer(0.2, lambda: setattr(kodi, "abort", True)).start()
    with pytest.raises(requests.RequestException):
        _ = response.content


def test_dropped_body(online: Session, standin: StandIn) -> None:
    """A body that the caller never reads is not watched any more once the caller has dropped it."""
    standin.fault("activities", faults.trickle_body)
    response = online.get(URL, stream=True)
    assert watching()
    del response
    gc.collect()
    wait_until(lambda: not watching())


@pytest.mark.parametrize("how", ["quit", "deadline"])
def test_unread_body(online: Session, kodi: StubbedKodi, standin: StandIn, how: str) -> None:
    """A body that the caller keeps but never reads keeps no thread alive after Kodi's Quit or after the deadline."""
    standin.fault("activities", faults.trickle_body)
    online.deadline = 60 if how == "quit" else 0.3
    response = online.get(URL, stream=True)
    kodi.abort = how == "quit"
    wait_until(lambda: not watching())
    assert not response.raw.closed


def test_no_socket_is_left(online: Session, standin: StandIn) -> None:
    """Failed requests and dropped bodies leave no socket open."""
    before = sockets()
    for fault in (faults.drop, faults.silence, faults.trickle_body, faults.cut_off) * 3:
        standin.fault("activities", fault)
        if fault is faults.trickle_body:
            online.get(URL, stream=True)
        else:
            with pytest.raises(requests.RequestException):
                online.get(URL, timeout=(5, 0.1))
    gc.collect()
    wait_until(lambda: not watching())
    assert not any(line.sockets._duplicates for line in online._watched._lines)
    online.close()
    standin.closed.set()
    wait_until(lambda: sockets() <= before)


def sockets() -> int:
    """Return how many sockets this process has open."""
    links = [os.readlink(entry) if os.path.islink(entry) else "" for entry in _descriptors()]
    return sum(link.startswith("socket:") for link in links)


def _descriptors() -> list[str]:
    return [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]


def test_whole_answer_at_quit(online: Session, kodi: StubbedKodi, standin: StandIn) -> None:
    """If Kodi quits, or the deadline passes, after the whole answer has arrived, the caller gets it."""

    def quit_late(response: requests.Response, **options: Any) -> None:
        _ = response.content
        time.sleep(0.1)
        kodi.abort = True

    standin.fault("activities", faults.status(201, b"{}"))
    online.deadline = 60
    assert online.post(URL, json={}, hooks={"response": quit_late}).status_code == 201


def test_deadline_before_second_try(online: Session, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is not sent again after the deadline."""
    standin.fault("activities", faults.status(429, b'{"error":"rate_limit"}'))
    online.deadline = 0.3
    monkeypatch.setattr(KodiRuntime, "wait", lambda runtime, seconds: time.sleep(0.4))
    with pytest.raises(requests.ReadTimeout):
        online.post(URL, json={})
    assert len(standin.requests) == 1


def test_adapter_by_itself(online: Session, kodi: StubbedKodi, standin: StandIn) -> None:
    """A request that is sent by the adapter itself, or by a response's connection, is signed and watched, too."""
    standin.fault("activities", faults.status(200, b"{}"), faults.silence)
    prepared = online.prepare_request(requests.Request("GET", URL))
    options: Any = {"verify": online.verify, "timeout": (8, 20)}
    response: Any = online.get_adapter(URL).send(prepared, **options)
    quit_at_request(kodi, standin)
    with pytest.raises(requests.RequestException):
        response.connection.send(prepared, **options)
    assert all("Authorization" in request.headers for request in standin.requests)


def test_after_quit(online: Session, kodi: StubbedKodi, standin: StandIn) -> None:
    """Once Kodi quits, no request is sent."""
    kodi.abort = True
    with pytest.raises(ShuttingDown):
        online.get(URL)
    assert standin.requests == []


def test_other_host(kodi: StubbedKodi, standin: StandIn) -> None:
    """A request to another host ends in the same way, also one without TLS."""
    listener = socket.create_server(("127.0.0.1", 0))
    standin.serve_page(listener)
    standin.fault("page", faults.silence)
    anywhere = Session()
    anywhere.deadline = 0.3
    with pytest.raises(requests.ReadTimeout):
        anywhere.get(f"http://127.0.0.1:{listener.getsockname()[1]}/pin")
    assert "Authorization" not in standin.requests[0].headers


@pytest.mark.parametrize(("quits", "error"), [(True, ShuttingDown), (False, requests.ReadTimeout)])
def test_waiting_in_line(
    online: Session, kodi: StubbedKodi, standin: StandIn, quits: bool, error: type[Exception]
) -> None:
    """A request that waits for another thread's request ends when Kodi quits, and at its deadline."""
    standin.fault("activities", faults.silence)
    first = threading.Thread(target=lambda: pytest.raises(requests.RequestException, online.get, URL))
    first.start()
    wait_until(lambda: standin.requests)
    second = Session()
    second.deadline = 60 if quits else 0.2
    if quits:
        threading.Timer(0.2, lambda: setattr(kodi, "abort", True)).start()
    with pytest.raises(error):
        second.get(URL)
    kodi.abort = True
    first.join(5)
    assert not first.is_alive()
    assert len(standin.requests) == 1


def test_connection_is_kept(online: Session, standin: StandIn) -> None:
    """Requests one after the other use one connection; close() closes it."""
    for _ in range(3):
        assert online.get("https://api.simkl.com/movies/1").status_code in (200, 412)
    assert len({request.connection for request in standin.requests}) == 1
    online.close()
    assert online.get("https://api.simkl.com/movies/1").status_code in (200, 412)
    assert len({request.connection for request in standin.requests}) == 2
