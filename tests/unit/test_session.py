# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests as the user: what is put on them, and where."""

import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Tuple
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

import lib.simkl_account as simkl_account
from lib.simkl_account import wiring
from lib.simkl_account.account.store import Grant
from lib.simkl_account.errors import GrantRefused, Trouble, Unreachable
from lib.simkl_account.session import RECHECK_PAUSE, TIMEOUT, Session, SimklAuth

from .stubs import StubbedKodi
from .test_script import SIGNED_IN

URL = "https://api.simkl.com/sync/activities"
CALLER = {"client_id": ["an-id"], "app-name": ["plugin.video.caller"], "app-version": ["4.5.6"]}
REFUSED: Any = (401, {}, b'{"error":"user_token_failed","code":401}')
GOOD: Any = (200, {}, b"{}")


class Web(BaseAdapter):
    """All of it: records what is sent, and answers what it is told to, the last answer for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: List[requests.PreparedRequest] = []
        self.bodies: List[Any] = []
        self.options: List[Dict[str, Any]] = []
        self.answers: List[Any] = [GOOD]

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

    def authorizations(self) -> List[Any]:
        return [request.headers.get("Authorization") for request in self.sent]


@pytest.fixture
def web(kodi: StubbedKodi) -> Web:
    kodi.settings.update(SIGNED_IN)
    return Web()


@pytest.fixture(params=["Session", "SimklAuth"])
def session(request: pytest.FixtureRequest, web: Web) -> requests.Session:
    """Ours, and one of requests' own with our auth object."""
    if request.param == "Session":
        session: requests.Session = Session()
    else:
        session = requests.Session()
        session.auth = SimklAuth()
    session.mount("https://", web)
    session.mount("http://", web)
    return session


def url_of(request: requests.PreparedRequest) -> Tuple[str, Dict[str, List[str]]]:
    parts = urlsplit(request.url or "")
    assert isinstance(parts.path, str)
    return f"{parts.scheme}://{parts.netloc}{parts.path}", parse_qs(str(parts.query))


def test_a_request_to_simkl(session: requests.Session, web: Web) -> None:
    session.post(URL, params={"date_from": "2026-01-01 00:00", "client_id": "not-mine"}, json={"a": 1})
    (sent,) = web.sent
    assert url_of(sent) == (URL, {"date_from": ["2026-01-01 00:00"], **CALLER})
    assert sent.headers["Authorization"] == "Bearer t"
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
def test_nothing_on_a_request_to_anybody_else(session: requests.Session, web: Web, url: str) -> None:
    web.answers = [REFUSED]
    session.get(url)
    (sent,) = web.sent
    assert sent.headers.get("Authorization", "") in ("", "Basic YXBpLnNpbWtsLmNvbTo=")  # what the URL says by itself
    assert "caller" not in sent.headers["User-Agent"] + (sent.url or "")
    assert "an-id" not in (sent.url or "")


def test_nothing_on_a_redirect_to_anybody_else(session: requests.Session, web: Web) -> None:
    for target in ("https://elsewhere.example/x", "//elsewhere.example/x", "http://api.simkl.com/x"):
        web.sent.clear()
        web.answers = [(302, {"Location": target}, b""), REFUSED]
        response = session.get(URL, headers={"X-Mine": "kept"})
        first, second = web.sent
        assert first.headers["Authorization"] == "Bearer t"
        assert not {"Authorization"} & set(second.headers)
        assert "caller" not in second.headers["User-Agent"] + (second.url or "")
        assert "an-id" not in (second.url or "")
        assert second.headers["X-Mine"] == "kept"
        assert response.history[0].request.headers["Authorization"] == "Bearer t", "what was sent stays to be seen"


def test_a_redirect_that_repeats_the_query_is_rid_of_it(session: requests.Session, web: Web) -> None:
    for target in ("https://elsewhere.example/x", "http://api.simkl.com/sync/activities"):
        web.sent.clear()
        echo = "?page=2&client_id=an-id&app-name=plugin.video.caller&app-version=4.5.6"
        web.answers = [(301, {"Location": target + echo}, b""), GOOD]
        session.get(URL, params={"page": 2})
        assert web.sent[1].url == target + "?page=2"


