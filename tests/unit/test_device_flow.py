# SPDX-License-Identifier: GPL-2.0-or-later
"""The device flow: the requests that it sends, and the meaning of Simkl's answers."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from lib.simkl_account.errors import ClientIdRefused, RefreshRefused, SignInFailed, Unreachable, WrongFlow
from lib.simkl_account.models import Code, Credentials
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.device_flow import REFRESH_READ_TIMEOUT, SCOPE, DeviceFlow
from lib.simkl_account.simkl.protocol import Approved, CodeInvalid, Denied

from .fakes import CODE_INVALID, PENDING, SLOW_DOWN, FakeTransport

CODE = Code("BDWP-HQPK", "simkl.com/pin", 900, 5, "https://simkl.com/pin?user_code=BDWP-HQPK", "secret-1")
CODE_BODY: dict[str, Any] = {
    "device_code": "secret-1",
    "user_code": "BDWP-HQPK",
    "verification_uri": "https://simkl.com/pin",
    "verification_uri_complete": "https://simkl.com/pin?user_code=BDWP-HQPK",
    "expires_in": 900,
    "interval": 5,
}
NOW = 1000000.0
CREDENTIALS = Credentials("simkl_at_1", "an-id", "simkl_rt_1", NOW, NOW + 604800, "media:read media:write")
TOKEN_BODY: dict[str, Any] = {
    "access_token": "simkl_at_1",
    "refresh_token": "simkl_rt_1",
    "expires_in": 604800,
    "token_type": "bearer",
    "scope": "media:read media:write",
}


def flow(*answer: Any, **more: Any) -> DeviceFlow:
    """Return the flow over a transport with this answer: see FakeTransport."""
    return DeviceFlow("an-id", FakeTransport(*answer, **more), lambda: NOW)  # type: ignore[arg-type]


def token_body(**changes: Any) -> dict[str, Any]:
    """Return TOKEN_BODY with changes. A field that is changed to ... is left out."""
    return {name: value for name, value in {**TOKEN_BODY, **changes}.items() if value is not ...}


def sent(answer: Any, call: Callable[[DeviceFlow], object]) -> list[tuple[Any, ...]]:
    """Return the requests that a call sends."""
    transport = FakeTransport(answer)
    call(DeviceFlow("an-id", transport))  # type: ignore[arg-type]
    return transport.sent


def test_requests() -> None:
    """The four requests have the form that the RFCs name, with the client id in it."""
    assert sent(CODE_BODY, lambda flow: flow.request_code()) == [
        ("POST", "/oauth2/device", {}, {"client_id": "an-id", "scope": "media:read media:write"}, None)
    ]
    assert sent(TOKEN_BODY, lambda flow: flow.poll(CODE)) == [
        (
            "POST",
            "/oauth2/token",
            {},
            {
                "client_id": "an-id",
                "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
                "device_code": "secret-1",
            },
            None,
        )
    ]
    assert sent(TOKEN_BODY, lambda flow: flow.refresh(CREDENTIALS)) == [
        (
            "POST",
            "/oauth2/token",
            {},
            {"client_id": "an-id", "grant_type": "refresh_token", "refresh_token": "simkl_rt_1"},
            REFRESH_READ_TIMEOUT,
        )
    ]
    assert sent({}, lambda flow: flow.revoke(CREDENTIALS)) == [
        ("POST", "/oauth2/revoke", {}, {"client_id": "an-id", "token": "simkl_rt_1"}, None)
    ]


# The code


def test_request_code() -> None:
    """The code is returned with its page, its times, its link and its device code."""
    assert flow(CODE_BODY).request_code() == CODE


@pytest.mark.parametrize(
    "link",
    [
        None,
        5,
        "http://simkl.com/pin?user_code=BDWP-HQPK",
        "https://elsewhere.example/?user_code=BDWP-HQPK",
        "https://simkl.com.elsewhere.example/",
        "https://simkl.com/pin?a=[COLOR red]",
        "https://simkl.com/" + "x" * 200,
    ],
)
def test_link_unusable(link: Any) -> None:
    """If the link is not one to simkl.com, the add-on makes the link from the code."""
    assert flow({**CODE_BODY, "verification_uri_complete": link}).request_code() == CODE


@pytest.mark.parametrize("device_code", [None, 5, "", "two words", "x" * 513])
def test_device_code_unusable(device_code: Any) -> None:
    """If the answer holds no usable device code, Unreachable is raised."""
    with pytest.raises(Unreachable):
        flow({**CODE_BODY, "device_code": device_code}).request_code()


def test_repr_without_secrets() -> None:
    """The repr of a code and of credentials holds no secret, because it can end up in a log."""
    assert "secret-1" not in repr(CODE)
    assert "BDWP" not in repr(CODE)
    assert "simkl_" not in repr(Approved(CREDENTIALS))


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_wrong_flow(status: int) -> None:
    """If Simkl refuses the request for a code, WrongFlow is raised; if another server does, Unreachable."""
    with pytest.raises(WrongFlow):
        flow({"error": "unauthorized_client"}, status).request_code()
    with pytest.raises(Unreachable):
        flow(b"<html>", status).request_code()


# A poll


@pytest.mark.parametrize(
    ("error", "result"),
    [
        ("authorization_pending", PENDING),
        ("slow_down", SLOW_DOWN),
        ("expired_token", CodeInvalid(has_expired=True)),
        ("invalid_grant", CODE_INVALID),
        ("access_denied", Denied()),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 429])
def test_poll_errors(error: str, result: Any, status: int) -> None:
    """Each error that RFC 8628 names for a poll has its result, with any of these statuses."""
    assert flow({"error": error}, status).poll(CODE) == result


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
@pytest.mark.parametrize("status", [400, 401])
def test_client_id_refused(error: str, status: int) -> None:
    """If Simkl refuses the client id of a poll or a refresh, ClientIdRefused is raised."""
    with pytest.raises(ClientIdRefused):
        flow({"error": error}, status).poll(CODE)
    with pytest.raises(ClientIdRefused):
        flow({"error": error}, status).refresh(CREDENTIALS)


@pytest.mark.parametrize("error", ["unsupported_grant_type", "something_new"])
def test_poll_unknown_error(error: Any) -> None:
    """If Simkl refuses a poll with an unknown error, SignInFailed is raised, and its message holds no secret."""
    with pytest.raises(SignInFailed) as caught:
        flow({"error": error}, 400).poll(CODE)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"<html>"),
        (400, {"error": 5}),
        (400, {"error": ["slow_down"]}),
        (500, {"error": "x"}),
        (503, b""),
        (302, b""),
    ],
)
def test_bad_answer(status: int, body: Any) -> None:
    """If a poll or a refresh gets no usable answer, that is a bad answer, which a later request can overcome."""
    device_flow = flow(body, status)
    calls: list[Callable[[], object]] = [lambda: device_flow.poll(CODE), lambda: device_flow.refresh(CREDENTIALS)]
    for call in calls:
        with pytest.raises(Unreachable) as caught:
            call()
        assert caught.value.cause is Cause.BAD_ANSWER


def test_412() -> None:
    """An answer with status 412 can be a block that passes. Whether it is, the client knows."""
    device_flow = flow(b"", 412)
    calls: list[Callable[[], object]] = [
        device_flow.request_code,
        lambda: device_flow.poll(CODE),
        lambda: device_flow.refresh(CREDENTIALS),
    ]
    for call in calls:
        with pytest.raises(Unreachable) as caught:
            call()
        assert caught.value.is_block


def test_previous_write_runs() -> None:
    """A 400 that says that the user's previous write is still running is not about the sign-in."""
    device_flow = flow({"error": "RATE_LIMIT", "code": 400}, 400)
    calls: list[Callable[[], object]] = [lambda: device_flow.poll(CODE), lambda: device_flow.refresh(CREDENTIALS)]
    for call in calls:
        with pytest.raises(Unreachable) as caught:
            call()
        assert caught.value.cause is Cause.BUSY


