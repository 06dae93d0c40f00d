# SPDX-License-Identifier: GPL-2.0-or-later
"""The wire format: what is sent, and what each answer is taken for."""

import json
from typing import Any, Dict, List, Optional, Tuple

import pytest

from lib.simkl_account.account.store import Grant
from lib.simkl_account.errors import (
    ClientIdRefused,
    FlowFailed,
    GrantRefused,
    OtherFlow,
    SimklError,
    TokenRefused,
    Trouble,
    Unreachable,
)
from lib.simkl_account.simkl.client import Simkl, User
from lib.simkl_account.simkl.protocol import Approved, Code, Gone, Pending
from lib.simkl_account.simkl.transport import Answer

CODE = Code("5G6JAH", "simkl.com/pin", 900, 5, "https://simkl.com/pin/5G6JAH")
STEP_1: Dict[str, Any] = {
    "result": "OK",
    "device_code": "DEVICE_CODE",
    "user_code": "5G6JAH",
    "verification_uri": "https://simkl.com/pin",
    "verification_url": "https://simkl.com/pin",
    "expires_in": 900,
    "interval": 5,
}
ERROR = {"error": "some_error", "code": 400, "message": "Some text"}


class FakeTransport:
    """Answers everything with one answer."""

    def __init__(self, body: Any, status: int = 200, retry_after: Optional[float] = None) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._answer = Answer(status, raw, retry_after)
        self.sent: List[Tuple[Any, ...]] = []

    def request(self, *arguments: Any, **form: Any) -> Answer:
        self.sent.append((*arguments, *form.values()))
        return self._answer


def simkl(*answer: Any, **more: Any) -> Simkl:
    return Simkl("an-id", FakeTransport(*answer, **more))  # type: ignore[arg-type]


def with_(**changes: Any) -> Dict[str, Any]:
    return {**STEP_1, **changes}


def without(*fields: str) -> Dict[str, Any]:
    return {key: value for key, value in STEP_1.items() if key not in fields}


def test_what_is_sent() -> None:
    transport = FakeTransport(STEP_1)
    Simkl("an-id", transport).request_code()  # type: ignore[arg-type]
    assert transport.sent == [("GET", "/oauth/pin", {"client_id": "an-id"})]
    transport = FakeTransport({"result": "KO", "message": "Authorization pending"})
    Simkl("an-id", transport).poll(CODE)  # type: ignore[arg-type]
    assert transport.sent == [("GET", "/oauth/pin/5G6JAH", {"client_id": "an-id"})]
    transport = FakeTransport({"user": {"name": "Ada"}})
    Simkl("an-id", transport).user("a-token")  # type: ignore[arg-type]
    assert transport.sent == [("POST", "/users/settings", {"client_id": "an-id"}, "a-token")]


def test_a_code() -> None:
    assert simkl(STEP_1).request_code() == CODE


def test_a_code_by_the_older_name_of_the_page_or_none() -> None:
    assert simkl(without("verification_uri")).request_code() == CODE
    assert simkl(without("verification_uri", "verification_url")).request_code() == CODE


def test_a_missing_interval_is_five_seconds() -> None:
    assert simkl(without("interval")).request_code().interval == 5


@pytest.mark.parametrize("code", ["A", "12345", "BDWP-HQPK", "abcdefghijklmnop"])
def test_codes_of_any_usual_length(code: str) -> None:
    assert simkl(with_(user_code=code)).request_code().user_code == code


@pytest.mark.parametrize(
    "code",
    [
        "",
        " ",
        "A B",
        "[COLOR red]",
        "$INFO[System.Time]",
        "A\n",
        "../x",
        "a" * 17,
        "x" * 10240,
        "ÄÖÜ",
        123,
        None,
        [],
        {},
    ],
)
def test_a_code_that_cannot_be_shown_or_asked_for_is_refused(code: Any) -> None:
    with pytest.raises(Unreachable) as caught:
        simkl(with_(user_code=code)).request_code()
    assert caught.value.trouble is Trouble.BAD_ANSWER


