# SPDX-License-Identifier: GPL-2.0-or-later
"""Simkl's OAuth 2.0 device flow in a real Kodi: the sign-in, tokens that expire, and the sign-out."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Callable

import pytest

from tests.rig import namespace
from tests.rig.consumer import Consumer
from tests.rig.faults import Fault, drop, redirect, silence, status, without_answer
from tests.rig.home import fill_in_client_id
from tests.rig.kodi import ADDON_SETTINGS, CONFIRMATION, HOME, Kodi, wait_for
from tests.rig.standin import CLIENT_ID, DEVICE_CLIENT_ID, StandIn

from .steps import addon_data, leave, shown_code, sign_in, sign_in_and_leave, start_from_settings, stored

pytestmark = [pytest.mark.consumers, pytest.mark.usefixtures("device_flow")]


def refresh_token(simkl: StandIn) -> str:
    """Return the only refresh token that Simkl has issued."""
    (token,) = simkl.grants
    return token


def expire_access_token(simkl: StandIn) -> None:
    """Let the access token expire at Simkl, before the add-on expects it."""
    for grant in simkl.grants.values():
        grant.expires_at = time.monotonic()


# The sign-in


@pytest.mark.every_kodi
def test_device_flow_is_tried_first(kodi: Kodi, simkl: StandIn) -> None:
    """A client id of which nothing is known is tried by the device flow, and Simkl's PIN flow is not asked at all."""
    start_from_settings(kodi)
    code = shown_code(kodi)
    assert re.fullmatch("[A-Z]{4}-[A-Z]{4}", code)
    token = sign_in(kodi, simkl)
    assert token.startswith("simkl_at_")
    assert stored(kodi) == (token, "Ada Lovelace")
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Ada Lovelace", "Free account", "Sign out"}
    paths = [request.path for request in simkl.requests]
    assert paths[0] == "/oauth2/device"
    assert set(paths[1:-1]) == {"/oauth2/token"}
    assert paths[-1] == "/users/settings"
    assert simkl.requests[0].form == {"client_id": DEVICE_CLIENT_ID, "scope": "media:read media:write"}
    for request in simkl.requests[:-1]:
        assert request.method == "POST"
        assert request.query.keys() == {"app-name", "app-version"}
        assert "Authorization" not in request.headers

    kodi.press("Sign in with another account")
    shown_code(kodi)
    assert simkl.requests[len(paths)].path == "/oauth2/device", "the flow that worked is tried first"


RETIRED = {
    "410": status(410, b"gone"),
    "404": status(404, b"<html>"),
    "405": status(405),
    "426": status(426),
    "redirect": redirect("https://simkl.com/apps/"),
    "503": status(503),
    "page": status(200, b"<html>This way of signing in has ended"),
}
"""What Simkl may answer by the PIN flow once it is retired."""


@pytest.mark.parametrize("form", RETIRED)
def test_pin_flow_is_retired(home: Path, kodi: Kodi, simkl: StandIn, form: str) -> None:
    """If the PIN flow is retired, however, a box that used it before signs in with the build's new client id."""
    kodi.quit()
    fill_in_client_id(home, CLIENT_ID)
    kodi.start()
    sign_in_and_leave(kodi, simkl)
    kodi.quit()
    simkl.pin_is_retired = RETIRED[form]
    fill_in_client_id(home, DEVICE_CLIENT_ID)
    kodi.start()
    assert sign_in_and_leave(kodi, simkl).startswith("simkl_at_")


@pytest.mark.parametrize("form", ["410", "redirect", "page"])
def test_pin_flow_is_retired_for_old_client_id(home: Path, kodi: Kodi, simkl: StandIn, form: str) -> None:
    """If only the PIN flow would accept the client id, and it is retired, the user is told what can be known."""
    kodi.quit()
    fill_in_client_id(home, CLIENT_ID)
    kodi.start()
    simkl.pin_is_retired = RETIRED[form]
    kodi.run("action=sign_in")
    told = "Simkl gave an answer that cannot be understood" if form == "page" else "does not accept the client ID"
    kodi.wait_for_message(told)


def test_old_grant_is_revoked(kodi: Kodi, simkl: StandIn) -> None:
    """A new sign-in ends the access of the one that it replaces, once it is stored."""
    first = sign_in_and_leave(kodi, simkl)
    second = sign_in_and_leave(kodi, simkl)
    (grant,) = simkl.grants.values()
    assert grant.access_token == second == stored(kodi)[0]
    assert first not in simkl.tokens
    assert simkl.requests[-1].kind == "revoke"


