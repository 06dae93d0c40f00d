# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests of other add-ons as the user: what Simkl and other hosts get, what the caller gets, and refused tokens."""

from __future__ import annotations

import io
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Callable

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import default_user_agent

import lib.simkl_account as simkl_account
from lib.simkl_account import SignInNeeded, wiring
from lib.simkl_account.account.retries import LASTING, MARKED_INTERVAL
from lib.simkl_account.errors import ClientIdRefused, RefreshRefused, Unreachable
from lib.simkl_account.models import Account, Credentials
from lib.simkl_account.outcome import Cause
from lib.simkl_account.session import TIMEOUT, Session
from tests.rig import faults
from tests.rig.standin import StandIn

from .fakes import FakeRuntime, FakeSimkl, signed_in
from .loopback import fixture_authority, fixture_route, fixture_standin  # noqa: F401  # the fixtures
from .stubs import StubbedKodi

SIMKL = "https://api.simkl.com"
URL = f"{SIMKL}/sync/activities"
ELSEWHERE = "https://elsewhere.example/x"

OURS = "client_id=an-id&app-name=plugin.video.caller&app-version=4.5.6"
"""What is added to the query of a request to Simkl."""

USER_AGENT = "plugin.video.caller/4.5.6"
SECRETS = (b"a-token", b"new-token", b"an-id", b"plugin.video.caller", b"4.5.6")
"""What only Simkl gets: the tokens, and what is added to the query and the User-Agent."""

OLD, NEW, NEWER = "Bearer a-token", "Bearer new-token", "Bearer newer-token"
REFRESHED = Credentials("new-token", "an-id", "r-token")

REFUSED: Any = (401, {}, b'{"error":"user_token_failed","code":401}')
GOOD: Any = (200, {}, b"{}")
BUSY = Unreachable(Cause.BUSY, retry_after=300.0)

NEEDS_SIGN_IN = "The sign-in to Simkl is no longer valid. Sign in again."
OUTDATED = "Simkl has a new way of signing in: sign in again"

_SEND = HTTPAdapter.send
"""What the fixture world replaces."""


class SessionWorld:
    """A Session on web servers that note each request, in a Kodi in which Ada is signed in by the PIN flow."""

    def __init__(self, kodi: StubbedKodi) -> None:
        self.kodi = kodi
        self.simkl = FakeSimkl(FakeRuntime())
        """The Simkl that gets the refreshes and the requests for a code. Both succeed, by the device flow."""
        self.simkl.flow, self.simkl.refreshes = "device", [REFRESHED]
        self.sent: list[requests.PreparedRequest] = []
        self.bodies: list[Any] = []
        self.options: list[dict[str, Any]] = []
        self.answers: list[Any] = [GOOD]
        """Given in turn, the last one again and again. Each is a status, headers and a body, or an exception."""
        self.on_request: Callable[[], object] = lambda: None
        self.on_refresh: Callable[[], object] = lambda: None
        """Called at each request, and at each refresh before it is sent."""
        self.later = 0.0
        """Seconds by which the clock that never jumps has been moved on."""
        self.sign_in()
        self.session = Session()

    def sign_in(self, **changes: Any) -> None:
        """Store a sign-in, as another interpreter does. changes: see signed_in()."""
        self.kodi.settings.update(signed_in(**changes))

    def get(self, url: str = URL, **options: Any) -> requests.Response:
        return self.session.get(url, **options)

    def send(self, adapter: Any, request: requests.PreparedRequest, **options: Any) -> Any:
        """Stand in for HTTPAdapter.send()."""
        self.sent.append(request)
        body: Any = request.body
        is_whole = body is None or isinstance(body, bytes)
        self.bodies.append(body if is_whole else b"".join(body))  # a file consists of its lines
        self.options.append(options)
        self.on_request()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, headers, content = answer
        raw = urllib3.HTTPResponse(io.BytesIO(content), headers, status, preload_content=False)
        return adapter.build_response(request, raw)

    def headers(self, name: str = "Authorization") -> list[Any]:
        """Return a header of each request; None for a request without it."""
        return [request.headers.get(name) for request in self.sent]

    @property
    def urls(self) -> list[str | None]:
        return [request.url for request in self.sent]

    @property
    def account(self) -> Account:
        """The stored account. There must be one."""
        account = simkl_account.get_account()
        assert account
        return account


