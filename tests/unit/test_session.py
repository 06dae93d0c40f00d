# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests of other add-ons as the user: what is added to which request, and what follows a refused token."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

import lib.simkl_account as simkl_account
from lib.simkl_account import wiring
from lib.simkl_account.auth.check import RECHECK_DELAY
from lib.simkl_account.errors import RefreshRefused, Unreachable
from lib.simkl_account.models import Credentials
from lib.simkl_account.outcome import Cause
from lib.simkl_account.session import TIMEOUT, Session, SimklAuth

from .fakes import FakeRuntime, FakeSimkl, signed_in
from .stubs import StubbedKodi

URL = "https://api.simkl.com/sync/activities"
CALLER = {"client_id": ["an-id"], "app-name": ["plugin.video.caller"], "app-version": ["4.5.6"]}
"""The parameters that are added to a request."""

REFUSED: Any = (401, {}, b'{"error":"user_token_failed","code":401}')
GOOD: Any = (200, {}, b"{}")
LIMIT_EXCEEDED = b'{"error":"user_limit_exceeded"}'

PROXY = {
    "network.usehttpproxy": True,
    "network.httpproxytype": 0,
    "network.httpproxyserver": "proxy.example",
    "network.httpproxyport": 3128,
}
"""Kodi's settings for a proxy."""

NEW = Credentials("new-token", "an-id", "r-token")
"""Simkl's answer to a refresh."""


class FakeWeb(BaseAdapter):
    """All web servers. They note each request, and give the answers in turn, the last one again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []
        self.bodies: list[Any] = []
        self.options: list[dict[str, Any]] = []
        self.answers: list[Any] = [GOOD]
        """Each is a status, headers and a body, or an exception."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        body = request.body
        self.bodies.append(body.read() if hasattr(body, "read") else body)  # type: ignore[union-attr]
        self.sent.append(requests.PreparedRequest.copy(request))
        self.options.append(options)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, headers, content = answer
        response.headers.update(headers)
        response.raw = io.BytesIO(content)
        response.request, response.url = request, request.url or ""
        response.connection = self  # type: ignore[attr-defined]
        return response

    def close(self) -> None: ...

    def authorizations(self) -> list[Any]:
        """Return the header Authorization of each request; None for a request without it."""
        return [request.headers.get("Authorization") for request in self.sent]


@pytest.fixture
def web(kodi: StubbedKodi) -> FakeWeb:
    """The web servers that all requests go to, while Ada is signed in."""
    kodi.settings.update(signed_in())
    return FakeWeb()


@pytest.fixture(params=["Session", "SimklAuth"])
def session(request: pytest.FixtureRequest, web: FakeWeb) -> requests.Session:
    """The add-on's Session, and a plain session of requests with SimklAuth."""
    if request.param == "Session":
        session: requests.Session = Session()
    else:
        session = requests.Session()
        session.auth = SimklAuth()
    session.mount("https://", web)
    session.mount("http://", web)
    return session


def url_of(request: requests.PreparedRequest) -> tuple[str, dict[str, list[str]]]:
    """Return the URL without its query, and the query's parameters."""
    parts = urlsplit(request.url or "")
    assert isinstance(parts.path, str)
    return f"{parts.scheme}://{parts.netloc}{parts.path}", parse_qs(str(parts.query))


def sign_in_again(kodi: StubbedKodi, **changes: Any) -> None:
    """Store a sign-in with another token, as another interpreter does. changes: see signed_in()."""
    kodi.settings.update(signed_in(access_token="new-token", **changes))


def needs_sign_in(kodi: StubbedKodi) -> bool:
    """Return True if the stored account is marked as refused by Simkl."""
    return bool(json.loads(kodi.settings["account"])["needs_sign_in"])