@pytest.mark.parametrize("field", ["expires_in", "interval"])
@pytest.mark.parametrize("value", [0, -5, 1e9, "5", None, True, [], float("nan"), float("inf"), 10**400])
def test_absurd_times(field: str, value: Any) -> None:
    with pytest.raises(Unreachable):
        simkl(with_(**{field: value})).request_code()


def test_times_just_past_the_limits() -> None:
    for changes in ({"interval": 300.5}, {"expires_in": 86400.5}, {"interval": 0.5}, {"expires_in": 0.5}):
        with pytest.raises(Unreachable):
            simkl(with_(**changes)).request_code()
    assert simkl(with_(expires_in=86400)).request_code().expires_in == 86400


@pytest.mark.parametrize("field", ["expires_in", "interval"])
@pytest.mark.parametrize("value", [1, 1.5, 300])
def test_times_that_are_taken_as_they_are(field: str, value: float) -> None:
    assert getattr(simkl(with_(**{field: value})).request_code(), field) == value


@pytest.mark.parametrize("field", ["user_code", "expires_in"])
def test_missing_fields(field: str) -> None:
    with pytest.raises(Unreachable):
        simkl(without(field)).request_code()


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        ("https://simkl.com/pin", "simkl.com/pin"),
        ("https://simkl.com/pin/", "simkl.com/pin"),
        ("https://www.simkl.com/tv", "www.simkl.com/tv"),
        ("http://simkl.com/pin", "simkl.com/pin"),
        ("https://simkl.com.evil.example/other", "simkl.com/pin"),
        ("https://evilsimkl.com/other", "simkl.com/pin"),
        ("https://evil.example/?simkl.com/other", "simkl.com/pin"),
        ("https://simkl.com@evil.example/other", "simkl.com/pin"),
        ("https://simkl.com/[COLOR red]", "simkl.com/pin"),
        ("https://simkl.com/other\n", "simkl.com/pin"),
        ("https://simkl.com/" + "a" * 10240, "simkl.com/pin"),
        ("javascript:alert(1)", "simkl.com/pin"),
        (17, "simkl.com/pin"),
        (["https://simkl.com/x"], "simkl.com/pin"),
    ],
)
def test_only_pages_of_simkl_are_shown(uri: Any, page: str) -> None:
    assert simkl(with_(verification_uri=uri)).request_code().page == page


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        ({"result": "KO", "message": "Authorization pending"}, Pending()),
        ({"result": "KO", "message": "Slow down"}, Pending(slow_down=True)),
        ({"result": "OK", "access_token": "0123"}, Approved(Grant("0123", "an-id"))),
        # The trap: a code that is gone is answered like the request for a new one.
        (with_(user_code="OTHER1"), Gone()),
        (with_(user_code="0THER1"), Gone()),
        # Whatever else an answer says, a token is a token.
        ({**with_(user_code="OTHER1"), "access_token": "0123"}, Approved(Grant("0123", "an-id"))),
    ],
)
def test_what_a_poll_means(body: Any, meaning: Any) -> None:
    assert simkl(body).poll(CODE) == meaning


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"[1, 2]",
        b'"OK"',
        b"<html>Sign in to the hotel's Wi-Fi</html>",
        b"\xff\xfe\x00",
        b"[" * 60000,
        {},
        {"result": "KO"},
        {"result": "KO", "message": "Something new"},
        {"result": "KO", "message": None},
        {"result": "OK"},
        {"result": ["KO"], "message": "Authorization pending"},
        {"result": "OK", "message": "Authorization pending"},
        {"result": "OK", "message": "Slow down"},
        {"result": "OK", "access_token": ""},
        {"result": "OK", "access_token": None},
        {"result": "OK", "access_token": 5},
        {"result": "OK", "access_token": "two words"},
        {"result": "OK", "access_token": "line\r\nbreak"},
        {"result": "OK", "access_token": "x" * 2049},
        STEP_1,  # the same code: it is not gone
    ],
)
def test_a_poll_that_says_nothing_usable_has_failed(body: Any) -> None:
    with pytest.raises(Unreachable) as caught:
        simkl(body).poll(CODE)
    assert caught.value.trouble is Trouble.BAD_ANSWER
    assert "5G6JAH" not in str(caught.value)


