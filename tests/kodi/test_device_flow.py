# SPDX-License-Identifier: GPL-2.0-or-later
"""Simkl's OAuth 2.0 device flow in a real Kodi: the sign-in, tokens that end, and signing out."""

import re
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Callable

import pytest

from tests.rig.consumer import Consumer
from tests.rig.faults import Fault, drop, silence, status, without_answer
from tests.rig.home import fill_in_client_id
from tests.rig.kodi import ADDON_SETTINGS, CONFIRMATION, HOME, Kodi, wait_for
from tests.rig.standin import CLIENT_ID, DEVICE_CLIENT_ID, StandIn

from .sofa import leave, shown_code, sign_in, sign_in_and_leave, start_from_settings, stored

pytestmark = [pytest.mark.consumers, pytest.mark.usefixtures("device_flow")]


def refresh_token(simkl: StandIn) -> str:
    """The one that Simkl has granted."""
    (token,) = simkl.grants
    return token


def end_access_token(simkl: StandIn) -> None:
    """Let the access token's life end, at Simkl."""
    for grant in simkl.grants.values():
        grant.expires_at = time.monotonic()


# Signing in


@pytest.mark.every_kodi
def test_a_sign_in_falls_back_from_the_pin_and_remembers_that(kodi: Kodi, simkl: StandIn) -> None:
    start_from_settings(kodi)
    code = shown_code(kodi)
    assert re.fullmatch("[A-Z]{4}-[A-Z]{4}", code)
    token = sign_in(kodi, simkl)
    assert token.startswith("simkl_at_")
    assert stored(kodi) == (token, "Ada Lovelace")
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Ada Lovelace", "Free account", "Sign out"}
    first = [request.path for request in simkl.requests]
    assert first[:2] == ["/oauth/pin", "/oauth2/device"]
    assert set(first[2:-1]) == {"/oauth2/token"}
    assert first[-1] == "/users/settings"
    assert simkl.requests[1].form == {"client_id": DEVICE_CLIENT_ID, "scope": "media:read media:write"}
    for request in simkl.requests[1:-1]:
        assert request.method == "POST"
        assert request.query.keys() == {"app-name", "app-version"}
        assert "Authorization" not in request.headers

    kodi.press("Sign in with another account")
    shown_code(kodi)
    assert simkl.requests[len(first)].path == "/oauth2/device", "the flow that was right is tried first"


def test_declined_at_simkl(kodi: Kodi, simkl: StandIn) -> None:
    start_from_settings(kodi)
    simkl.decline(shown_code(kodi))
    kodi.wait_for_message("The sign-in was declined at Simkl.")
    kodi.press("New code", "Left Right")
    sign_in(kodi, simkl)


def test_an_expired_code(kodi: Kodi, simkl: StandIn) -> None:
    simkl.expires_in = 3
    start_from_settings(kodi)
    shown_code(kodi)
    kodi.wait_for_message("The code has expired.")