@pytest.fixture
def world(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> SessionWorld:
    """A SessionWorld."""
    world, now = SessionWorld(kodi), time.monotonic

    def connect(client_id: str) -> FakeSimkl:
        world.on_refresh()
        return world.simkl

    monkeypatch.setattr(wiring, "connect", connect)
    monkeypatch.setattr(time, "monotonic", lambda: now() + world.later)
    monkeypatch.setattr(HTTPAdapter, "send", lambda *args, **options: world.send(*args, **options))
    return world


@pytest.fixture
def online(world: SessionWorld, standin: StandIn, route: Callable[[int], None], tmp_path: Path) -> requests.Session:
    """The Session, whose requests reach the stand-in over a socket and TLS. The sign-in is by the device flow."""
    world.send = _SEND  # type: ignore[assignment,method-assign]
    route(standin.port)
    bundle = tmp_path / "ca.pem"
    standin.authority.cert_pem.write_to_path(str(bundle))
    world.session.verify = str(bundle)
    world.sign_in(refresh_token="r-token")
    return world.session


def moved(target: str, status: int = 302) -> Any:
    """Return a redirect."""
    return status, {"Location": target}, b""


def secrets_in(value: object) -> list[bytes]:
    """Return the SECRETS that a value holds, anywhere in it."""
    return [secret for secret in SECRETS if secret in pickle.dumps(value)]


# A request to Simkl


@pytest.mark.parametrize(
    ("method", "url"),
    [("POST", URL), ("HEAD", URL), ("PUT", "https://api.simkl.com:443/x"), ("DELETE", "HTTPS://API.Simkl.com/x")],
)
def test_request_to_simkl(world: SessionWorld, method: str, url: str) -> None:
    """A request to Simkl gets the access token, the client id, and the calling add-on's id and version.

    The caller's header simkl-api-key does not reach Simkl: it is a client id, which would contradict ours.
    """
    headers = {"Authorization": "mine", "Simkl-API-Key": "mine", "X-Mine": "kept"}
    response = world.session.request(method, url, params={"date_from": "2026-01-01 00:00"}, headers=headers, data=b"1")
    assert [request.method for request in world.sent] == [method]
    assert world.urls == [f"{url.lower()}?date_from=2026-01-01+00%3A00&{OURS}"]
    assert (world.headers(), world.headers("User-Agent"), world.headers("X-Mine")) == ([OLD], [USER_AGENT], ["kept"])
    assert (world.bodies, world.headers("simkl-api-key")) == ([b"1"], [None])
    assert headers.items() <= response.request.headers.items(), "the caller's request stays as it was"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", ""),
        ("?q=%FF&flag&empty=&x=%20y+z&a=1;b=2&q=%2F", "q=%FF&flag&empty=&x=%20y+z&a=1;b=2&q=%2F&"),
        ("?client_id=mine&a=1&app%2Dname&my_client_id=2&app-version=9", "a=1&my_client_id=2&"),
    ],
)
def test_query(world: SessionWorld, query: str, kept: str) -> None:
    """The caller's query stays byte for byte, but for parameters with the names of ours, and ours come after it."""
    world.get(URL + query)
    assert world.urls == [f"{URL}?{kept}{OURS}"]


@pytest.mark.parametrize(
    ("headers", "to_simkl", "to_others"),
    [
        ({}, USER_AGENT, default_user_agent()),
        ({"User-Agent": "mine/1"}, f"{USER_AGENT} mine/1", "mine/1"),
        ({"User-Agent": None}, USER_AGENT, None),
    ],
)
def test_callers_user_agent(world: SessionWorld, headers: Any, to_simkl: str, to_others: str | None) -> None:
    """The caller's own User-Agent follows ours at Simkl, and another host gets only the caller's."""
    world.answers = [moved(ELSEWHERE), GOOD]
    world.get(headers=headers)
    assert world.headers("User-Agent") == [to_simkl, to_others]


@pytest.mark.parametrize(
    "url",
    [
        ELSEWHERE,
        "http://api.simkl.com/sync/activities",
        "https://api.simkl.com:8443/",
        "https://simkl.com/",
        "https://api.simkl.com./",
        "https://api.simkl.com.elsewhere.example/",
        "https://api.simkl.com@elsewhere.example/",
        "https://api.simkl.com:443@elsewhere.example/",
        "https://elsewhere.example/?https://api.simkl.com/",
        "https://notapi.simkl.com/",
    ],
)
def test_other_host(world: SessionWorld, url: str) -> None:
    """A request or a redirect to any other host, port or scheme gets only what the caller has set."""
    world.answers = [REFUSED, moved(url), REFUSED]
    for start in (url, URL):
        assert world.get(start, headers={"X-Mine": "kept"}).status_code == 401
    request, _, redirect = world.sent
    for sent in (request, redirect):
        assert (sent.url, sent.headers["X-Mine"], secrets_in(sent)) == (url, "kept", [])
        assert "Bearer" not in sent.headers.get("Authorization", "")  # requests may take a user name from the URL


@pytest.mark.parametrize("url", [URL, f"{SIMKL}/movies/53536"])
def test_signed_out(world: SessionWorld, url: str) -> None:
    """If nobody is signed in and there is no client id, a request to Simkl raises SignInNeeded; others are sent."""
    world.kodi.settings.clear()
    with pytest.raises(SignInNeeded):
        world.get(url)
    assert (world.sent, world.kodi.notifications) == ([], [])
    assert world.get(ELSEWHERE).ok


