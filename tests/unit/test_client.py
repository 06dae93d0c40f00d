# SPDX-License-Identifier: GPL-2.0-or-later
"""The client: who is signed in, and which of the two flows a client id is for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lib.simkl_account.errors import (
    ClientIdRefused,
    RefreshRefused,
    ScopeInsufficient,
    SignInFailed,
    SimklError,
    TokenOutdated,
    TokenRefused,
    Unreachable,
    WrongFlow,
)
from lib.simkl_account.models import User
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.client import Simkl
from lib.simkl_account.simkl.parsing import refuses_token
from lib.simkl_account.simkl.transport import Answer

from .fakes import CODE, CODE_BODY, PENDING, FakeTransport

ERROR = {"error": "some_error", "code": 400, "message": "Some text"}


def simkl(*answer: Any, **more: Any) -> Simkl:
    """Return a client over a transport with this answer: see FakeTransport."""
    return Simkl("an-id", FakeTransport(*answer, **more))  # type: ignore[arg-type]


# The user


def test_user_request() -> None:
    """The user is requested by GET, because Simkl allows a read-only token nothing else."""
    transport = FakeTransport({"user": {"name": "Ada"}})
    Simkl("an-id", transport).user("a-token")  # type: ignore[arg-type]
    assert transport.sent == [("GET", "/users/settings", {"client_id": "an-id"}, "a-token")]


def test_user_without_account() -> None:
    """If the answer holds only a name, the user has no number and no type, and the name has no label markup."""
    assert simkl({"user": {"name": " [B]Ada"}}).user("t") == User("(B)Ada")


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
def test_user_number_and_type(account: Any, number: int | None, kind: str) -> None:
    """A number that is not an integer is left out, and so is an unknown type."""
    assert simkl({"user": {"name": "Ada"}, "account": account}).user("t") == User("Ada", number, kind)


@pytest.mark.parametrize("body", [{}, {"user": None}, {"user": []}, {"user": {}}, {"user": {"name": 5}}, b"null"])
def test_user_name_unusable(body: Any) -> None:
    """If the answer holds no usable name, Unreachable is raised."""
    with pytest.raises(Unreachable):
        simkl(body).user("t")


@pytest.mark.parametrize("name", ["", "\n"])
def test_user_without_name(name: str) -> None:
    """If the user has no name, the number and the type of the account are still known."""
    assert simkl({"user": {"name": name}, "account": {"id": 5, "type": "vip"}}).user("t") == User("", 5, "vip")


def test_token_refused() -> None:
    """If Simkl refuses the access token, TokenRefused is raised."""
    with pytest.raises(TokenRefused):
        simkl({"error": "user_token_failed", "code": 401}, 401).user("t")


@pytest.mark.parametrize(
    "body", [b"", b"<html>Sign in to the hotel's Wi-Fi</html>", {}, [], {"error": "other"}, {"code": 401}]
)
def test_401_not_about_token(body: Any) -> None:
    """An answer with status 401 that does not name the token's error is not about the token."""
    with pytest.raises(Unreachable):
        simkl(body, 401).user("t")


@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_status_not_about_token(status: int) -> None:
    """An error with a status other than 401 is not about the token."""
    with pytest.raises(Unreachable):
        simkl(ERROR, status).user("t")


def test_user_blocked() -> None:
    """A 412 for a request with a token is a block that passes: the client id has worked."""
    with pytest.raises(Unreachable) as caught:
        simkl(ERROR, 412).user("t")
    assert caught.value.is_block


@pytest.mark.parametrize(
    ("name", "error"), [("insufficient_scope", ScopeInsufficient), ("oauth2_token_required", TokenOutdated)]
)
def test_user_forbidden(name: str, error: type[Exception]) -> None:
    """If Simkl accepts the token but not for this request, the error says why."""
    with pytest.raises(error):
        simkl({"error": name, "code": 403}, 403).user("t")


def test_daily_limit() -> None:
    """If the user's requests for the day are used up, the error holds that cause and the delay that Simkl asks for."""
    with pytest.raises(Unreachable) as caught:
        simkl({"error": "user_limit_exceeded"}, 429, retry_after=7200.0).user("t")
    assert (caught.value.cause, caught.value.retry_after) == (Cause.USER_LIMIT, 7200)