def test_slow_down(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("poll", status(400, b'{"error":"slow_down"}'))
    kodi.run("action=sign_in")
    shown_code(kodi)
    wait_for("polls", lambda: len(simkl.of_kind("poll")) >= 2, 10)
    first, second = simkl.of_kind("poll")[:2]
    assert second.at - first.at >= 5 + simkl.interval


def test_an_error_that_nobody_knows_ends_it(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("poll", status(400, b'{"error":"unsupported_grant_type"}'))
    kodi.run("action=sign_in")
    kodi.wait_for_message("Simkl gave an answer that cannot be understood.")
    assert len(simkl.of_kind("poll")) == 1


def test_both_flows_refuse_the_client_id(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("code", status(400, b'{"error":"invalid_client"}'), status(401, b'{"error":"invalid_client"}'))
    kodi.run("action=sign_in")
    kodi.wait_for_message("Simkl does not accept the client ID")
    assert [request.path for request in simkl.requests] == ["/oauth/pin", "/oauth2/device"]


def test_cancel_while_a_poll_hangs(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("poll", silence)
    kodi.run("action=sign_in")
    shown_code(kodi)
    wait_for("the poll", lambda: simkl.of_kind("poll"))
    kodi.key("Back")
    kodi.wait_for_window(HOME, 2)
    assert kodi.quit() < 5


def test_read_only_is_stored_and_said(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    simkl.scope = "media:read"
    kodi.run("action=sign_in")
    assert simkl.approve(shown_code(kodi), "Ada Lovelace")
    kodi.wait_for_message("Signed in as Ada Lovelace, but read-only")
    assert consumer.do("request") == 200
    simkl.scope = None
    kodi.press("Sign in again", "Left Right")
    sign_in(kodi, simkl)
    assert [grant.scope for grant in simkl.grants.values()] == ["media:read", "media:read media:write"]


# Tokens that end


@pytest.mark.every_kodi
def test_a_token_is_exchanged_ahead_of_its_end(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    simkl.token_life = 4
    first = sign_in_and_leave(kodi, simkl)
    simkl.token_life = 604800
    time.sleep(2.5)  # past the half of its life, which is all the clock that this can be measured by
    assert consumer.do("request") == 200
    assert len(simkl.of_kind("refresh")) == 1
    assert first not in simkl.tokens
    assert stored(kodi)[0] in simkl.tokens
    assert consumer.do("request", "service") == 200
    assert len(simkl.of_kind("refresh")) == 1
    assert not [r for r in simkl.of_kind("activities") if r.headers["Authorization"] == f"Bearer {first}"]


def test_two_add_ons_at_the_same_moment_and_one_refresh(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    sign_in_and_leave(kodi, simkl)
    end_access_token(simkl)
    simkl.fault("refresh", without_answer(2))
    results = [consumer.begin("request", where) for where in ("script", "service", "script")]
    assert [result() for result in results] == [200, 200, 200]
    assert len(simkl.of_kind("refresh")) == 1
    (grant,) = simkl.grants.values()
    assert stored(kodi)[0] == grant.access_token


def test_a_refresh_whose_answer_is_lost(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    sign_in_and_leave(kodi, simkl)
    end_access_token(simkl)
    simkl.fault("refresh", without_answer(0, then=drop))
    assert consumer.do("request") == 200
    assert [request.form["refresh_token"] for request in simkl.of_kind("refresh")] == [refresh_token(simkl)] * 2


def test_a_kodi_killed_in_the_middle_of_a_refresh_is_still_signed_in(kodi: Kodi, simkl: StandIn) -> None:
    sign_in_and_leave(kodi, simkl)
    end_access_token(simkl)
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


@pytest.mark.parametrize("fault", [drop, status(500), status(429)])
def test_no_fault_of_a_refresh_costs_the_sign_in(kodi: Kodi, simkl: StandIn, consumer: Consumer, fault: Fault) -> None:
    sign_in_and_leave(kodi, simkl)
    end_access_token(simkl)
    simkl.fault("refresh", fault, fault)
    assert consumer.do("request") == 401
    assert consumer.do("account")["needs_sign_in"] is False
    assert not kodi.is_visible("notification")
    wait_for("a request that works again", lambda: consumer.do("request") == 200, 30)


def test_a_grant_that_has_ended_needs_a_new_sign_in(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    sign_in_and_leave(kodi, simkl)
    end_access_token(simkl)
    simkl.grants.clear()
    simkl.tokens.clear()
    assert consumer.do("request") == "SignInNeeded"
    wait_for("the notification", lambda: kodi.is_visible("notification"))
    kodi.open_settings()
    assert "Sign-in no longer valid: sign in again" in kodi.settings_rows()


@pytest.mark.parametrize("years", [-20, 20])
def test_the_clock_is_wrong_by_years(
    clock: Callable[[str], None], kodi: Kodi, simkl: StandIn, consumer: Consumer, years: int
) -> None:
    sign_in_and_leave(kodi, simkl)
    clock(f"{years:+}y")
    end_access_token(simkl)
    for _ in range(3):
        assert consumer.do("request") == 200
    assert len(simkl.of_kind("refresh")) <= 2, "ahead, where the clock is, and after a 401, and then no more"
    assert consumer.do("account")["needs_sign_in"] is False


def test_the_requests_of_a_day(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    sign_in_and_leave(kodi, simkl)
    simkl.requests_left["Ada Lovelace"] = 1
    assert consumer.do("request") == 200
    started = time.monotonic()
    answer = consumer.do("request")
    assert time.monotonic() - started < 5, "nobody waits for hours"
    ends_at = datetime.fromisoformat(answer[len("UserLimitExceeded until ") :])
    assert timedelta(hours=1.9) < ends_at - datetime.now(timezone.utc) < timedelta(hours=2.1)
    assert consumer.do("account")["needs_sign_in"] is False


# Signing out, and the other flow


def sign_out(kodi: Kodi) -> None:
    """Press it, and confirm."""
    kodi.run("action=sign_out")
    kodi.wait_for_window(CONFIRMATION)
    kodi.press("Sign out", "Left Right")


def test_sign_out_revokes(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    token = sign_in_and_leave(kodi, simkl)
    sign_out(kodi)
    kodi.wait_for_message("Signed out. This device has no access to Simkl any more.")
    assert (simkl.grants, simkl.tokens) == ({}, {})
    assert consumer.do("account") is None
    assert not [value for value in kodi.settings_file().values() if token in value or "simkl_rt" in value]


@pytest.mark.parametrize("fault", [silence, status(500)])
def test_sign_out_waits_for_nobody(kodi: Kodi, simkl: StandIn, consumer: Consumer, fault: Fault) -> None:
    sign_in_and_leave(kodi, simkl)
    simkl.fault("revoke", fault)
    started = time.monotonic()
    sign_out(kodi)
    kodi.wait_for_message("Signed out. To end this device's access at Simkl")
    assert time.monotonic() - started < 3 + 3, "three seconds, and what pressing the buttons takes here"
    assert len(simkl.of_kind("revoke")) == 1
    assert consumer.do("account") is None


def test_another_client_id_in_the_settings_does_not_get_the_token(
    home: Path, kodi: Kodi, simkl: StandIn, consumer: Consumer
) -> None:
    token = sign_in_and_leave(kodi, simkl)
    kodi.quit()
    fill_in_client_id(home, CLIENT_ID)
    kodi.start()
    consumer = Consumer(kodi)
    assert consumer.do("request") == 200
    end_access_token(simkl)
    assert consumer.do("request") == 200
    for request in simkl.requests:
        if request.headers.get("Authorization") == f"Bearer {token}" or request.kind == "refresh":
            assert DEVICE_CLIENT_ID in (request.query.get("client_id"), request.form.get("client_id"))