# The catalogue


@pytest.mark.parametrize("path", ["/movies/53536", "/tv/tt0944947", "/anime/1", "/tv/episodes/1", "/anime/episodes/1"])
@pytest.mark.parametrize("settings", [signed_in(), signed_in(needs_sign_in=True), {"client_id": "an-id"}])
def test_catalogue(world: SessionWorld, settings: dict[str, str], path: str) -> None:
    """A look-up in the catalogue goes without a token: signed in, marked, and signed out."""
    world.kodi.settings.clear()
    world.kodi.settings.update(settings)
    response = world.get(f"{SIMKL}{path}?extended=full")
    assert world.urls == [f"{SIMKL}{path}?extended=full&{OURS}"]
    assert (world.headers(), world.headers("User-Agent")) == ([None], [USER_AGENT])
    assert secrets_in(response) == []


@pytest.mark.parametrize("path", ["/movies/trending", "/movies/53536/credits", "/x/movies/53536", "/search/id"])
def test_not_in_catalogue(world: SessionWorld, path: str) -> None:
    """Another path, or another method than GET, is an ordinary request."""
    world.get(SIMKL + path)
    world.session.post(f"{SIMKL}/movies/53536")
    assert world.headers() == [OLD, OLD]


# Redirects


def test_redirects(world: SessionWorld) -> None:
    """A redirect within Simkl is signed, with our parameters once; one to another host is not, even after a refresh."""
    world.sign_in(refresh_token="r-token")
    world.answers = [REFUSED, moved(f"/other?page=2&{OURS}", 307), moved("//elsewhere.example/x"), GOOD]
    response = world.session.post(URL, data=b"body", headers={"Authorization": "mine"})
    assert world.urls == [f"{URL}?{OURS}", f"{URL}?{OURS}", f"{SIMKL}/other?page=2&{OURS}", ELSEWHERE]
    assert world.headers() == [OLD, NEW, NEW, None]
    assert world.bodies == [b"body", b"body", b"body", None]
    assert secrets_in(world.sent[3]) == []
    assert [answer.status_code for answer in response.history] == [307, 302]


@pytest.mark.parametrize(
    "places",
    [
        [ELSEWHERE, URL, "/x", "/y"],
        [ELSEWHERE, "/x", URL],
        [ELSEWHERE, URL, ELSEWHERE, f"{SIMKL}:443/x"],
        [URL, ELSEWHERE, URL, "/x"],
        ["http://api.simkl.com/x", URL],
    ],
)
def test_redirect_by_other_host(world: SessionWorld, places: list[str]) -> None:
    """If another host redirects a request to Simkl, it is not signed, also further on, and a refusal does not count."""
    for world.later in (0, LASTING):
        world.sent, world.answers = [], [*map(moved, places[1:]), REFUSED]
        assert world.get(places[0]).status_code == 401
        assert world.headers() == [OLD if places[0] == URL else None, *[None] * (len(places) - 1)]
        assert secrets_in(world.sent[1:]) == []
    assert not world.account.needs_sign_in


def test_redirect_by_hand(world: SessionWorld) -> None:
    """A redirect by another host that the caller follows is not signed."""
    world.answers = [moved(URL), GOOD]
    response = world.get(ELSEWHERE, allow_redirects=False)
    assert response.next
    world.session.send(response.next)
    assert (world.urls, world.headers()) == ([ELSEWHERE, URL], [None, None])


def test_prepared_request_sent_again(world: SessionWorld) -> None:
    """A prepared request can be sent again, also after a redirect: it is signed each time, with the token of then."""
    prepared = world.session.prepare_request(requests.Request("GET", URL))
    for _ in range(2):
        world.answers = [moved(ELSEWHERE), GOOD]
        world.session.send(prepared)
    world.sign_in(access_token="new-token")
    world.session.send(prepared, allow_redirects=False)
    assert world.headers() == [OLD, None, OLD, None, NEW]
    assert secrets_in(prepared) == []


# What the caller gets


def test_answer(online: requests.Session, standin: StandIn) -> None:
    """An answer and its history hold neither a token nor what is added to the query, and can be pickled."""
    standin.fault("activities", faults.status(401, REFUSED[2]), faults.redirect("/sync/activities?b=2"))
    standin.fault("activities", faults.status(200, b'{"fine":1}'))
    response = online.get(URL, params={"a": 1})
    assert [request.headers["Authorization"] for request in standin.requests] == [OLD, NEW, NEW]
    answers = [*response.history, response]
    assert [answer.url for answer in answers] == [f"{URL}?a=1", f"{URL}?b=2"]
    assert [answer.request.url for answer in answers] == [f"{URL}?a=1", f"{URL}?b=2"]
    assert [secrets_in(answer) for answer in answers] == [[], []]
    assert pickle.loads(pickle.dumps(response)).json() == {"fine": 1}