def test_interrupt() -> None:
    """A request is interrupted whether it was sent or not, unless the caller wants only what was not sent."""
    calls: list[bool] = []
    client = simkl({})
    client._transport.interrupt = calls.append  # type: ignore[assignment,method-assign]
    client.interrupt()
    client.interrupt(unless_sent=True)
    assert calls == [False, True]


@pytest.mark.parametrize("status", [400, 402, 403])
def test_token_is_refused_by_401_only(status: int) -> None:
    """The token's error with another status than 401 is not a refusal of the token."""
    assert not refuses_token(status, b'{"error":"user_token_failed"}')


# The code


@pytest.mark.parametrize("status", [101, 199, 201, 301, 302, 404, 418, 500, 502, 503])
def test_other_statuses(status: int) -> None:
    """If the status is neither 200 nor a known error, the answer is a bad answer."""
    for call in (simkl(CODE_BODY, status).request_code, lambda: simkl(CODE_BODY, status).poll(CODE)):
        with pytest.raises(Unreachable) as caught:
            call()
        assert caught.value.cause is Cause.BAD_ANSWER


@pytest.mark.parametrize("status", [400, 401, 403, 412])
def test_client_id_refused(status: int) -> None:
    """If both flows refuse the client id, ClientIdRefused is raised."""
    with pytest.raises(ClientIdRefused) as caught:
        simkl(ERROR, status).request_code()
    assert not isinstance(caught.value, WrongFlow), "there is no other flow to try"


# The flow of a client id


class TwoFlowsTransport:
    """A transport with one answer for a code of the PIN flow and one for the device flow. Every poll is pending."""

    def __init__(self, pin: tuple[int, Any], device: tuple[int, Any]) -> None:
        """pin, device: the status, and bytes or a value to encode as JSON."""
        self.answers = {"/oauth/pin": pin, "/oauth2/device": device}
        self.sent: list[str] = []
        """The method and the path of each request."""

    def request(self, method: str, path: str, *arguments: Any, **form: Any) -> Answer:
        self.sent.append(f"{method} {path}")
        status, body = self.answers.get(path, (400, {"error": "authorization_pending"}))
        return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), None)


PIN_ACCEPTS = (200, CODE_BODY)
DEVICE_ACCEPTS = (200, {**CODE_BODY, "device_code": "secret-1", "user_code": "BDWP-HQPK"})
DEVICE_REFUSES = (401, {"error": "invalid_client"})
"""The answer of the device flow to a client id for the PIN flow."""
PIN_REFUSES = (400, {"error": "unauthorized_client", "code": 400})
"""The answer of the PIN flow to a client id for the device flow."""
NO_CODE = [
    PIN_REFUSES,
    (412, {"error": "client_id_failed"}),
    (403, b"<html>"),
    (404, b""),
    (405, b""),
    (410, b"gone"),
    (426, {}),
    (301, b""),
    (307, b""),
    (500, b""),
    (503, b"<html>"),
    (200, b"<html>This page has moved"),
    (200, {"result": "OK"}),
]
"""What the PIN flow may answer once Simkl has retired it, and refusals of the client id."""


@pytest.mark.parametrize("answer", NO_CODE)
def test_device_flow_after_pin_flow(answer: Any) -> None:
    """If the PIN flow, which worked before, sends no code, the device flow is tried, and remembered."""
    transport = TwoFlowsTransport(pin=answer, device=DEVICE_ACCEPTS)
    remembered: list[str] = []
    client = Simkl("an-id", transport, "pin", remembered.append)  # type: ignore[arg-type]
    code = client.request_code()
    assert (code.user_code, code.device_code) == ("BDWP-HQPK", "secret-1")
    assert (remembered, client.flow) == (["device"], "device")
    assert client.poll(code) == PENDING
    assert transport.sent == ["GET /oauth/pin", "POST /oauth2/device", "POST /oauth2/token"]
    client.request_code()
    assert transport.sent[3:] == ["POST /oauth2/device"], "the next code is not requested from the PIN flow first"