@pytest.mark.parametrize("status", [101, 199, 201, 301, 302, 404, 418, 500, 502, 503])
def test_other_statuses_are_failures(status: int) -> None:
    for ask in (simkl(STEP_1, status).request_code, lambda: simkl(STEP_1, status).poll(CODE)):
        with pytest.raises(Unreachable) as caught:
            ask()
        assert caught.value.trouble is Trouble.BAD_ANSWER


def test_too_many_requests() -> None:
    with pytest.raises(Unreachable) as caught:
        simkl(ERROR, 429, retry_after=30.0).poll(CODE)
    assert (caught.value.trouble, caught.value.retry_after) == (Trouble.BUSY, 30)


@pytest.mark.parametrize("status", [400, 401, 403, 412])
def test_a_refused_client_id(status: int) -> None:
    with pytest.raises(ClientIdRefused):
        simkl(ERROR, status).request_code()
    with pytest.raises(ClientIdRefused):
        simkl(ERROR, status).poll(CODE)


def test_412_needs_no_body() -> None:
    with pytest.raises(ClientIdRefused):
        simkl(b"", 412).request_code()


@pytest.mark.parametrize("status", [400, 401, 403])
def test_somebody_elses_refusal_is_not_about_the_client_id(status: int) -> None:
    with pytest.raises(Unreachable):
        simkl(b"<html>Forbidden</html>", status).poll(CODE)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada", "Ada"),
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Zoë Łukasz 山田", "Zoë Łukasz 山田"),
        ("[COLOR red]Ada[/COLOR]", "(COLOR red)Ada(/COLOR)"),
        ("$INFO[System.Time]", "$INFO(System.Time)"),
        ("Ada\nLovelace\x00\u202e", "Ada Lovelace"),
        ("x" * 10240, "x" * 50),
        ("Ada" + " " * 100 + "Lovelace", "Ada Lovelace"),
        ("\ud800 Ada", "Ada"),
    ],
)
def test_a_name_is_one_plain_line(name: str, shown: str) -> None:
    assert simkl({"user": {"name": name}}).user("t") == User(shown)


@pytest.mark.parametrize(
    "body", [{}, {"user": None}, {"user": []}, {"user": {}}, {"user": {"name": 5}}, {"user": {"name": "\n"}}, b"null"]
)
def test_no_usable_name(body: Any) -> None:
    with pytest.raises(Unreachable):
        simkl(body).user("t")


@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_what_is_not_a_refused_token(status: int) -> None:
    with pytest.raises(Unreachable):
        simkl(ERROR, status).user("t")


def test_a_refused_token() -> None:
    with pytest.raises(TokenRefused):
        simkl({"error": "user_token_failed", "code": 401}, 401).user("t")


@pytest.mark.parametrize(
    "body", [b"", b"<html>Sign in to the hotel's Wi-Fi</html>", {}, [], {"error": "other"}, {"code": 401}]
)
def test_a_401_of_another_kind_is_not_about_the_token(body: Any) -> None:
    with pytest.raises(Unreachable):
        simkl(body, 401).user("t")


def test_a_client_id_that_is_refused_with_a_token() -> None:
    with pytest.raises(ClientIdRefused):
        simkl(ERROR, 412).user("t")


@pytest.mark.parametrize(
    ("account", "number", "kind"),
    [
        ({"id": 5, "type": "free"}, 5, "free"),
        ({"id": 5, "type": "pro"}, 5, "pro"),
        ({"id": 5, "type": "vip"}, 5, "vip"),
        ({"id": "5", "type": "gold"}, None, ""),
        ({"id": True, "type": None}, None, ""),
        ({"id": 5.0, "type": ["vip"]}, None, ""),
        ({}, None, ""),
        (None, None, ""),
        ([], None, ""),
    ],
)
def test_the_number_and_the_type_of_an_account(account: Any, number: Optional[int], kind: str) -> None:
    assert simkl({"user": {"name": "Ada"}, "account": account}).user("t") == User("Ada", number, kind)