@pytest.mark.parametrize(
    ("fault", "error"), [(faults.drop, requests.ConnectionError), (faults.silence, requests.Timeout)]
)
def test_error(online: requests.Session, standin: StandIn, fault: faults.Fault, error: type[Exception]) -> None:
    """The request of an exception is the caller's, and no text of the exception holds the token."""
    standin.fault("activities", fault)
    prepared = online.prepare_request(requests.Request("GET", URL))
    with pytest.raises(requests.RequestException) as caught:
        online.send(prepared, timeout=(5, 0.2))
    assert isinstance(caught.value, error)
    assert standin.requests[0].headers["Authorization"] == OLD
    assert (caught.value.request, secrets_in(prepared)) == (prepared, [])
    assert "a-token" not in f"{caught.value!r} {caught.value}"


def test_stream(online: requests.Session, standin: StandIn) -> None:
    """With stream=True, the body of the last answer is left to the caller. A second try uses the same connection."""
    standin.fault("activities", faults.status(401, REFUSED[2]), faults.status(200, b"a film"))
    response = online.get(URL, stream=True)
    assert response.raw.read() == b"a film"
    assert response.elapsed > timedelta()
    first, second = standin.requests
    assert first.connection == second.connection


def test_callers_hook(world: SessionWorld) -> None:
    """A hook of the caller runs once, with the last answer, and there is no hook of ours."""
    world.sign_in(refresh_token="r-token")
    world.answers = [REFUSED, GOOD]
    seen: list[requests.Response] = []
    response = world.get(hooks={"response": lambda answer, **options: seen.append(answer)})
    assert (seen, response.status_code) == ([response], 200)
    assert [len(hooks) for hooks in response.request.hooks.values()] == [1]


# A refused token of the PIN flow


@pytest.mark.parametrize("can_write", [True, False])
def test_token_refused(world: SessionWorld, can_write: bool) -> None:
    """If Simkl refuses the token, the caller gets the refusal; if it does so LASTING later, SignInNeeded is raised.

    Then the account is marked, and the user is reminded, even if Kodi cannot store the mark.
    """
    world.kodi.write_settings()
    world.kodi.can_write = can_write
    world.answers = [REFUSED]
    for world.later in (0, LASTING - 10):
        response = world.get()
        assert (response.status_code, response.json()["error"]) == (401, "user_token_failed")
        assert (world.kodi.waits, world.kodi.notifications, world.account.needs_sign_in) == ([], [], False)
    world.later = LASTING
    with pytest.raises(SignInNeeded):
        world.get()
    assert len(world.sent) == 3
    assert (world.account.name, world.account.needs_sign_in) == ("Ada", can_write)
    assert world.kodi.settings["signed_in"] == ("again" if can_write else "yes")
    assert (simkl_account.is_signed_in(), world.kodi.settings["access_token"]) == (not can_write, "a-token")
    assert world.kodi.notifications == [NEEDS_SIGN_IN]


def test_token_accepted_between(world: SessionWorld) -> None:
    """If Simkl accepts the token between two refusals, the account is not marked."""
    world.answers = [REFUSED, GOOD, REFUSED]
    for world.later, status in ((0, 401), (10, 200), (LASTING, 401)):
        assert world.get().status_code == status
    assert not world.account.needs_sign_in


def test_marked_account(world: SessionWorld) -> None:
    """With a marked account, one request in MARKED_INTERVAL is sent, and the others raise SignInNeeded at once.

    The user is reminded once an hour. If Simkl accepts the token again, the mark goes.
    """
    world.sign_in(needs_sign_in=True)
    world.answers = [REFUSED]
    for looks in (1, 2):
        for _ in range(3):
            with pytest.raises(SignInNeeded):
                world.get()
        assert (len(world.sent), len(world.kodi.notifications)) == (looks, looks)
        world.later += MARKED_INTERVAL
    world.answers = [GOOD]
    assert world.get().ok
    assert (world.account.needs_sign_in, world.kodi.settings["signed_in"]) == (False, "yes")


OTHER_ANSWERS = [
    (503, {}, b""),
    (429, {"Retry-After": "5"}, b'{"error":"user_token_failed"}'),
    (429, {"Retry-After": "9"}, b'{"error":"something else"}'),
    (403, {}, b'{"error":"user_token_failed"}'),
    (401, {}, b"<html>Sign in to the hotel's Wi-Fi</html>"),
    (401, {}, b'{"error":"something else"}'),
]
"""Failures that say nothing about the token."""