def test_client_id_of_credentials() -> None:
    """A grant is revoked with the client id that requested it, even if another client id is used now."""
    transport = FakeTransport({})
    DeviceFlow("another-id", transport).revoke(CREDENTIALS)  # type: ignore[arg-type]
    assert transport.sent[0][3]["client_id"] == "an-id"


def test_poll_approved() -> None:
    """Once the user has approved the code, a poll returns the credentials."""
    assert flow(TOKEN_BODY).poll(CODE) == Approved(CREDENTIALS)


@pytest.mark.parametrize(
    ("answer", "credentials"),
    [
        (token_body(refresh_token=...), CREDENTIALS._replace(refresh_token="")),
        (token_body(refresh_token=5), CREDENTIALS._replace(refresh_token="")),
        (token_body(expires_in=...), CREDENTIALS._replace(issued_at=0, expires_at=0)),
        (token_body(expires_in="soon"), CREDENTIALS._replace(issued_at=0, expires_at=0)),
        (token_body(expires_in=-5), CREDENTIALS._replace(issued_at=0, expires_at=0)),
        (token_body(expires_in=0), CREDENTIALS._replace(issued_at=0, expires_at=0)),
        (token_body(expires_in=True), CREDENTIALS._replace(issued_at=0, expires_at=0)),
        (token_body(expires_in=1e300), CREDENTIALS._replace(issued_at=0, expires_at=0)),
        (token_body(scope=...), CREDENTIALS._replace(scope=SCOPE)),
        (token_body(scope=["media:read", "media:write"]), CREDENTIALS),
        (token_body(scope=["media:read"]), CREDENTIALS._replace(scope="media:read")),
        (token_body(scope=""), CREDENTIALS._replace(scope="nothing")),
        (token_body(scope=None), CREDENTIALS._replace(scope="nothing")),
        (token_body(scope="media:read  media:write something:new " + "x" * 9999), CREDENTIALS),
        (token_body(scope="media:read"), CREDENTIALS._replace(scope="media:read")),
        (token_body(scope="media:read,media:write"), CREDENTIALS),
        (token_body(scope="media:read, media:write"), CREDENTIALS),
        (token_body(expires_in="604800"), CREDENTIALS),
        (token_body(token_type=...), CREDENTIALS),
        (token_body(token_type="Bearer", more="fields"), CREDENTIALS),
    ],
)
def test_poll_approved_with_odd_fields(answer: Any, credentials: Credentials) -> None:
    """If the access token is usable, the code is approved, even if another field is missing or not usable."""
    assert flow(answer).poll(CODE) == Approved(credentials)