@pytest.mark.parametrize("fault", [silence, status(500)])
def test_old_grant_is_not_revoked(kodi: Kodi, simkl: StandIn, fault: Fault) -> None:
    """If the old grant cannot be revoked, the new sign-in succeeds all the same, after at most three seconds more."""
    sign_in_and_leave(kodi, simkl)
    simkl.fault("revoke", fault)
    assert stored(kodi)[0] != sign_in_and_leave(kodi, simkl)


def test_denied(kodi: Kodi, simkl: StandIn) -> None:
    """If the user says no at Simkl, the sign-in says so, and the user can get a new code."""
    start_from_settings(kodi)
    simkl.decline(shown_code(kodi))
    kodi.wait_for_message("The sign-in was declined at Simkl.")
    kodi.press("New code", "Left Right")
    sign_in(kodi, simkl)


def test_expired_code(kodi: Kodi, simkl: StandIn) -> None:
    """When the code has expired, the user is told."""
    simkl.expires_in = 3
    start_from_settings(kodi)
    shown_code(kodi)
    kodi.wait_for_message("The code has expired.")


def test_slow_down(kodi: Kodi, simkl: StandIn) -> None:
    """After slow_down, the interval between polls is five seconds longer."""
    simkl.fault("poll", status(400, b'{"error":"slow_down"}'))
    kodi.run("action=sign_in")
    shown_code(kodi)
    wait_for("polls", lambda: len(simkl.of_kind("poll")) >= 2, 10)
    first, second = simkl.of_kind("poll")[:2]
    assert second.at - first.at >= 5 + simkl.interval


def test_unknown_error_ends_sign_in(kodi: Kodi, simkl: StandIn) -> None:
    """If a poll gets an OAuth error that has no meaning for a poll, the sign-in ends."""
    simkl.fault("poll", status(400, b'{"error":"unsupported_grant_type"}'))
    kodi.run("action=sign_in")
    kodi.wait_for_message("Simkl gave an answer that cannot be understood.")
    assert len(simkl.of_kind("poll")) == 1


def test_client_id_refused_for_both_flows(kodi: Kodi, simkl: StandIn) -> None:
    """If Simkl refuses the client id for both flows, the user is told that it is refused."""
    simkl.fault("device", status(401, b'{"error":"invalid_client"}'))
    kodi.run("action=sign_in")
    kodi.wait_for_message("Simkl does not accept the client ID")
    assert [request.path for request in simkl.requests] == ["/oauth2/device", "/oauth/pin"]


def test_cancel_during_poll(kodi: Kodi, simkl: StandIn) -> None:
    """If the user cancels while a poll gets no answer, the dialog closes at once and the script ends."""
    simkl.fault("poll", silence)
    kodi.run("action=sign_in")
    shown_code(kodi)
    wait_for("the poll", lambda: simkl.of_kind("poll"))
    kodi.key("Back")
    kodi.wait_for_window(HOME, 2)
    assert kodi.quit() < 5