@pytest.mark.parametrize("answer", [*OTHER_ANSWERS, requests.ConnectionError(), requests.Timeout()])
def test_other_failures(world: SessionWorld, answer: Any) -> None:
    """The caller gets any other failure as it is, and the account is not marked, even LASTING after a refusal."""
    world.answers = [REFUSED, answer]
    world.get()
    world.later = LASTING
    if isinstance(answer, Exception):
        with pytest.raises(type(answer)):
            world.get()
    else:
        response = world.get()
        assert (response.status_code, response.content) == (answer[0], answer[2])
    assert len(world.sent) == 2
    assert not world.account.needs_sign_in
    assert world.kodi.notifications == []


@pytest.mark.parametrize("answer", OTHER_ANSWERS)
def test_other_failures_of_marked_account(world: SessionWorld, answer: Any) -> None:
    """Such a failure does not take the mark of an account away."""
    world.sign_in(needs_sign_in=True)
    world.answers = [answer]
    assert world.get().status_code == answer[0]
    assert world.account.needs_sign_in


@pytest.mark.parametrize("second", [GOOD, REFUSED])
def test_sign_in_during_request(world: SessionWorld, second: Any) -> None:
    """If the user signs in again during a request, it is sent again as the new user; one refusal marks nothing."""
    world.answers = [REFUSED]
    world.get()
    world.later, world.answers = LASTING, [REFUSED, second]
    world.on_request = lambda: world.sign_in(access_token="new-token", client_id="other-id")
    assert world.get().status_code == second[0]
    assert world.headers() == [OLD, OLD, NEW]
    assert world.urls[-1] == f"{URL}?{OURS.replace('an-id', 'other-id')}"
    assert simkl_account.is_signed_in()
    assert world.kodi.notifications == []


# A refused token of the device flow


@pytest.mark.parametrize(("refresh", "used"), [(REFRESHED, NEW), (BUSY, OLD)])
def test_token_expires_soon(world: SessionWorld, refresh: Any, used: str) -> None:
    """A token that expires soon is refreshed before a request, once for all Sessions; if that fails, it is used."""
    world.sign_in(refresh_token="r-token", issued_at=1.0, expires_at=604801.0)
    world.simkl.refreshes = [refresh]
    for session in (world.session, Session()):
        assert session.get(URL).ok
    assert (world.headers(), world.simkl.sent) == ([used, used], ["refresh r-token"])
    assert simkl_account.is_signed_in()


def test_refused_token_is_refreshed(world: SessionWorld) -> None:
    """If Simkl refuses the token, it is refreshed, the same request is sent again, and the caller gets that answer."""
    world.sign_in(refresh_token="r-token")
    world.answers = [REFUSED, (200, {}, b'{"fine":1}')]
    response = world.session.post(URL, json={"a": 1}, timeout=7)
    assert (response.json(), response.history) == ({"fine": 1}, [])
    assert (world.headers(), world.urls, world.bodies) == ([OLD, NEW], [f"{URL}?{OURS}"] * 2, [b'{"a": 1}'] * 2)
    assert world.options[0] == world.options[1]
    assert world.simkl.sent == ["refresh r-token"]


@pytest.mark.parametrize("refusals", [1, 2])
def test_refreshed_by_another_interpreter(world: SessionWorld, refusals: int) -> None:
    """If another interpreter has refreshed the token by now, its token is used; if that is refused, it is refreshed.

    Each try has the whole file.
    """
    world.sign_in(refresh_token="r-token")
    world.on_request = lambda: world.sign_in(access_token="new-token", refresh_token="r-token")
    world.simkl.refreshes = [REFRESHED._replace(access_token="newer-token")]
    world.answers, file = [*[REFUSED] * refusals, GOOD], io.BytesIO(b"header,body")
    file.seek(7)
    assert world.session.post(URL, data=file).ok
    assert world.headers() == [OLD, NEW, NEWER][: refusals + 1]
    assert world.bodies == [b"body"] * (refusals + 1)
    assert world.simkl.sent == ["refresh r-token"] * (refusals - 1)


def test_refreshed_token_refused(world: SessionWorld) -> None:
    """If Simkl refuses a refreshed token, the caller gets the refusal, and however long it lasts, nothing is marked."""
    world.sign_in(refresh_token="r-token")
    world.simkl.refreshes = [REFRESHED, REFRESHED._replace(access_token="newer-token")]
    world.answers = [REFUSED]
    for world.later in (0, LASTING):
        assert world.get().status_code == 401
    assert world.headers() == [OLD, NEW, NEW, NEWER]
    assert simkl_account.is_signed_in()
    assert world.kodi.notifications == []


