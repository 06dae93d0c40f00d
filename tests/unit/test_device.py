# SPDX-License-Identifier: GPL-2.0-or-later
"""The device flow on the wire: what is sent, and what each answer is taken for."""

from typing import Any, Callable, Dict, List

import pytest

from lib.simkl_account.account.store import Grant
from lib.simkl_account.errors import ClientIdRefused, FlowFailed, GrantRefused, OtherFlow, Trouble, Unreachable
from lib.simkl_account.simkl.device_flow import SCOPE, DeviceFlow
from lib.simkl_account.simkl.protocol import Approved, Code, Denied, Gone, Pending

from .test_simkl import FakeTransport

CODES: Dict[str, Any] = {
    "device_code": "secret-1",
    "user_code": "BDWP-HQPK",
    "verification_uri": "https://simkl.com/pin",
    "verification_uri_complete": "https://simkl.com/pin?user_code=BDWP-HQPK",
    "expires_in": 900,
    "interval": 5,
}
CODE = Code("BDWP-HQPK", "simkl.com/pin", 900, 5, "https://simkl.com/pin?user_code=BDWP-HQPK", "secret-1")
TOKENS: Dict[str, Any] = {
    "access_token": "simkl_at_1",
    "refresh_token": "simkl_rt_1",
    "expires_in": 604800,
    "token_type": "bearer",
    "scope": "media:read media:write",
}
NOW = 1000000.0
GRANT = Grant("simkl_at_1", "an-id", "simkl_rt_1", NOW, NOW + 604800, "media:read media:write")


def flow(*answer: Any, **more: Any) -> DeviceFlow:
    return DeviceFlow("an-id", FakeTransport(*answer, **more), lambda: NOW)  # type: ignore[arg-type]


def with_(**changes: Any) -> Dict[str, Any]:
    return {name: value for name, value in {**TOKENS, **changes}.items() if value is not ...}


def test_what_is_sent() -> None:
    def sent(answer: Any, ask: Any) -> Any:
        transport = FakeTransport(answer)
        ask(DeviceFlow("an-id", transport))  # type: ignore[arg-type]
        return transport.sent

    assert sent(CODES, lambda flow: flow.request_code()) == [
        ("POST", "/oauth2/device", {}, {"client_id": "an-id", "scope": "media:read media:write"})
    ]
    assert sent(TOKENS, lambda flow: flow.poll(CODE)) == [
        (
            "POST",
            "/oauth2/token",
            {},
            {
                "client_id": "an-id",
                "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
                "device_code": "secret-1",
            },
        )
    ]
    assert sent(TOKENS, lambda flow: flow.refresh(GRANT)) == [
        (
            "POST",
            "/oauth2/token",
            {},
            {"client_id": "an-id", "grant_type": "refresh_token", "refresh_token": "simkl_rt_1"},
        )
    ]
    assert sent({}, lambda flow: flow.revoke(GRANT)) == [
        ("POST", "/oauth2/revoke", {}, {"client_id": "an-id", "token": "simkl_rt_1"})
    ]


def test_a_code() -> None:
    assert flow(CODES).request_code() == CODE


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
def test_a_link_to_anywhere_else_is_not_used(link: Any) -> None:
    assert flow({**CODES, "verification_uri_complete": link}).request_code() == CODE


@pytest.mark.parametrize("device_code", [None, 5, "", "two words", "x" * 513])
def test_no_usable_device_code(device_code: Any) -> None:
    with pytest.raises(Unreachable):
        flow({**CODES, "device_code": device_code}).request_code()


def test_a_code_and_a_grant_have_no_secret_in_their_texts() -> None:
    assert "secret-1" not in repr(CODE)
    assert "BDWP" not in repr(CODE)
    assert "simkl_" not in repr(Approved(GRANT))


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_client_id_for_the_other_flow(status: int) -> None:
    with pytest.raises(OtherFlow):
        flow({"error": "unauthorized_client"}, status).request_code()
    with pytest.raises(Unreachable):
        flow(b"<html>", status).request_code()


@pytest.mark.parametrize(
    ("error", "poll"),
    [
        ("authorization_pending", Pending()),
        ("slow_down", Pending(slow_down=True)),
        ("expired_token", Gone(has_expired=True)),
        ("invalid_grant", Gone()),
        ("access_denied", Denied()),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 429])