def test_request_to_simkl(session: requests.Session, web: FakeWeb) -> None:
    """A request to Simkl gets the access token, the client id, and the calling add-on's id and version."""
    session.post(URL, params={"date_from": "2026-01-01 00:00", "client_id": "not-mine"}, json={"a": 1})
    (sent,) = web.sent
    assert url_of(sent) == (URL, {"date_from": ["2026-01-01 00:00"], **CALLER})
    assert sent.headers["Authorization"] == "Bearer a-token"
    assert sent.headers["User-Agent"] == "plugin.video.caller/4.5.6"
    assert sent.body == b'{"a": 1}'


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/sync/activities",
        "http://api.simkl.com/sync/activities",
        "https://api.simkl.com:8443/",
        "https://simkl.com/",
        "https://api.simkl.com.elsewhere.example/",
        "https://api.simkl.com@elsewhere.example/",
        "https://elsewhere.example/?https://api.simkl.com/",
        "https://notapi.simkl.com/",
    ],
)
def test_request_to_other_host(session: requests.Session, web: FakeWeb, url: str) -> None:
    """Nothing is added to a request to any other host, port or scheme, and it is not sent again if it is refused."""
    web.answers = [REFUSED]
    session.get(url)
    (sent,) = web.sent
    user_name_in_url = "Basic YXBpLnNpbWtsLmNvbTo="  # "api.simkl.com:", which requests takes from one of the URLs
    assert sent.headers.get("Authorization", "") in ("", user_name_in_url)
    assert "caller" not in sent.headers["User-Agent"] + (sent.url or "")
    assert "an-id" not in (sent.url or "")


def test_redirect_to_other_host(session: requests.Session, web: FakeWeb) -> None:
    """A redirect to another host gets only what the caller has set, and the history shows the signed request."""
    for target in ("https://elsewhere.example/x", "//elsewhere.example/x", "http://api.simkl.com/x"):
        web.sent.clear()
        web.answers = [(302, {"Location": target}, b""), REFUSED]
        response = session.get(URL, headers={"X-Mine": "kept"})
        first, second = web.sent
        assert first.headers["Authorization"] == "Bearer a-token"
        assert not {"Authorization"} & set(second.headers)
        assert "caller" not in second.headers["User-Agent"] + (second.url or "")
        assert "an-id" not in (second.url or "")
        assert second.headers["X-Mine"] == "kept"
        assert response.history[0].request.headers["Authorization"] == "Bearer a-token", "the request as it was sent"


def test_redirect_that_repeats_query(session: requests.Session, web: FakeWeb) -> None:
    """If Simkl repeats the added parameters in a redirect to another host, they are removed from it."""
    for target in ("https://elsewhere.example/x", "http://api.simkl.com/sync/activities"):
        web.sent.clear()
        echo = "?page=2&client_id=an-id&app-name=plugin.video.caller&app-version=4.5.6"
        web.answers = [(301, {"Location": target + echo}, b""), GOOD]
        session.get(URL, params={"page": 2})
        assert web.sent[1].url == target + "?page=2"