@pytest.mark.parametrize(
    ("error", "reminder"),
    [
        (RefreshRefused("HTTP 400"), NEEDS_SIGN_IN),
        (ClientIdRefused("HTTP 401"), "Simkl no longer accepts the client ID of this add-on. Sign in again."),
    ],
)
def test_refresh_refused(world: SessionWorld, error: Exception, reminder: str) -> None:
    """If Simkl refuses a refresh, the account is marked, the user is told why, and SignInNeeded is raised."""
    world.sign_in(refresh_token="r-token")
    world.simkl.refreshes, world.answers = [error], [REFUSED]
    with pytest.raises(SignInNeeded):
        world.get()
    assert (len(world.sent), world.simkl.sent) == (1, ["refresh r-token"])
    assert world.account.needs_sign_in
    assert world.account.is_client_id_refused is isinstance(error, ClientIdRefused)
    assert world.kodi.notifications == [reminder]


def test_refresh_fails(world: SessionWorld) -> None:
    """If a refresh fails, the caller gets the refusal, and no refresh is sent until the time of Retry-After is over."""
    world.sign_in(refresh_token="r-token")
    world.simkl.refreshes, world.answers = [BUSY, REFRESHED], [REFUSED]
    for world.later in (0, 1, 290):
        assert world.get().status_code == 401
        assert world.simkl.sent == ["refresh r-token"]
    assert not world.account.needs_sign_in
    world.later, world.answers = 300, [REFUSED, GOOD]
    assert world.get().ok
    assert world.headers() == [OLD] * 4 + [NEW]


def test_cooldown_of_another_account(world: SessionWorld) -> None:
    """A refresh that failed does not delay that of another account."""
    world.simkl.refreshes, world.answers = [BUSY], [REFUSED]
    for refresh_token in ("r-token", "other-r-token"):
        world.sign_in(refresh_token=refresh_token)
        world.get()
    assert world.simkl.sent == ["refresh r-token", "refresh other-r-token"]


@pytest.mark.parametrize(
    ("refresh", "answers", "tokens"),
    [(REFRESHED, [REFUSED, GOOD], [OLD, NEW, NEW, NEW, NEW]), (BUSY, [REFUSED], [OLD, OLD, OLD, OLD])],
)
def test_threads(world: SessionWorld, refresh: Any, answers: list[Any], tokens: list[str]) -> None:
    """The requests of several threads are sent one after the other, and one refresh serves all, even if it fails."""
    under_way: list[int] = []
    counts: list[int] = []

    def note() -> None:
        under_way.append(1)
        counts.append(len(under_way))
        time.sleep(0.02)
        under_way.pop()

    world.sign_in(refresh_token="r-token")
    world.simkl.refreshes, world.answers, world.on_request = [refresh], answers, note
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda url: Session().get(url), [URL] * 4))
    assert max(counts) == 1
    assert (world.headers(), world.simkl.sent) == (tokens, ["refresh r-token"])


def test_threads_look_up(world: SessionWorld) -> None:
    """Look-ups in the catalogue, and requests to other hosts, do not wait for other requests."""
    all_sent = threading.Barrier(3, timeout=10)
    world.on_request = lambda: all_sent.wait()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(world.get, [f"{SIMKL}/movies/1", URL, ELSEWHERE]))
    assert len(world.sent) == 3


# Simkl's limits


def test_limit_can_be_pickled(world: SessionWorld) -> None:
    """The error of a daily limit can be pickled."""
    world.answers = [(429, {"Retry-After": "100"}, b'{"error":"user_limit_exceeded"}')]
    with pytest.raises(simkl_account.UserLimitExceeded) as caught:
        world.get()
    assert pickle.loads(pickle.dumps(caught.value)).ends_at == caught.value.ends_at


@pytest.mark.parametrize(
    "limit", [(429, {"Retry-After": "9000"}, b'{"error":"rate_limit"}'), (400, {}, b'{"error":"RATE_LIMIT"}')]
)
@pytest.mark.parametrize("second", [GOOD, None])
def test_rate_limit(world: SessionWorld, limit: Any, second: Any) -> None:
    """After too many requests in a second, a request is sent once more, one to two seconds later."""
    world.answers = [limit, second or limit]
    response = world.session.post(URL, data=io.BytesIO(b"seen"))
    assert response.status_code == (second or limit)[0]
    assert world.bodies == [b"seen", b"seen"]
    assert [1 <= seconds <= 2 for seconds in world.kodi.waits] == [True]
    assert response.request.headers.get("Authorization") is None


@pytest.mark.parametrize("answer", [(400, {}, b'{"error":"missing"}'), (429, {}, b'{"error":"other"}'), (412, {}, b"")])
def test_other_refusals(world: SessionWorld, answer: Any) -> None:
    """After another refusal, nothing is sent again."""
    world.answers = [answer]
    assert world.get().status_code == answer[0]
    assert len(world.sent) == 1