def test_the_states(error: str, poll: Any, status: int) -> None:
    assert flow({"error": error}, status).poll(CODE) == poll


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
@pytest.mark.parametrize("status", [400, 401])
def test_a_refused_client_id(error: str, status: int) -> None:
    with pytest.raises(ClientIdRefused):
        flow({"error": error}, status).poll(CODE)
    with pytest.raises(ClientIdRefused):
        flow({"error": error}, status).refresh(GRANT)


@pytest.mark.parametrize("error", ["unsupported_grant_type", "something_new", 5, ["slow_down"]])
def test_another_error_ends_it(error: Any) -> None:
    with pytest.raises(FlowFailed) as caught:
        flow({"error": error}, 400).poll(CODE)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("status", "body"), [(400, b"<html>"), (500, {"error": "x"}), (503, b""), (302, b"")])
def test_a_fault_in_passing(status: int, body: Any) -> None:
    device = flow(body, status)
    asks: List[Callable[[], object]] = [lambda: device.poll(CODE), lambda: device.refresh(GRANT)]
    for ask in asks:
        with pytest.raises(Unreachable) as caught:
            ask()
        assert caught.value.trouble is Trouble.BAD_ANSWER


def test_412_is_about_the_client_id() -> None:
    device = flow(b"", 412)
    asks: List[Callable[[], object]] = [
        device.request_code,
        lambda: device.poll(CODE),
        lambda: device.refresh(GRANT),
    ]
    for ask in asks:
        with pytest.raises(ClientIdRefused) as caught:
            ask()
        assert not isinstance(caught.value, OtherFlow), "another flow would not help"


def test_approved() -> None:
    assert flow(TOKENS).poll(CODE) == Approved(GRANT)


@pytest.mark.parametrize(
    ("answer", "grant"),
    [
        (with_(refresh_token=...), GRANT._replace(refresh_token="")),
        (with_(refresh_token=5), GRANT._replace(refresh_token="")),
        (with_(expires_in=...), GRANT._replace(issued_at=0, expires_at=0)),
        (with_(expires_in="soon"), GRANT._replace(issued_at=0, expires_at=0)),
        (with_(expires_in=-5), GRANT._replace(issued_at=0, expires_at=0)),
        (with_(expires_in=True), GRANT._replace(issued_at=0, expires_at=0)),
        (with_(expires_in=1e300), GRANT._replace(issued_at=0, expires_at=0)),
        (with_(scope=...), GRANT._replace(scope=SCOPE)),
        (with_(scope=["media:read", "media:write"]), GRANT),
        (with_(scope=["media:read"]), GRANT._replace(scope="media:read")),
        (with_(scope=""), GRANT._replace(scope="nothing")),
        (with_(scope=None), GRANT._replace(scope="nothing")),
        (with_(scope="media:read  media:write something:new " + "x" * 9999), GRANT),
        (with_(scope="media:read"), GRANT._replace(scope="media:read")),
        (with_(token_type=...), GRANT),
        (with_(token_type="Bearer", more="fields"), GRANT),
    ],
)
def test_an_approval_is_never_lost_over_what_is_beside_the_token(answer: Any, grant: Grant) -> None:
    assert flow(answer).poll(CODE) == Approved(grant)


@pytest.mark.parametrize("token", [None, 5, "", "line\r\nbreak"])
def test_no_usable_token(token: Any) -> None:
    with pytest.raises(Unreachable):
        flow(with_(access_token=token)).poll(CODE)


def test_a_refresh_keeps_what_the_answer_does_not_name() -> None:
    read_only = GRANT._replace(scope="media:read")
    new = flow({"access_token": "simkl_at_2", "expires_in": 604800}).refresh(read_only)
    assert new == read_only._replace(access_token="simkl_at_2")
    new = flow(with_(access_token="simkl_at_2", refresh_token="simkl_rt_2")).refresh(GRANT)
    assert (new.access_token, new.refresh_token) == ("simkl_at_2", "simkl_rt_2")


@pytest.mark.parametrize("status", [400, 401])
def test_a_grant_that_has_ended(status: int) -> None:
    with pytest.raises(GrantRefused):
        flow({"error": "invalid_grant"}, status).refresh(GRANT)


@pytest.mark.parametrize(("status", "body"), [(429, {"error": "invalid_grant"}), (500, {"error": "invalid_grant"})])
def test_too_many_and_faults_say_nothing_of_the_grant(status: int, body: Any) -> None:
    with pytest.raises(Unreachable):
        flow(body, status).refresh(GRANT)


def test_revoke_says_when_it_did_not_work() -> None:
    flow(b"", 200).revoke(GRANT)
    with pytest.raises(Unreachable):
        flow(b"", 500).revoke(GRANT)