def test_read_only(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If Simkl grants only media:read, the sign-in works, and the user is told and can sign in again."""
    simkl.scope = "media:read"
    kodi.run("action=sign_in")
    assert simkl.approve(shown_code(kodi), "Ada Lovelace")
    kodi.wait_for_message("Signed in as Ada Lovelace, but read-only")
    assert consumer.do("request") == 200
    simkl.scope = None
    kodi.press("Sign in again", "Left Right")
    sign_in(kodi, simkl)
    assert [grant.scope for grant in simkl.grants.values()] == ["media:read media:write"], "the old one is revoked"


def test_scope_without_reading(kodi: Kodi, simkl: StandIn) -> None:
    """If the sign-in does not even allow asking for the name, the user is told that it is read-only, without a name."""
    simkl.scope = "media:nothing"
    kodi.run("action=sign_in")
    assert simkl.approve(shown_code(kodi), "Ada Lovelace")
    kodi.wait_for_message("Signed in, but read-only: other add-ons cannot write your history.")


# Tokens that expire


@pytest.mark.every_kodi
def test_refresh_before_expiry(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """Past the half of a short token's life, the first request refreshes the token, and no request has the old one."""
    simkl.token_life = 4
    first = sign_in_and_leave(kodi, simkl)
    simkl.token_life = 604800
    time.sleep(2.5)  # past the half; the add-on measures it by the clock, so there is nothing to wait for
    assert consumer.do("request") == 200
    assert len(simkl.of_kind("refresh")) == 1
    assert first not in simkl.tokens
    assert stored(kodi)[0] in simkl.tokens
    assert consumer.do("request", "service") == 200
    assert len(simkl.of_kind("refresh")) == 1
    assert not [r for r in simkl.of_kind("activities") if r.headers["Authorization"] == f"Bearer {first}"]


def test_one_refresh_for_several_add_ons(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If several interpreters send with an expired token at the same time, one refreshes it and all use the new one."""
    sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    simkl.fault("refresh", without_answer(2))
    results = [consumer.begin("request", where) for where in ("script", "service", "script")]
    assert [result() for result in results] == [200, 200, 200]
    assert len(simkl.of_kind("refresh")) == 1
    (grant,) = simkl.grants.values()
    assert stored(kodi)[0] == grant.access_token


def test_lost_answer_of_refresh(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If the answer of a refresh is lost, the refresh is sent again with the same refresh token."""
    sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    simkl.fault("refresh", without_answer(0, then=drop))
    assert consumer.do("request") == 200
    assert [request.form["refresh_token"] for request in simkl.of_kind("refresh")] == [refresh_token(simkl)] * 2


def test_kodi_killed_during_refresh(kodi: Kodi, simkl: StandIn) -> None:
    """If Kodi is killed during a refresh, the account is still signed in after the restart."""
    sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    simkl.fault("refresh", without_answer(0, then=silence))
    Consumer(kodi).begin("request")
    wait_for("the refresh", lambda: simkl.of_kind("refresh"))
    kodi.kill()
    kodi.start()
    consumer = Consumer(kodi)
    assert consumer.do("account")["needs_sign_in"] is False
    assert consumer.do("request") == 200
    (grant,) = simkl.grants.values()
    assert stored(kodi)[0] == grant.access_token


def test_slow_refresh(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """Once a refresh is sent, its answer is waited for, however late: Simkl has ended the old token by then."""
    sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    simkl.fault("refresh", without_answer(12))
    result = consumer.begin("request", "service")
    wait_for("the refresh", lambda: len(simkl.of_kind("activities")) == 2, 30)
    assert result() == 200
    assert len(simkl.of_kind("refresh")) == 1


def test_quit_during_slow_refresh(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """Kodi's Quit ends even a refresh that was sent. After the restart, the account works."""
    sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    simkl.fault("refresh", without_answer(0, then=silence))
    consumer.begin("request", "service")
    wait_for("the refresh", lambda: simkl.of_kind("refresh"))
    assert kodi.quit() < 5
    kodi.start()
    assert Consumer(kodi).do("request") == 200


def test_cancel_check_during_refresh(kodi: Kodi, simkl: StandIn) -> None:
    """If the user cancels a check while a refresh is sent, the dialog closes at once, and the new token is stored."""
    old = sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    simkl.fault("refresh", without_answer(5))
    kodi.run("action=check")
    wait_for("the refresh", lambda: simkl.of_kind("refresh"))
    kodi.key("Back")
    kodi.wait_for_window(HOME, 2)
    wait_for("the new token on the disk", lambda: stored(kodi)[0] not in ("", old))
    assert stored(kodi)[0] in simkl.tokens


def test_client_id_refused_at_refresh(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If Simkl refuses the client id at a refresh, the account needs a new sign-in, and the user is told why."""
    sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    simkl.fault("refresh", *[status(401, b'{"error":"invalid_client"}')] * 2)
    assert consumer.do("request") == "SignInNeeded"
    account = consumer.do("account")
    assert (account["needs_sign_in"], account["is_client_id_refused"]) == (True, True)
    wait_for("the notification", lambda: kodi.is_visible("notification"))
    kodi.run("action=check")
    kodi.wait_for_message("Simkl no longer accepts the client ID of this add-on. Sign in again.")


def test_refresh_on_full_disk(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If the disk is full at a refresh, the new token is used from memory, and kodi.log says so once."""
    old = sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    with namespace.full_disk(addon_data(kodi)):
        assert [consumer.do("request", "service") for _ in range(3)] == [200, 200, 200]
        assert stored(kodi)[0] == old
    assert len(simkl.of_kind("refresh")) == 1
    assert kodi.log().count("the refreshed token is not saved") == 1
    assert consumer.do("request") == 200, "another interpreter refreshes again"


@pytest.mark.parametrize("fault", [drop, status(500), status(429)])
def test_failed_refresh_keeps_sign_in(kodi: Kodi, simkl: StandIn, consumer: Consumer, fault: Fault) -> None:
    """If a refresh fails, the add-on gets the 401, the account stays signed in, and a later request works."""
    sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    simkl.fault("refresh", fault, fault)
    assert consumer.do("request") == 401
    assert consumer.do("account")["needs_sign_in"] is False
    assert not kodi.is_visible("notification")
    wait_for("a request that works again", lambda: consumer.do("request") == 200, 30)


def test_ended_grant_needs_sign_in(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If Simkl has ended the grant, add-ons get SignInNeeded, and a notification and the settings tell the user."""
    sign_in_and_leave(kodi, simkl)
    expire_access_token(simkl)
    simkl.grants.clear()
    simkl.tokens.clear()
    assert consumer.do("request") == "SignInNeeded"
    wait_for("the notification", lambda: kodi.is_visible("notification"))
    kodi.open_settings()
    assert "Sign-in no longer valid: sign in again" in kodi.settings_rows()


@pytest.mark.parametrize("years", [-20, 20])
def test_wrong_wall_clock(
    clock: Callable[[str], None], kodi: Kodi, simkl: StandIn, consumer: Consumer, years: int
) -> None:
    """If the wall clock is wrong by years, requests work after at most two refreshes, and no new sign-in is needed."""
    sign_in_and_leave(kodi, simkl)
    clock(f"{years:+}y")
    expire_access_token(simkl)
    for _ in range(3):
        assert consumer.do("request") == 200
    assert len(simkl.of_kind("refresh")) <= 2, "one before the expiry, if the clock is fast, and one after a 401"
    assert consumer.do("account")["needs_sign_in"] is False


def test_daily_limit(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If the user's requests for the day are used up, UserLimitExceeded says at once when requests work again."""
    sign_in_and_leave(kodi, simkl)
    simkl.requests_left["Ada Lovelace"] = 1
    assert consumer.do("request") == 200
    started = time.monotonic()
    answer = consumer.do("request")
    assert time.monotonic() - started < 5, "the request must not wait for the Retry-After of two hours"
    ends_at = datetime.fromisoformat(answer[len("UserLimitExceeded until ") :])
    assert timedelta(hours=1.9) < ends_at - datetime.now(timezone.utc) < timedelta(hours=2.1)
    assert consumer.do("account")["needs_sign_in"] is False


# The sign-out, and another client id


def sign_out(kodi: Kodi) -> None:
    """Start a sign-out, and confirm it."""
    kodi.run("action=sign_out")
    kodi.wait_for_window(CONFIRMATION)
    kodi.press("Sign out", "Left Right")


def test_sign_out_revokes(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """A sign-out revokes the grant at Simkl, and leaves no token on the disk."""
    token = sign_in_and_leave(kodi, simkl)
    sign_out(kodi)
    kodi.wait_for_message("Signed out. This device has no access to Simkl any more.")
    assert (simkl.grants, simkl.tokens) == ({}, {})
    assert consumer.do("account") is None
    assert not [value for value in kodi.settings_file().values() if token in value or "simkl_rt" in value]


@pytest.mark.parametrize("fault", [silence, status(500)])
def test_sign_out_without_revocation(kodi: Kodi, simkl: StandIn, consumer: Consumer, fault: Fault) -> None:
    """If Simkl does not revoke the grant in three seconds, the user is signed out and told how to end the access."""
    sign_in_and_leave(kodi, simkl)
    simkl.fault("revoke", fault)
    sign_out(kodi)
    confirmed_at = time.monotonic()
    kodi.wait_for_message("Signed out. To end this device's access at Simkl")
    assert time.monotonic() - confirmed_at < 3 + 2, "three seconds, and two for Kodi to close and open dialogs"
    assert len(simkl.of_kind("revoke")) == 1
    assert consumer.do("account") is None


def test_token_keeps_its_client_id(home: Path, kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If the settings get another client id, the token is still sent only with the client id that it was issued to."""
    token = sign_in_and_leave(kodi, simkl)
    kodi.quit()
    fill_in_client_id(home, CLIENT_ID)
    kodi.start()
    consumer = Consumer(kodi)
    assert consumer.do("request") == 200
    expire_access_token(simkl)
    assert consumer.do("request") == 200
    for request in simkl.requests:
        if request.headers.get("Authorization") == f"Bearer {token}" or request.kind == "refresh":
            assert DEVICE_CLIENT_ID in (request.query.get("client_id"), request.form.get("client_id"))