def test_requests_left(world: SessionWorld) -> None:
    """The caller can read how many requests the user has left for the day."""
    world.answers = [(200, {"X-RateLimit-Remaining": "41"}, b"{}")]
    assert world.get().headers["X-RateLimit-Remaining"] == "41"


@pytest.mark.parametrize("body", [{"json": {"a": 1}}, {"data": b"a=1"}])
def test_get_with_body(world: SessionWorld, body: Any) -> None:
    """A GET with a body is the caller's mistake: Simkl takes it for a change, which a read-only sign-in cannot make."""
    with pytest.raises(ValueError, match="no body"):
        world.get(**body)
    assert world.sent == []
    world.session.request("GET", ELSEWHERE, **body)
    assert len(world.sent) == 1


def test_refreshed_token_not_saved(world: SessionWorld) -> None:
    """If Kodi cannot store a refreshed token, it is used for this and the next requests of the Session."""
    world.sign_in(refresh_token="r-token")
    world.kodi.write_settings()
    world.kodi.can_write = False
    world.answers = [REFUSED, GOOD]
    assert world.get().ok
    assert world.get("https://api.simkl.com:443/sync/activities").ok
    assert (world.headers(), world.kodi.settings["access_token"]) == ([OLD, NEW, NEW], "a-token")
    assert world.simkl.sent == ["refresh r-token"]


def test_body_that_cannot_be_sent_again(world: SessionWorld) -> None:
    """If the body cannot be sent again, the caller gets the refusal, and the next request has a refreshed token."""
    world.sign_in(refresh_token="r-token")
    for world.answers in ([REFUSED], [GOOD]):
        response = world.session.post(URL, data=iter([b"o", b"nce"]))
        assert response.status_code == world.answers[0][0]
    assert (world.headers(), world.bodies) == ([OLD, NEW], [b"once", b"once"])
    assert world.simkl.sent == ["refresh r-token"]
    assert simkl_account.is_signed_in()


@pytest.mark.parametrize("during", ["on_request", "on_refresh"])
def test_sign_out(world: SessionWorld, during: str) -> None:
    """If the user signs out during a refused request or a refresh, SignInNeeded is raised, without a reminder."""
    world.sign_in(refresh_token="r-token")
    world.answers = [REFUSED]
    setattr(world, during, world.kodi.settings.clear)
    with pytest.raises(SignInNeeded):
        world.get()
    assert (len(world.sent), world.kodi.notifications) == (1, [])


def test_quit_during_refresh(world: SessionWorld) -> None:
    """If Kodi quits during a refresh that gets no answer, the caller is told that, and nothing is marked."""
    world.sign_in(refresh_token="r-token")
    world.on_refresh = lambda: setattr(world.kodi, "abort", True)
    world.simkl.refreshes, world.answers = [Unreachable(Cause.NO_ANSWER)], [REFUSED]
    with pytest.raises(simkl_account.ShuttingDown):
        world.get()
    assert world.simkl.sent == ["refresh r-token"]
    assert not world.account.needs_sign_in


# The limits of requests


@pytest.mark.parametrize("whose", ["User", "App"])
@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [("7200", 2, 2), ("", 0, 25), ("Fri, 31 Dec 9999 23:59:59 GMT", 0, 25), ("99999999", 0, 25)],
)
def test_daily_limit(world: SessionWorld, retry_after: str, least: float, most: float, whose: str) -> None:
    """If the requests for the day are used up, an error says whose, and until when: Retry-After, or the day's end."""
    world.answers = [(429, {"Retry-After": retry_after}, f'{{"error":"{whose.lower()}_limit_exceeded"}}'.encode())]
    before = datetime.now(timezone.utc)
    with pytest.raises(simkl_account.LimitExceeded) as caught:
        world.get()
    assert type(caught.value) is getattr(simkl_account, f"{whose}LimitExceeded")
    latest = datetime.now(timezone.utc) + timedelta(hours=most)
    assert before + timedelta(hours=least) <= caught.value.ends_at <= latest
    assert (len(world.sent), world.kodi.notifications) == (1, [])
    assert simkl_account.is_signed_in()


# An outdated sign-in


def test_token_outdated(world: SessionWorld) -> None:
    """If Simkl wants a token of the device flow, the caller gets the answer, and the user is told once."""
    world.answers = [(403, {}, b'{"error":"oauth2_token_required"}')]
    for _ in range(2):
        assert world.get().status_code == 403
    assert (world.kodi.notifications, world.kodi.settings["signed_in"]) == ([OUTDATED], "outdated")
    assert simkl_account.is_signed_in()


# The Session


def test_timeout(world: SessionWorld) -> None:
    """Every request has a timeout, also one that was prepared or redirected; a caller's own is kept."""
    prepared = world.session.prepare_request(requests.Request("GET", URL))
    world.answers = [GOOD, moved(ELSEWHERE), GOOD]
    world.get()
    world.session.send(prepared)
    world.get(timeout=3)
    world.session.send(prepared, timeout=(4, 5))
    assert [options["timeout"] for options in world.options] == [TIMEOUT, TIMEOUT, TIMEOUT, 3, (4, 5)]