@pytest.mark.parametrize("token", [None, 5, "", "line\r\nbreak"])
def test_access_token_unusable(token: Any) -> None:
    """If the answer holds no usable access token, Unreachable is raised."""
    with pytest.raises(Unreachable):
        flow(token_body(access_token=token)).poll(CODE)


# Refreshing and revoking


def test_refresh() -> None:
    """A refresh keeps the refresh token and the scope if the answer names none; else it takes those of the answer."""
    read_only = CREDENTIALS._replace(scope="media:read")
    new = flow({"access_token": "simkl_at_2", "expires_in": 604800}).refresh(read_only)
    assert new == read_only._replace(access_token="simkl_at_2")
    new = flow(token_body(access_token="simkl_at_2", refresh_token="simkl_rt_2")).refresh(CREDENTIALS)
    assert (new.access_token, new.refresh_token) == ("simkl_at_2", "simkl_rt_2")


@pytest.mark.parametrize("status", [400, 401])
def test_refresh_refused(status: int) -> None:
    """If the grant at Simkl has ended, RefreshRefused is raised."""
    with pytest.raises(RefreshRefused):
        flow({"error": "invalid_grant"}, status).refresh(CREDENTIALS)


@pytest.mark.parametrize(("status", "body"), [(429, {"error": "invalid_grant"}), (500, {"error": "invalid_grant"})])
def test_refresh_unreachable(status: int, body: Any) -> None:
    """If the status is 429 or 500, a refresh raises Unreachable, even if the error says that the grant has ended."""
    with pytest.raises(Unreachable):
        flow(body, status).refresh(CREDENTIALS)


def test_revoke() -> None:
    """If Simkl does not answer with status 200, revoke() raises Unreachable."""
    flow(b"", 200).revoke(CREDENTIALS)
    with pytest.raises(Unreachable):
        flow(b"", 500).revoke(CREDENTIALS)
