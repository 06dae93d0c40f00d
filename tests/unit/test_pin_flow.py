# SPDX-License-Identifier: GPL-2.0-or-later
"""The PIN flow: the requests that it sends, and the meaning of Simkl's answers."""

from __future__ import annotations

from typing import Any

import pytest

from lib.simkl_account.errors import ClientIdRefused, Unreachable, WrongFlow
from lib.simkl_account.models import Credentials
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.pin_flow import PinFlow
from lib.simkl_account.simkl.protocol import Approved

from .fakes import CODE, CODE_BODY, CODE_INVALID, PENDING, SLOW_DOWN, FakeTransport

ERROR = {"error": "some_error", "code": 400, "message": "Some text"}
OTHER_CODE = {**CODE_BODY, "user_code": "OTHER1"}


def flow(*answer: Any, **more: Any) -> PinFlow:
    """Return the flow over a transport with this answer: see FakeTransport."""
    return PinFlow("an-id", FakeTransport(*answer, **more))  # type: ignore[arg-type]


def test_requests() -> None:
    """A code is requested, and a code is polled, with the client id in the query."""
    transport = FakeTransport(CODE_BODY)
    PinFlow("an-id", transport).request_code()  # type: ignore[arg-type]
    assert transport.sent == [("GET", "/oauth/pin", {"client_id": "an-id"})]
    transport = FakeTransport({"result": "KO", "message": "Authorization pending"})
    PinFlow("an-id", transport).poll(CODE)  # type: ignore[arg-type]
    assert transport.sent == [("GET", "/oauth/pin/5G6JAH", {"client_id": "an-id"})]


def test_request_code() -> None:
    """The code is returned with its page, its times and a link with the code filled in."""
    assert flow(CODE_BODY).request_code() == CODE


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ({"result": "KO", "message": "Authorization pending"}, PENDING),
        ({"result": "KO", "message": "Slow down"}, SLOW_DOWN),
        ({"result": "OK", "access_token": "0123"}, Approved(Credentials("0123", "an-id"))),
        # If the polled code is invalid, Simkl answers as if a new code had been requested.
        (OTHER_CODE, CODE_INVALID),
        ({**CODE_BODY, "user_code": "0THER1"}, CODE_INVALID),
        # An access token counts, even beside a new code.
        ({**OTHER_CODE, "access_token": "0123"}, Approved(Credentials("0123", "an-id"))),
    ],
)
def test_poll(body: Any, result: Any) -> None:
    """Each answer to a poll has its result."""
    assert flow(body).poll(CODE) == result


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
        CODE_BODY,  # the polled code, not a new one: it is not invalid
    ],
)
def test_poll_bad_answer(body: Any) -> None:
    """If the answer to a poll is not usable, Unreachable is raised, and its message does not hold the code."""
    with pytest.raises(Unreachable) as caught:
        flow(body).poll(CODE)
    assert caught.value.cause is Cause.BAD_ANSWER
    assert "5G6JAH" not in str(caught.value)


def test_poll_too_many_requests() -> None:
    """If Simkl answers "too many requests", the error holds the cause and the delay that Simkl asks for."""
    with pytest.raises(Unreachable) as caught:
        flow(ERROR, 429, retry_after=30.0).poll(CODE)
    assert (caught.value.cause, caught.value.retry_after) == (Cause.BUSY, 30)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_client_id_refused(status: int) -> None:
    """If Simkl refuses the client id at a poll, ClientIdRefused is raised."""
    with pytest.raises(ClientIdRefused):
        flow(ERROR, status).poll(CODE)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_wrong_flow(status: int) -> None:
    """If Simkl refuses the request for a code, WrongFlow is raised: the client id may be for the device flow."""
    with pytest.raises(WrongFlow):
        flow(ERROR, status).request_code()


def test_412() -> None:
    """An answer with status 412 can be a block that passes. Whether it is, the client knows."""
    for call in (flow(b"", 412).request_code, lambda: flow(ERROR, 412).poll(CODE)):
        with pytest.raises(Unreachable) as caught:
            call()
        assert caught.value.is_block


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_refusal_not_from_simkl(status: int) -> None:
    """If a request is refused by another server on the way to Simkl, that is not about the client id."""
    for call in (flow(b"<html>Forbidden</html>", status).request_code, lambda: flow(b"<html>", status).poll(CODE)):
        with pytest.raises(Unreachable):
            call()