def test_a_redirect_after_a_second_try(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    def sign_in_again() -> None:
        kodi.settings["account"] = SIGNED_IN["account"].replace('"t"', '"u"')

    kodi.on_wait = sign_in_again
    web.answers = [
        REFUSED,
        (302, {"Location": "/other"}, b""),
        (302, {"Location": "https://elsewhere.example/"}, b""),
        GOOD,
    ]
    response = session.get(URL)
    _, _, third, last = web.sent
    assert web.authorizations() == ["Bearer t", "Bearer u", "Bearer u", None]
    assert url_of(third) == ("https://api.simkl.com/other", CALLER)
    assert "caller" not in last.headers["User-Agent"] + (last.url or "")
    assert response.status_code == 200


def test_back_from_another_host_it_is_not_ours_any_more(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    back = (302, {"Location": "https://api.simkl.com/back"}, b"")
    for last in (REFUSED, (302, {"Location": "https://elsewhere.example/"}, b"")):
        web.answers = [(302, {"Location": "https://elsewhere.example/"}, b""), back, last, GOOD]
        session.get(URL)
        assert not marked(kodi)
        assert web.authorizations()[-2:] == [None, None]
        web.sent.clear()


def test_a_request_that_was_redirected_can_be_sent_again(session: requests.Session, web: Web) -> None:
    prepared = session.prepare_request(requests.Request("GET", URL))
    for _ in range(2):
        web.answers = [(302, {"Location": "https://elsewhere.example/"}, b""), GOOD]
        session.send(prepared)
    session.send(prepared, allow_redirects=False)
    assert web.authorizations() == ["Bearer t", None, "Bearer t", None, "Bearer t"]
    web.answers = [REFUSED, GOOD]
    history = session.send(prepared).history
    assert [response.request.headers.get("Authorization") for response in history] == ["Bearer t"]


def test_a_redirect_without_a_client_id(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    kodi.settings.update(account="", client_id="")
    web.answers = [(302, {"Location": "/other"}, b""), GOOD]
    assert session.get(URL).ok


def test_a_callers_own_user_agent_goes_to_others(session: requests.Session, web: Web) -> None:
    web.answers = [(302, {"Location": "https://elsewhere.example/x"}, b""), GOOD]
    session.get(URL, headers={"User-Agent": "mine/1"})
    assert [request.headers["User-Agent"] for request in web.sent] == ["plugin.video.caller/4.5.6", "mine/1"]


def test_all_of_it_on_a_redirect_within_simkl_and_nothing_after_it(session: requests.Session, web: Web) -> None:
    web.answers = [
        (307, {"Location": "/other?page=2"}, b""),
        (302, {"Location": "https://elsewhere.example/x"}, b""),
        GOOD,
    ]
    session.get(URL)
    _, second, third = web.sent
    assert url_of(second) == ("https://api.simkl.com/other", {"page": ["2"], **CALLER})
    assert second.headers["Authorization"] == "Bearer t"
    assert second.headers["User-Agent"] == "plugin.video.caller/4.5.6"
    assert "Authorization" not in third.headers
    assert "caller" not in third.headers["User-Agent"] + (third.url or "")


def test_nobody_signed_in(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    kodi.settings.clear()
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert (web.sent, kodi.notifications) == ([], [])
    assert session.get("https://elsewhere.example/").ok


def test_the_account_is_read_for_every_request(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    session.get(URL)
    kodi.settings["account"] = SIGNED_IN["account"].replace('"t"', '"u"')
    session.get(URL)
    assert web.authorizations() == ["Bearer t", "Bearer u"]


# A refused token


def marked(kodi: StubbedKodi) -> bool:
    return bool(json.loads(kodi.settings["account"])["needs_sign_in"])


def test_one_refusal_is_a_passing_fault(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    web.answers = [REFUSED, (200, {}, b'{"fine":1}')]
    response = session.post(URL, json={"a": 1}, timeout=7)
    assert response.json() == {"fine": 1}
    assert [kept.status_code for kept in response.history] == [401]
    assert web.bodies == [b'{"a": 1}'] * 2
    assert [sent.url for sent in web.sent] == [web.sent[0].url] * 2
    assert web.options[0] == web.options[1]
    assert kodi.waits == [RECHECK_PAUSE]
    assert not marked(kodi)
    assert kodi.notifications == []


def test_two_refusals_mark_the_account_and_raise_one_error(
    kodi: StubbedKodi, session: requests.Session, web: Web
) -> None:
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert (len(web.sent), kodi.waits) == (2, [RECHECK_PAUSE])
    assert marked(kodi)
    assert kodi.settings["signed_in"] == "again"
    assert kodi.settings["access_token"] == "t", "kept"
    assert kodi.notifications == ["The sign-in to Simkl is no longer valid. Sign in again."]
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
def test_nothing_else_marks_it(
    kodi: StubbedKodi, session: requests.Session, web: Web, answer: Any, earlier: List[Any]
) -> None:
    web.answers = [*earlier, answer]
    if isinstance(answer, Exception):
        with pytest.raises(type(answer)):
            session.get(URL)
    else:
        assert session.get(URL).status_code == answer[0]
    assert not marked(kodi)
    assert kodi.notifications == []


def test_a_sign_in_during_the_pause_is_used(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    def sign_in_again() -> None:
        kodi.settings["account"] = SIGNED_IN["account"].replace('"t"', '"u"').replace("an-id", "other-id")

    kodi.on_wait = sign_in_again
    web.answers = [REFUSED, GOOD]
    session.get(URL)
    assert web.authorizations() == ["Bearer t", "Bearer u"]
    assert url_of(web.sent[1])[1]["client_id"] == ["other-id"]


def test_a_new_token_that_is_refused_has_had_one_refusal(
    kodi: StubbedKodi, session: requests.Session, web: Web
) -> None:
    def sign_in_again() -> None:
        kodi.settings["account"] = SIGNED_IN["account"].replace('"t"', '"u"')

    kodi.on_wait = sign_in_again
    web.answers = [REFUSED]
    assert session.get(URL).status_code == 401
    assert not marked(kodi)


def test_a_sign_in_during_the_second_try_is_no_false_alarm(
    kodi: StubbedKodi, session: requests.Session, web: Web
) -> None:
    send = web.send

    def send_and_sign_in(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if len(web.sent) == 1:
            kodi.settings["account"] = SIGNED_IN["account"].replace('"t"', '"u"')
        return send(request, **options)

    web.send = send_and_sign_in  # type: ignore[method-assign]
    web.answers = [REFUSED]
    assert session.get(URL).status_code == 401
    assert kodi.notifications == []
    assert simkl_account.is_signed_in()


def test_a_sign_out_during_the_pause(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    kodi.on_wait = kodi.settings.clear
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert (len(web.sent), kodi.notifications) == (1, [])


def test_kodi_quits_during_the_pause(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    kodi.on_wait = lambda: setattr(kodi, "abort", True)
    web.answers = [REFUSED]
    assert session.get(URL).status_code == 401
    assert len(web.sent) == 1
    assert not marked(kodi)


def test_a_file_is_sent_again_from_its_beginning(session: requests.Session, web: Web) -> None:
    web.answers = [REFUSED, GOOD]
    file = io.BytesIO(b"header,body")
    file.seek(7)
    session.post(URL, data=file)
    assert web.bodies == [b"body", b"body"]


def test_what_cannot_be_sent_again_is_not(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    web.answers = [REFUSED]
    assert session.post(URL, data=iter([b"once"])).status_code == 401
    assert len(web.sent) == 1
    assert not marked(kodi)


def test_a_mark_that_cannot_be_written_is_still_an_error(
    kodi: StubbedKodi, session: requests.Session, web: Web
) -> None:
    kodi.write_settings()
    kodi.can_write = False
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)


# A token that ends


REFRESHABLE = {**SIGNED_IN, "account": SIGNED_IN["account"].replace("}", ', "refresh_token": "r"}')}


def ending(issued_at: float, expires_at: float) -> str:
    times = f', "refresh_token": "r", "issued_at": {issued_at:.1f}, "expires_at": {expires_at:.1f}}}'
    return SIGNED_IN["account"].replace("}", times)


@pytest.fixture
def refreshes(monkeypatch: pytest.MonkeyPatch) -> List[Any]:
    """What Simkl answers to a refresh, in turn; each that is used goes."""
    answers: List[Any] = []

    class Simkl:
        flow = "device"

        def refresh(self, grant: Grant) -> Grant:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return grant._replace(access_token=answer, issued_at=0.0, expires_at=0.0)

        def request_code(self) -> None:
            answers.append("asked for a code")

        def hang_up(self) -> None: ...
        def close(self) -> None: ...

    monkeypatch.setattr(wiring, "connect", lambda client_id: Simkl())
    return answers


def test_a_token_near_its_end_is_exchanged_ahead(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any]
) -> None:
    kodi.settings["account"] = ending(1.0, 604801.0)
    refreshes.append("u")
    session.get(URL)
    session.get(URL)
    assert web.authorizations() == ["Bearer u", "Bearer u"]
    assert kodi.settings["access_token"] == "u"


def test_without_an_answer_the_old_token_is_used_and_simkl_left_alone_for_a_while(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any]
) -> None:
    kodi.settings["account"] = ending(1.0, 604801.0)
    refreshes += [Unreachable(Trouble.NO_ANSWER)] * 2
    session.get(URL)
    session.get(URL)
    SimklAuth()(requests.Request("GET", URL).prepare())
    assert web.authorizations() == ["Bearer t", "Bearer t"]
    assert refreshes == []
    assert not marked(kodi)


def test_a_refused_token_is_exchanged_at_once(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any]
) -> None:
    kodi.settings.update(REFRESHABLE)
    refreshes.append("u")
    web.answers = [REFUSED, GOOD]
    response = session.post(URL, json={"a": 1})
    assert web.authorizations() == ["Bearer t", "Bearer u"]
    assert web.bodies == [b'{"a": 1}'] * 2
    assert [kept.status_code for kept in response.history] == [401]
    assert RECHECK_PAUSE not in kodi.waits


def test_somebody_else_has_exchanged_it(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any]
) -> None:
    kodi.settings.update(REFRESHABLE)
    send = web.send

    def send_and_refresh(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        kodi.settings["account"] = REFRESHABLE["account"].replace('"t"', '"u"')
        return send(request, **options)

    web.send = send_and_refresh  # type: ignore[method-assign]
    web.answers = [REFUSED, GOOD]
    assert session.get(URL).ok
    assert web.authorizations() == ["Bearer t", "Bearer u"]
    assert RECHECK_PAUSE not in kodi.waits


def test_a_refused_token_and_no_new_one_now(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any]
) -> None:
    kodi.settings.update(REFRESHABLE)
    refreshes += [Unreachable(Trouble.BUSY)] * 2
    web.answers = [REFUSED]
    assert session.get(URL).status_code == 401
    assert not marked(kodi)
    assert len(web.sent) == 1


def test_too_many_refreshes_are_left_alone_for_as_long_as_simkl_says(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("lib.simkl_account.kodi.cooldown.time.monotonic", lambda: now)
    kodi.settings.update(REFRESHABLE)
    refreshes += [Unreachable(Trouble.BUSY, retry_after=300.0), "u"]
    web.answers = [REFUSED]
    for _ in range(10):
        assert session.get(URL).status_code == 401
    assert refreshes == ["u"]
    now += 301
    web.answers = [REFUSED, GOOD]
    assert session.get(URL).ok


def test_a_body_that_cannot_be_sent_again_still_has_the_token_exchanged(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any]
) -> None:
    kodi.settings.update(REFRESHABLE)
    refreshes.append("u")
    web.answers = [REFUSED]
    assert session.post(URL, data=iter([b"once"])).status_code == 401
    web.answers = [GOOD]
    assert session.post(URL, data=iter([b"once"])).ok
    assert web.authorizations() == ["Bearer t", "Bearer u"]


def test_a_sign_out_during_a_refresh_is_no_reason_to_remind(
    kodi: StubbedKodi, session: requests.Session, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    kodi.settings.update(REFRESHABLE)

    def signed_out(*arguments: Any) -> None:
        kodi.settings.clear()
        raise simkl_account.SignInNeeded("signed out")

    monkeypatch.setattr(wiring, "refresh_in_this_kodi", signed_out)
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert kodi.notifications == []


def test_a_refused_token_of_a_grant_that_has_ended(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any]
) -> None:
    kodi.settings.update(REFRESHABLE)
    refreshes.append(GrantRefused("HTTP 400"))
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert marked(kodi)
    assert kodi.notifications == ["The sign-in to Simkl is no longer valid. Sign in again."]


def test_a_new_token_that_is_refused_twice_too(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any]
) -> None:
    kodi.settings.update(REFRESHABLE)
    refreshes += ["u", "v"]  # the first may have been killed by a refresh that Simkl was late to do
    web.answers = [REFUSED]
    with pytest.raises(simkl_account.SignInNeeded):
        session.get(URL)
    assert web.authorizations() == ["Bearer t", "Bearer u", "Bearer v"]
    assert RECHECK_PAUSE in kodi.waits
    assert marked(kodi)


# The requests of a day


def test_the_daily_limit_says_when_it_ends(kodi: StubbedKodi, session: requests.Session, web: Web) -> None:
    web.answers = [(429, {"Retry-After": "7200"}, b'{"error":"user_limit_exceeded"}')]
    before = datetime.now(timezone.utc)
    with pytest.raises(simkl_account.UserLimitExceeded) as caught:
        session.get(URL)
    assert caught.value.ends_at
    assert timedelta(seconds=7199) < caught.value.ends_at - before < timedelta(seconds=7210)
    assert (len(web.sent), kodi.waits) == (1, [])
    assert not marked(kodi)
    far = {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    web.answers = [(429, far, b'{"error":"user_limit_exceeded"}')]
    with pytest.raises(simkl_account.UserLimitExceeded):
        session.get(URL)
    web.answers = [(429, {}, b'{"error":"user_limit_exceeded"}')]
    with pytest.raises(simkl_account.UserLimitExceeded) as caught:
        session.get(URL)
    assert caught.value.ends_at is None


# A sign-in in a way that Simkl retires


def test_outdated_is_said_once(kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any]) -> None:
    kodi.settings["client_id"] = "id-of-a-new-build"
    kodi.playing = True
    session.get(URL)
    assert (refreshes, kodi.notifications) == ([], []), "somebody is watching"
    kodi.playing = False
    session.get(URL)
    session.get(URL)
    SimklAuth()(requests.Request("GET", URL).prepare())
    assert refreshes == ["asked for a code"]
    assert kodi.notifications == ["Simkl has a new way of signing in: sign in again"]
    assert kodi.settings["signed_in"] == "outdated"
    assert web.authorizations() == ["Bearer t"] * 3, "it goes on working"
    assert url_of(web.sent[-1])[1]["client_id"] == ["an-id"], "with its own client id"
    account = simkl_account.get_account()
    assert account
    assert (account.is_outdated, simkl_account.is_signed_in()) == (True, True)


@pytest.mark.parametrize("flow", ["pin", "device"])
def test_what_is_known_of_a_client_id_is_not_asked_again(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any], flow: str
) -> None:
    kodi.settings.update(client_id="new id", flow=f"new id {flow}")
    session.get(URL)
    assert refreshes == []
    assert (kodi.settings["signed_in"] == "outdated") is (flow == "device")


def test_a_client_id_for_neither_flow_is_not_asked_about_again_and_again(
    kodi: StubbedKodi, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: List[str] = []

    def look(client_id: str, *others: Any) -> bool:
        looks.append(client_id)
        return False

    monkeypatch.setattr("lib.simkl_account.session.is_for_device_flow", look)
    kodi.settings["client_id"] = "a typo"
    for _ in range(5):
        session = Session()
        session.mount("https://", web)
        session.get(URL)
    assert looks == ["a typo"]


@pytest.mark.parametrize("client_id", ["", "an-id"])
def test_the_same_client_id_is_not_outdated(
    kodi: StubbedKodi, session: requests.Session, web: Web, refreshes: List[Any], client_id: str
) -> None:
    kodi.settings["client_id"] = client_id
    session.get(URL)
    assert (refreshes, kodi.settings["signed_in"]) == ([], "yes")


# The ready Session


def test_a_timeout_and_kodis_proxy(kodi: StubbedKodi, web: Web) -> None:
    kodi.kodi_settings = {
        "network.usehttpproxy": True,
        "network.httpproxytype": 0,
        "network.httpproxyserver": "proxy.example",
        "network.httpproxyport": 3128,
    }
    session = Session()
    session.mount("https://", web)
    session.get(URL)
    session.get(URL, timeout=3)
    assert [options["timeout"] for options in web.options] == [TIMEOUT, 3]
    assert web.options[0]["proxies"]["https"] == "http://proxy.example:3128"


def test_the_proxys_password_is_not_for_the_target_of_a_redirect(
    kodi: StubbedKodi, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    kodi.kodi_settings = {
        "network.usehttpproxy": True,
        "network.httpproxytype": 0,
        "network.httpproxyserver": "proxy.example",
        "network.httpproxyport": 3128,
        "network.httpproxyusername": "me",
        "network.httpproxypassword": "secret",
    }
    session = Session()
    session.mount("https://", web)
    web.answers = [(302, {"Location": "https://elsewhere.example/x"}, b""), GOOD]
    session.get(URL)
    assert [request.headers.get("Proxy-Authorization") for request in web.sent] == [None, None]

    def before_2_31(session: requests.Session, request: requests.PreparedRequest, proxies: Any) -> Any:
        request.headers["Proxy-Authorization"] = "Basic bWU6c2VjcmV0"
        return proxies

    monkeypatch.setattr(requests.Session, "rebuild_proxies", before_2_31)
    target = requests.Request("GET", "https://elsewhere.example/x").prepare()
    session.rebuild_proxies(target, {})
    assert "Proxy-Authorization" not in target.headers


def test_a_netrc_file_is_not_read(web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine elsewhere.example login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    session = Session()
    session.mount("https://", web)
    web.answers = [(302, {"Location": "https://elsewhere.example/x"}, b""), GOOD]
    session.get(URL)
    assert web.authorizations() == ["Bearer t", None]