def test_unknown_client_id() -> None:
    """With a client id that was not used yet, the device flow is tried first, and the PIN flow after a refusal."""
    transport = TwoFlowsTransport(pin=PIN_ACCEPTS, device=DEVICE_REFUSES)
    remembered: list[str] = []
    client = Simkl("an-id", transport, remember=remembered.append)  # type: ignore[arg-type]
    assert client.request_code() == CODE
    assert (transport.sent, remembered) == (["POST /oauth2/device", "GET /oauth/pin"], ["pin"])


@pytest.mark.parametrize(("first", "sent"), [("pin", ["GET /oauth/pin"]), ("device", ["POST /oauth2/device"])])
def test_remembered_flow_first(first: str, sent: list[str]) -> None:
    """The flow that worked before is tried first."""
    transport = TwoFlowsTransport(pin=PIN_ACCEPTS, device=DEVICE_ACCEPTS)
    remembered: list[str] = []
    Simkl("an-id", transport, first, remembered.append).request_code()  # type: ignore[arg-type]
    assert (transport.sent, remembered) == (sent, [first])


def test_pin_flow_after_device_flow() -> None:
    """If the remembered device flow refuses the client id, the PIN flow is tried."""
    transport = TwoFlowsTransport(pin=PIN_ACCEPTS, device=DEVICE_REFUSES)
    assert Simkl("an-id", transport, "device").request_code() == CODE  # type: ignore[arg-type]


@pytest.mark.parametrize("pin", [PIN_REFUSES, (410, b"gone"), (404, b""), (405, b""), (426, b""), (301, b"")])
def test_both_flows_refuse(pin: Any) -> None:
    """If the device flow refuses the client id, and the PIN flow refuses it or is retired, nobody can sign in with it.

    Each flow has been tried once, and neither is remembered.
    """
    transport = TwoFlowsTransport(pin=pin, device=DEVICE_REFUSES)
    remembered: list[str] = []
    with pytest.raises(ClientIdRefused):
        Simkl("an-id", transport, remember=remembered.append).request_code()  # type: ignore[arg-type]
    assert (len(transport.sent), remembered) == (2, [])


@pytest.mark.parametrize("error", ["rate_limit", "app_limit_exceeded", "something"])
def test_too_many_requests(error: str) -> None:
    """If one flow answers "too many requests", the other one is not tried."""
    transport = TwoFlowsTransport(pin=PIN_ACCEPTS, device=(429, {"error": error}))
    with pytest.raises(Unreachable):
        Simkl("an-id", transport).request_code()  # type: ignore[arg-type]
    assert transport.sent == ["POST /oauth2/device"]


def test_blocked_before_new_code() -> None:
    """A 412 for a new code, after one that worked, is a block that passes, and the other flow is not tried."""
    transport = TwoFlowsTransport(pin=PIN_ACCEPTS, device=DEVICE_ACCEPTS)
    client = Simkl("an-id", transport)  # type: ignore[arg-type]
    client.request_code()
    transport.answers["/oauth2/device"] = (412, {"error": "client_id_failed"})
    with pytest.raises(Unreachable) as caught:
        client.request_code()
    assert caught.value.is_block
    assert transport.sent == ["POST /oauth2/device"] * 2


HOTEL = (403, b"<html>Sign in to the hotel's Wi-Fi</html>")


@pytest.mark.parametrize(
    ("pin", "device"),
    [(HOTEL, HOTEL), (HOTEL, (503, b"")), (PIN_REFUSES, (503, b"")), ((503, b""), DEVICE_REFUSES)],
)
def test_no_code_by_both_flows(pin: Any, device: Any) -> None:
    """A fault of either flow, or a page of somebody else, is not blamed on the client id."""
    with pytest.raises(Unreachable) as caught:
        Simkl("an-id", TwoFlowsTransport(pin=pin, device=device)).request_code()  # type: ignore[arg-type]
    assert caught.value.cause is Cause.BAD_ANSWER
    assert caught.value.is_passing == ((503, b"") in (pin, device))


# Errors


def test_errors_have_one_base() -> None:
    """Every error of a request is a SimklError."""
    for error in (
        ClientIdRefused,
        SignInFailed,
        RefreshRefused,
        WrongFlow,
        TokenRefused,
        TokenOutdated,
        ScopeInsufficient,
        Unreachable,
    ):
        assert issubclass(error, SimklError)