def test_redirect_after_retry(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If a retry with a new token is redirected, Simkl gets the new token, and another host gets none."""
    kodi.on_wait = lambda: sign_in_again(kodi)
    web.answers = [
        REFUSED,
        (302, {"Location": "/other"}, b""),
        (302, {"Location": "https://elsewhere.example/"}, b""),
        GOOD,
    ]
    response = session.get(URL)
    _, _, third, last = web.sent
    assert web.authorizations() == ["Bearer a-token", "Bearer new-token", "Bearer new-token", None]
    assert url_of(third) == ("https://api.simkl.com/other", CALLER)
    assert "caller" not in last.headers["User-Agent"] + (last.url or "")
    assert response.status_code == 200


def test_redirect_back_to_simkl(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If another host redirects a request to Simkl, it is not signed, and a refusal does not mark the account."""
    back = (302, {"Location": "https://api.simkl.com/back"}, b"")
    for last in (REFUSED, (302, {"Location": "https://elsewhere.example/"}, b"")):
        web.answers = [(302, {"Location": "https://elsewhere.example/"}, b""), back, last, GOOD]
        session.get(URL)
        assert not needs_sign_in(kodi)
        assert web.authorizations()[-2:] == [None, None]
        web.sent.clear()


def test_prepared_request_sent_again(session: requests.Session, web: FakeWeb) -> None:
    """A prepared request that was redirected can be sent again, and is signed each time."""
    prepared = session.prepare_request(requests.Request("GET", URL))
    for _ in range(2):
        web.answers = [(302, {"Location": "https://elsewhere.example/"}, b""), GOOD]
        session.send(prepared)
    session.send(prepared, allow_redirects=False)
    assert web.authorizations() == ["Bearer a-token", None, "Bearer a-token", None, "Bearer a-token"]
    web.answers = [REFUSED, GOOD]
    history = session.send(prepared).history
    assert [response.request.headers.get("Authorization") for response in history] == ["Bearer a-token"]


def test_redirect_without_client_id(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If the stored sign-in has no client id, a redirect within Simkl works."""
    kodi.settings.update(account="", client_id="")
    web.answers = [(302, {"Location": "/other"}, b""), GOOD]
    assert session.get(URL).ok


def test_callers_user_agent(session: requests.Session, web: FakeWeb) -> None:
    """Another host gets the User-Agent that the caller has set, if any, and Simkl gets the add-on's id and version."""
    for theirs in ("mine/1", None):
        web.sent.clear()
        web.answers = [(302, {"Location": "https://elsewhere.example/x"}, b""), GOOD]
        session.get(URL, headers={"User-Agent": theirs})
        assert [request.headers.get("User-Agent") for request in web.sent] == ["plugin.video.caller/4.5.6", theirs]


def test_redirect_within_simkl(session: requests.Session, web: FakeWeb) -> None:
    """A redirect within Simkl is signed, and a redirect from there to another host is not."""
    web.answers = [
        (307, {"Location": "/other?page=2"}, b""),
        (302, {"Location": "https://elsewhere.example/x"}, b""),
        GOOD,
    ]
    session.get(URL)
    _, second, third = web.sent
    assert url_of(second) == ("https://api.simkl.com/other", {"page": ["2"], **CALLER})
    assert second.headers["Authorization"] == "Bearer a-token"
    assert second.headers["User-Agent"] == "plugin.video.caller/4.5.6"
    assert "Authorization" not in third.headers
    assert "caller" not in third.headers["User-Agent"] + (third.url or "")


def test_not_signed_in(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If nobody is signed in, a request to Simkl raises SignInNeeded, and a request to another host is sent."""
    kodi.settings.clear()
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert (web.sent, kodi.notifications) == ([], [])
    assert session.get("https://elsewhere.example/").ok


def test_account_is_read_for_each_request(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If the user signs in again between two requests, the second one has the new token."""
    session.get(URL)
    sign_in_again(kodi)
    session.get(URL)
    assert web.authorizations() == ["Bearer a-token", "Bearer new-token"]


# A refused token


def test_token_refused_once(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If Simkl refuses the token once, the request is repeated after RECHECK_DELAY, and the caller gets its answer."""
    web.answers = [REFUSED, (200, {}, b'{"fine":1}')]
    response = session.post(URL, json={"a": 1}, timeout=7)
    assert response.json() == {"fine": 1}
    assert [refused.status_code for refused in response.history] == [401]
    assert web.bodies == [b'{"a": 1}'] * 2
    assert [sent.url for sent in web.sent] == [web.sent[0].url] * 2
    assert web.options[0] == web.options[1]
    assert kodi.waits == [RECHECK_DELAY]
    assert not needs_sign_in(kodi)
    assert kodi.notifications == []


def test_token_refused_twice(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If Simkl refuses the token twice, the account is marked, the user is reminded once, and SignInNeeded is raised.

    After that, nothing is sent any more.
    """
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert (len(web.sent), kodi.waits) == (2, [RECHECK_DELAY])
    assert needs_sign_in(kodi)
    assert kodi.settings["signed_in"] == "again"
    assert kodi.settings["access_token"] == "a-token", "the token stays stored"
    assert kodi.notifications == ["The sign-in to Simkl is no longer valid. Sign in again."]
    assert "script.simkl.account.cooldown.reminder" in kodi.properties
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert len(web.sent) == 2, "nothing more is sent"
    assert len(kodi.notifications) == 1
    assert not simkl_account.is_signed_in()
    account = simkl_account.get_account()
    assert account
    assert (account.name, account.needs_sign_in) == ("Ada", True)


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b""),
        (503, {}, b""),
        (429, {"Retry-After": "5"}, b'{"error":"user_token_failed"}'),
        (403, {}, b'{"error":"user_token_failed"}'),
        (401, {}, b"<html>Sign in to the hotel's Wi-Fi</html>"),
        (401, {}, b'{"error":"something else"}'),
        requests.ConnectionError(),
        requests.Timeout(),
    ],
)
@pytest.mark.parametrize("earlier", [[], [REFUSED]])
def test_other_failures(
    kodi: StubbedKodi, session: requests.Session, web: FakeWeb, answer: Any, earlier: list[Any]
) -> None:
    """The caller gets any other failure as it is, and the account is not marked, even after one refusal."""
    web.answers = [*earlier, answer]
    if isinstance(answer, Exception):
        with pytest.raises(type(answer)):
            session.get(URL)
    else:
        assert session.get(URL).status_code == answer[0]
    assert not needs_sign_in(kodi)
    assert kodi.notifications == []


def test_sign_in_during_delay(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If the user signs in again during RECHECK_DELAY, the retry has the new token and the new client id."""
    kodi.on_wait = lambda: sign_in_again(kodi, client_id="other-id")
    web.answers = [REFUSED, GOOD]
    session.get(URL)
    assert web.authorizations() == ["Bearer a-token", "Bearer new-token"]
    assert url_of(web.sent[1])[1]["client_id"] == ["other-id"]


def test_new_token_refused_once(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If the user signs in again during RECHECK_DELAY, one refusal of the new token does not mark the account."""
    kodi.on_wait = lambda: sign_in_again(kodi)
    web.answers = [REFUSED]
    assert session.get(URL).status_code == 401
    assert not needs_sign_in(kodi)


def test_sign_in_during_retry(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If the user signs in again during the retry, the refusal of the old token does not mark the account."""
    send = web.send

    def send_and_sign_in(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if len(web.sent) == 1:
            sign_in_again(kodi)
        return send(request, **options)

    web.send = send_and_sign_in  # type: ignore[method-assign]
    web.answers = [REFUSED]
    assert session.get(URL).status_code == 401
    assert kodi.notifications == []
    assert simkl_account.is_signed_in()


def test_sign_out_during_delay(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If the user signs out during RECHECK_DELAY, SignInNeeded is raised, and the user is not reminded."""
    kodi.on_wait = kodi.settings.clear
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert (len(web.sent), kodi.notifications) == (1, [])


def test_quit_during_delay(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If Kodi quits during RECHECK_DELAY, the caller gets the refusal, and the account is not marked."""
    kodi.on_wait = lambda: setattr(kodi, "abort", True)
    web.answers = [REFUSED]
    assert session.get(URL).status_code == 401
    assert len(web.sent) == 1
    assert not needs_sign_in(kodi)


def test_file_is_sent_again(session: requests.Session, web: FakeWeb) -> None:
    """A retry sends a file from the same position as the first request."""
    web.answers = [REFUSED, GOOD]
    file = io.BytesIO(b"header,body")
    file.seek(7)
    session.post(URL, data=file)
    assert web.bodies == [b"body", b"body"]


def test_body_that_cannot_be_sent_again(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If the body cannot be sent again, the caller gets the refusal, and the account is not marked."""
    web.answers = [REFUSED]
    assert session.post(URL, data=iter([b"once"])).status_code == 401
    assert len(web.sent) == 1
    assert not needs_sign_in(kodi)


def test_mark_not_saved(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If Simkl refuses the token twice, SignInNeeded is raised, also if Kodi cannot store that."""
    kodi.write_settings()
    kodi.can_write = False
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)


# Refreshing the token


class DeviceSimkl(FakeSimkl):
    """A Simkl whose client id is for the device flow."""

    flow = "device"


@pytest.fixture
def simkl(monkeypatch: pytest.MonkeyPatch) -> DeviceSimkl:
    """The Simkl that gets the refreshes and the requests for a code. It answers a refresh with NEW."""
    simkl = DeviceSimkl(FakeRuntime())
    simkl.refreshes = [NEW]
    monkeypatch.setattr(wiring, "connect", lambda client_id: simkl)
    return simkl


def expires_soon() -> dict[str, str]:
    """Return the settings while Ada's token is due for a refresh."""
    return signed_in(refresh_token="r-token", issued_at=1.0, expires_at=604801.0)


def test_token_expires_soon(kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl) -> None:
    """If the token expires soon, it is refreshed once before the request."""
    kodi.settings.update(expires_soon())
    session.get(URL)
    session.get(URL)
    assert web.authorizations() == ["Bearer new-token", "Bearer new-token"]
    assert kodi.settings["access_token"] == "new-token"
    assert simkl.sent == ["refresh r-token"]


def test_refresh_without_answer(kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl) -> None:
    """If a refresh gets no answer, requests have the old token, and no refresh is sent until the cooldown is over."""
    kodi.settings.update(expires_soon())
    simkl.refreshes = [Unreachable(Cause.NO_ANSWER)]
    session.get(URL)
    session.get(URL)
    SimklAuth()(requests.Request("GET", URL).prepare())
    assert web.authorizations() == ["Bearer a-token", "Bearer a-token"]
    assert simkl.sent == ["refresh r-token"] * 2, "one refresh, which is tried twice"
    assert "script.simkl.account.cooldown.refresh" in kodi.properties
    assert not needs_sign_in(kodi)


def test_refused_token_is_refreshed(
    kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl
) -> None:
    """If Simkl refuses a token that can be refreshed, it is refreshed at once, and the request is sent again."""
    kodi.settings.update(signed_in(refresh_token="r-token"))
    web.answers = [REFUSED, GOOD]
    response = session.post(URL, json={"a": 1})
    assert web.authorizations() == ["Bearer a-token", "Bearer new-token"]
    assert web.bodies == [b'{"a": 1}'] * 2
    assert [refused.status_code for refused in response.history] == [401]
    assert RECHECK_DELAY not in kodi.waits
    assert simkl.sent == ["refresh r-token"]


def test_refreshed_by_another_interpreter(
    kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl
) -> None:
    """If another interpreter has refreshed the refused token by now, its new token is used at once."""
    kodi.settings.update(signed_in(refresh_token="r-token"))
    send = web.send

    def send_and_refresh(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        sign_in_again(kodi, refresh_token="r-token")
        return send(request, **options)

    web.send = send_and_refresh  # type: ignore[method-assign]
    web.answers = [REFUSED, GOOD]
    assert session.get(URL).ok
    assert web.authorizations() == ["Bearer a-token", "Bearer new-token"]
    assert RECHECK_DELAY not in kodi.waits
    assert simkl.sent == []


def test_refused_token_cannot_be_refreshed(
    kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl
) -> None:
    """If a refused token cannot be refreshed now, the caller gets the refusal, and the account is not marked."""
    kodi.settings.update(signed_in(refresh_token="r-token"))
    simkl.refreshes = [Unreachable(Cause.BUSY)]
    web.answers = [REFUSED]
    assert session.get(URL).status_code == 401
    assert not needs_sign_in(kodi)
    assert len(web.sent) == 1
    assert simkl.sent == ["refresh r-token"]


def test_refresh_retry_after(
    kodi: StubbedKodi,
    session: requests.Session,
    web: FakeWeb,
    simkl: DeviceSimkl,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If Simkl answers a refresh with Retry-After, no refresh is sent until that time is over."""
    now = 100.0
    monkeypatch.setattr("lib.simkl_account.kodi.cooldown.time.monotonic", lambda: now)
    kodi.settings.update(signed_in(refresh_token="r-token"))
    simkl.refreshes = [Unreachable(Cause.BUSY, retry_after=300.0), NEW]
    web.answers = [REFUSED]
    for _ in range(10):
        assert session.get(URL).status_code == 401
    now += 299
    assert session.get(URL).status_code == 401
    assert simkl.sent == ["refresh r-token"]
    now += 2
    web.answers = [REFUSED, GOOD]
    assert session.get(URL).ok
    assert simkl.sent == ["refresh r-token"] * 2


def test_refresh_without_retry(kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl) -> None:
    """If the body cannot be sent again, the refused token is refreshed all the same, for the next request."""
    kodi.settings.update(signed_in(refresh_token="r-token"))
    web.answers = [REFUSED]
    assert session.post(URL, data=iter([b"once"])).status_code == 401
    web.answers = [GOOD]
    assert session.post(URL, data=iter([b"once"])).ok
    assert web.authorizations() == ["Bearer a-token", "Bearer new-token"]
    assert simkl.sent == ["refresh r-token"]


def test_sign_out_during_refresh(
    kodi: StubbedKodi, session: requests.Session, web: FakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the user signs out during a refresh, SignInNeeded is raised, and the user is not reminded."""
    kodi.settings.update(signed_in(refresh_token="r-token"))

    def refresh(*arguments: Any) -> None:
        kodi.settings.clear()
        raise simkl_account.SignInNeeded("signed out")

    monkeypatch.setattr(wiring, "refresh_in_this_kodi", refresh)
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert kodi.notifications == []


def test_refresh_token_refused(kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl) -> None:
    """If Simkl refuses the refresh token, the account is marked, the user is reminded, and SignInNeeded is raised."""
    kodi.settings.update(signed_in(refresh_token="r-token"))
    simkl.refreshes = [RefreshRefused("HTTP 400")]
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert needs_sign_in(kodi)
    assert kodi.notifications == ["The sign-in to Simkl is no longer valid. Sign in again."]
    assert simkl.sent == ["refresh r-token"]


def test_refreshed_token_refused_twice(
    kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl
) -> None:
    """If Simkl refuses two refreshed tokens, the account is marked, and SignInNeeded is raised.

    There are two refreshes, because a refresh that Simkl carries out late can end the first new token.
    """
    kodi.settings.update(signed_in(refresh_token="r-token"))
    simkl.refreshes = [NEW, NEW._replace(access_token="newer-token")]
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.post(URL, data=io.BytesIO(b"body"))
    assert web.bodies == [b"body"] * 3, "each request has the whole file"
    assert web.authorizations() == ["Bearer a-token", "Bearer new-token", "Bearer newer-token"]
    assert RECHECK_DELAY in kodi.waits
    assert needs_sign_in(kodi)
    assert simkl.sent == ["refresh r-token"] * 2


# The daily limit


def test_daily_limit(kodi: StubbedKodi, session: requests.Session, web: FakeWeb) -> None:
    """If the user's requests for the day are used up, UserLimitExceeded is raised, with the time of Retry-After."""
    web.answers = [(429, {"Retry-After": "7200"}, LIMIT_EXCEEDED)]
    before = datetime.now(timezone.utc)
    with pytest.raises(simkl_account.UserLimitExceeded) as caught:
        session.get(URL)
    assert caught.value.ends_at
    assert timedelta(seconds=7199) < caught.value.ends_at - before < timedelta(seconds=7210)
    assert (len(web.sent), kodi.waits) == (1, [])
    assert not needs_sign_in(kodi)
    too_far = {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    web.answers = [(429, too_far, LIMIT_EXCEEDED)]
    with pytest.raises(simkl_account.UserLimitExceeded):
        session.get(URL)
    web.answers = [(429, {}, LIMIT_EXCEEDED)]
    with pytest.raises(simkl_account.UserLimitExceeded) as caught:
        session.get(URL)
    assert caught.value.ends_at is None


# An outdated sign-in


def test_outdated_sign_in(kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl) -> None:
    """If the build has a client id for the device flow, the user is told once that the PIN sign-in is outdated.

    The user is not told while a video plays, and the sign-in works on, with its own client id.
    """
    kodi.settings["client_id"] = "id-of-a-new-build"
    kodi.playing = True
    session.get(URL)
    assert (simkl.sent, kodi.notifications) == ([], []), "a video is playing"
    kodi.playing = False
    session.get(URL)
    session.get(URL)
    SimklAuth()(requests.Request("GET", URL).prepare())
    assert simkl.sent == ["code"]
    assert kodi.notifications == ["Simkl has a new way of signing in: sign in again"]
    assert kodi.settings["signed_in"] == "outdated"
    assert web.authorizations() == ["Bearer a-token"] * 3, "the sign-in works on"
    assert url_of(web.sent[-1])[1]["client_id"] == ["an-id"], "the client id of the sign-in"
    account = simkl_account.get_account()
    assert account
    assert (account.is_outdated, simkl_account.is_signed_in()) == (True, True)


@pytest.mark.parametrize("flow", ["pin", "device"])
def test_known_flow(kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl, flow: str) -> None:
    """If the flow of the build's client id is stored, Simkl gets no request about it.

    The PIN sign-in is outdated if that flow is the device flow.
    """
    kodi.settings.update(client_id="new id", flow=f"new id {flow}")
    session.get(URL)
    assert simkl.sent == []
    assert (kodi.settings["signed_in"] == "outdated") is (flow == "device")


def test_unknown_flow_is_looked_up_once(kodi: StubbedKodi, web: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the client id is for neither flow, several sessions look its flow up once, and then there is a cooldown."""
    looked_up: list[str] = []

    def look_up(client_id: str, *others: Any) -> bool:
        looked_up.append(client_id)
        return False

    monkeypatch.setattr("lib.simkl_account.session.is_for_device_flow", look_up)
    kodi.settings["client_id"] = "a typo"
    for _ in range(5):
        session = Session()
        session.mount("https://", web)
        session.get(URL)
    assert looked_up == ["a typo"]
    assert "script.simkl.account.cooldown.outdated" in kodi.properties


@pytest.mark.parametrize("client_id", ["", "an-id"])
def test_same_client_id(
    kodi: StubbedKodi, session: requests.Session, web: FakeWeb, simkl: DeviceSimkl, client_id: str
) -> None:
    """If the build has the same client id as the sign-in, or none, the sign-in is not outdated."""
    kodi.settings["client_id"] = client_id
    session.get(URL)
    assert (simkl.sent, kodi.settings["signed_in"]) == ([], "yes")


# Session


def test_timeout_and_proxy(kodi: StubbedKodi, web: FakeWeb) -> None:
    """A Session uses Kodi's proxy, and TIMEOUT unless the caller gives a timeout."""
    kodi.kodi_settings = PROXY
    session = Session()
    session.mount("https://", web)
    session.get(URL)
    session.get(URL, timeout=3)
    assert [options["timeout"] for options in web.options] == [TIMEOUT, 3]
    assert web.options[0]["proxies"]["https"] == "http://proxy.example:3128"


def test_proxy_password_and_redirect(kodi: StubbedKodi, web: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    """The target of a redirect does not get the proxy's password, even with a version of requests before 2.31."""
    kodi.kodi_settings = {**PROXY, "network.httpproxyusername": "me", "network.httpproxypassword": "secret"}
    session = Session()
    session.mount("https://", web)
    web.answers = [(302, {"Location": "https://elsewhere.example/x"}, b""), GOOD]
    session.get(URL)
    assert [request.headers.get("Proxy-Authorization") for request in web.sent] == [None, None]

    def rebuild_proxies_before_2_31(session: requests.Session, request: requests.PreparedRequest, proxies: Any) -> Any:
        request.headers["Proxy-Authorization"] = "Basic bWU6c2VjcmV0"
        return proxies

    monkeypatch.setattr(requests.Session, "rebuild_proxies", rebuild_proxies_before_2_31)
    target = requests.Request("GET", "https://elsewhere.example/x").prepare()
    session.rebuild_proxies(target, {})
    assert "Proxy-Authorization" not in target.headers


def test_netrc_is_not_read(web: FakeWeb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Session does not send a password of a .netrc file to the target of a redirect."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine elsewhere.example login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    session = Session()
    session.mount("https://", web)
    web.answers = [(302, {"Location": "https://elsewhere.example/x"}, b""), GOOD]
    session.get(URL)
    assert web.authorizations() == ["Bearer a-token", None]