# Which flow


class TwoFlows:
    """A Simkl with an answer for each path."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"/oauth/pin": answers["pin"], "/oauth2/device": answers["device"]}
        self.sent: List[str] = []

    def request(self, method: str, path: str, *arguments: Any, **form: Any) -> Answer:
        self.sent.append(f"{method} {path}")
        status, body = self.answers.get(path, (400, {"error": "authorization_pending"}))
        return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), None)


PIN_GOOD = (200, STEP_1)
DEVICE_GOOD = (200, {**STEP_1, "device_code": "secret-1", "user_code": "BDWP-HQPK"})
NOT_THIS_ONE = (400, {"error": "invalid_client"})


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@pytest.mark.parametrize("body", [b"<html>", {"error": "whatever"}])
def test_where_the_pin_refuses_it_is_the_device_flow_and_that_is_remembered(status: int, body: Any) -> None:
    web = TwoFlows(pin=(status, body), device=DEVICE_GOOD)
    remembered: List[str] = []
    client = Simkl("an-id", web, remember=remembered.append)  # type: ignore[arg-type]
    code = client.request_code()
    assert (code.user_code, code.device_code) == ("BDWP-HQPK", "secret-1")
    assert (remembered, client.flow) == (["device"], "device")
    assert client.poll(code) == Pending()
    assert web.sent == ["GET /oauth/pin", "POST /oauth2/device", "POST /oauth2/token"]
    client.request_code()
    assert web.sent[3:] == ["POST /oauth2/device"], "also for another code at once"


@pytest.mark.parametrize(("first", "sent"), [("pin", ["GET /oauth/pin"]), ("device", ["POST /oauth2/device"])])
def test_the_flow_that_was_right_is_tried_first(first: str, sent: List[str]) -> None:
    web = TwoFlows(pin=PIN_GOOD, device=DEVICE_GOOD)
    remembered: List[str] = []
    Simkl("an-id", web, first, remembered.append).request_code()  # type: ignore[arg-type]
    assert (web.sent, remembered) == (sent, [first])


def test_the_device_flow_refuses_and_it_is_the_pin_after_all() -> None:
    web = TwoFlows(pin=PIN_GOOD, device=NOT_THIS_ONE)
    assert Simkl("an-id", web, "device").request_code() == CODE  # type: ignore[arg-type]


def test_both_refuse() -> None:
    web = TwoFlows(pin=NOT_THIS_ONE, device=(401, {"error": "invalid_client"}))
    remembered: List[str] = []
    with pytest.raises(ClientIdRefused):
        Simkl("an-id", web, remember=remembered.append).request_code()  # type: ignore[arg-type]
    assert (len(web.sent), remembered) == (2, [])


@pytest.mark.parametrize(("status", "error"), [(412, ClientIdRefused), (429, Unreachable), (500, Unreachable)])
def test_other_answers_are_not_about_the_flow(status: int, error: Any) -> None:
    web = TwoFlows(pin=(status, ERROR), device=DEVICE_GOOD)
    with pytest.raises(error):
        Simkl("an-id", web).request_code()  # type: ignore[arg-type]
    assert web.sent == ["GET /oauth/pin"]


@pytest.mark.parametrize("answer", [(503, b""), (403, b"<html>Sign in to the hotel's Wi-Fi</html>")])
def test_a_fault_of_the_second_is_a_fault(answer: Any) -> None:
    with pytest.raises(Unreachable):
        Simkl("an-id", TwoFlows(pin=(403, b"<html>"), device=answer)).request_code()  # type: ignore[arg-type]


def test_the_daily_limit() -> None:
    with pytest.raises(Unreachable) as caught:
        simkl({"error": "user_limit_exceeded"}, 429, retry_after=7200.0).user("t")
    assert (caught.value.trouble, caught.value.retry_after) == (Trouble.QUOTA, 7200)


def test_every_error_is_one_tree() -> None:
    for error in (ClientIdRefused, FlowFailed, GrantRefused, OtherFlow, TokenRefused, Unreachable):
        assert issubclass(error, SimklError)