def test_proxy(world: SessionWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Session uses Kodi's proxy. The target of a redirect does not get its password, as with requests before 2.31."""

    def rebuild_proxies_before_2_31(session: requests.Session, request: requests.PreparedRequest, proxies: Any) -> Any:
        request.headers["Proxy-Authorization"] = "Basic bWU6c2VjcmV0"
        return proxies

    monkeypatch.setattr(requests.Session, "rebuild_proxies", rebuild_proxies_before_2_31)
    settings = {"type": 0, "server": "proxy.example", "port": 3128, "username": "me", "password": "secret"}
    world.kodi.kodi_settings = {f"network.httpproxy{name}": value for name, value in settings.items()}
    world.kodi.kodi_settings["network.usehttpproxy"] = True
    world.answers = [moved(ELSEWHERE), GOOD]
    Session().get(URL)
    assert [options["proxies"]["https"] for options in world.options] == ["http://me:secret@proxy.example:3128"] * 2
    assert world.headers("Proxy-Authorization") == [None, None]


def test_invalid_proxy(world: SessionWorld) -> None:
    """If the proxy in Kodi's settings is no valid address, the error does not hold its password."""
    world.send = _SEND  # type: ignore[assignment,method-assign]
    settings = {"type": 0, "server": "http://10.0.0.1", "port": 8080, "username": "me", "password": "hunter2"}
    world.kodi.kodi_settings = {f"network.httpproxy{name}": value for name, value in settings.items()}
    world.kodi.kodi_settings["network.usehttpproxy"] = True
    with pytest.raises(requests.exceptions.InvalidProxyURL) as caught:
        Session().get(URL)
    assert "hunter2" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"


def test_netrc_is_not_read(world: SessionWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Session does not send a password of a .netrc file to the target of a redirect."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine elsewhere.example login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    world.answers = [moved(ELSEWHERE), GOOD]
    world.get()
    assert world.headers() == [OLD, None]


# What a request must not do to an account that it was not sent as


def test_unsent_body_counts_for_nothing(world: SessionWorld) -> None:
    """If the user signs in during a request whose body cannot be sent again, its refusal is not the new token's."""
    world.answers, world.on_request = [REFUSED], lambda: world.sign_in(access_token="new-token")
    world.session.post(URL, data=iter([b"1"]))
    world.later, world.on_request = LASTING, lambda: None
    world.get()
    assert simkl_account.is_signed_in()


def test_outdated_token_of_earlier_sign_in(world: SessionWorld) -> None:
    """If the user signs in again during a request that Simkl calls outdated, the new sign-in is not marked."""
    world.answers = [(403, {}, b'{"error":"oauth2_token_required","code":403}')]
    world.on_request = lambda: world.sign_in(access_token="new-token", refresh_token="r-token")
    world.get()
    assert not world.account.is_outdated
    assert world.kodi.notifications == []


def test_outdated_token_during_video(world: SessionWorld) -> None:
    """While a video plays, an outdated sign-in is not marked: the user would miss the notification."""
    world.answers = [(403, {}, b'{"error":"oauth2_token_required","code":403}')]
    world.kodi.playing = True
    world.get()
    assert not world.account.is_outdated
    world.kodi.playing = False
    world.get()
    assert world.account.is_outdated
    assert world.kodi.notifications == [OUTDATED]


def test_limit_of_look_up(world: SessionWorld) -> None:
    """A look-up in the catalogue has no Authorization, not even the caller's, and can reach the client id's limit."""
    world.answers = [(429, {}, b'{"error":"app_limit_exceeded","code":429}')]
    with pytest.raises(simkl_account.AppLimitExceeded):
        world.get(f"{SIMKL}/movies/53536", headers={"Authorization": "mine"})
    assert world.headers() == [None]


@pytest.mark.parametrize("answer", [(200, {}, b"[]"), moved("https://simkl.com/x")])
def test_success_without_user(world: SessionWorld, answer: Any) -> None:
    """An answer that Simkl also gives without a token does not take away the mark of an account that has ended."""
    world.sign_in(needs_sign_in=True)
    world.answers = [answer]
    path = "/search/movie" if answer[0] == 200 else "/sync/activities"
    world.get(SIMKL + path, allow_redirects=False)
    assert world.account.needs_sign_in


def test_parameters_in_location(world: SessionWorld) -> None:
    """If Simkl repeats our parameters in a redirect to another host, they do not get there."""
    world.answers = [moved(f"{ELSEWHERE}?a=1&{OURS}"), GOOD]
    world.get()
    assert world.urls[-1] == f"{ELSEWHERE}?a=1"
