# SPDX-License-Identifier: GPL-2.0-or-later
"""The sign-in as a person does it, in a real Kodi with a stand-in for Simkl."""

import re

import pytest

from tests.rig.faults import drop, silence, status
from tests.rig.kodi import ADDON_SETTINGS, CONFIRMATION, HOME, SIGN_IN, Kodi, wait_for
from tests.rig.standin import CLIENT_ID, StandIn
from tools.package import VERSION

from .sofa import both_views, leave, shown_code, sign_in, start_from_settings, stored

pytestmark = both_views


@pytest.mark.every_kodi
def test_from_the_settings_button_to_the_name_in_the_settings(kodi: Kodi, simkl: StandIn) -> None:
    kodi.open_settings()
    assert kodi.settings_rows() >= {"Not signed in", "Sign in"}
    assert not kodi.settings_rows() & {"Sign out", "Sign in with another account", CLIENT_ID}
    kodi.press("Sign in")
    kodi.wait_for_window(SIGN_IN)
    wait_for("the heading", lambda: kodi.heading() == "Sign in to Simkl")  # drawn just after the window is there
    code = shown_code(kodi)
    assert code == simkl.newest_code()
    assert re.search(r"[Gg]o to simkl\.com/pin and enter this code.*Time left: (15:00|14:5\d)", kodi.message())

    wait_for("two polls", lambda: len(simkl.of_kind("poll")) >= 2)
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")
    leave(kodi)

    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Ada Lovelace", "Sign in with another account", "Sign out"}
    assert not kodi.settings_rows() & {"Not signed in", "Sign in", "Signed in"}

    requests = simkl.requests
    polls = simkl.of_kind("poll")
    assert [r.kind for r in requests] == ["code", *["poll"] * len(polls), "user"]
    assert len({r.connection for r in requests}) == 1
    assert all(later.at - earlier.at >= simkl.interval for earlier, later in zip(requests, polls))
    for request in requests:
        assert request.query == {"client_id": CLIENT_ID, "app-name": "kodi-simkl-account", "app-version": VERSION}
        assert request.headers["User-Agent"] == f"kodi-simkl-account/{VERSION}"
    assert all(r.path == f"/oauth/pin/{code}" for r in polls)
    assert [r.headers.get("Authorization") for r in requests] == [None] * (len(polls) + 1) + [f"Bearer {token}"]


@pytest.mark.every_kodi
@pytest.mark.parametrize("key", ["Select", "Back"])
def test_cancel_while_the_code_is_shown(kodi: Kodi, simkl: StandIn, key: str) -> None:
    start_from_settings(kodi)
    code = shown_code(kodi)
    assert kodi.focused() == "Cancel"
    kodi.key(key)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert "Not signed in" in kodi.settings_rows()
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert stored(kodi) == ("", "")


def test_cancel_before_there_is_a_code(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("code", silence)
    start_from_settings(kodi)
    assert kodi.wait_for_message("Contacting Simkl")
    wait_for("the request", lambda: simkl.of_kind("code"))
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert simkl.no_more_requests()


def test_cancel_keeps_the_earlier_account(kodi: Kodi, simkl: StandIn) -> None:
    start_from_settings(kodi)
    token = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    kodi.press("Sign in with another account")
    shown_code(kodi)
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert stored(kodi) == (token, "Ada Lovelace")
    assert "Ada Lovelace" in kodi.settings_rows()


def test_another_account_takes_the_place_of_the_first(kodi: Kodi, simkl: StandIn) -> None:
    start_from_settings(kodi)
    first = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    kodi.press("Sign in with another account")
    second = sign_in(kodi, simkl, "Grace Hopper")
    assert second != first
    assert stored(kodi) == (second, "Grace Hopper")


@pytest.mark.every_kodi
def test_an_expired_code_goes_and_a_new_one_works(kodi: Kodi, simkl: StandIn) -> None:
    simkl.expires_in = 3
    start_from_settings(kodi)
    first = shown_code(kodi)
    message = kodi.wait_for_message("The code has expired.")
    assert first not in message.replace(" ", "")
    simkl.expires_in = 900
    kodi.press("New code", "Left Right")
    wait_for("another code", lambda: shown_code(kodi) != first)
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")


def test_a_code_that_simkl_no_longer_knows_is_not_shown_any_more(kodi: Kodi, simkl: StandIn) -> None:
    start_from_settings(kodi)
    shown_code(kodi)
    simkl.expire()
    kodi.wait_for_message("The code has expired.")
    kodi.press("Cancel", "Right Left Down")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert stored(kodi) == ("", "")


def test_a_poll_that_fails_in_passing_keeps_the_code(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("poll", drop, status(502, b"<html>"))
    start_from_settings(kodi)
    code = shown_code(kodi)
    kodi.wait_for_message("Cannot reach Simkl at the moment, still trying")
    assert shown_code(kodi) == code
    wait_for("the trouble to pass", lambda: "still trying" not in kodi.message())
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")


def test_signed_in_without_a_name(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("user", status(500))
    start_from_settings(kodi)
    simkl.approve(shown_code(kodi), "Ada Lovelace")
    kodi.wait_for_message("Signed in to Simkl. Your name could not be fetched just now.")
    assert stored(kodi) == (list(simkl.tokens)[-1], "")
    kodi.press("OK", "")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Signed in", "Sign out"}
    assert not kodi.settings_rows() & {"Not signed in", "Signed in as"}


def test_the_first_request_fails_and_is_tried_again(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("code", status(503, b"<html>"))
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl gave an answer that cannot be understood. Try again in a few minutes.")
    kodi.press("Try again", "Left Right")
    sign_in(kodi, simkl)


@pytest.mark.every_kodi
def test_sign_out_asks_first(kodi: Kodi, simkl: StandIn) -> None:
    start_from_settings(kodi)
    token = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    kodi.press("Sign out")
    kodi.wait_for_message("Sign out of Simkl on this device?")
    kodi.focus("Cancel", "")  # where the focus is from the start
    kodi.key("Select")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert stored(kodi) == (token, "Ada Lovelace")

    kodi.press("Sign out")
    kodi.wait_for_window(CONFIRMATION)
    kodi.press("Sign out", "Left Right")
    kodi.wait_for_message("simkl.com/settings/connected-apps")
    assert stored(kodi) == ("", "")
    kodi.press("OK", "")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Not signed in", "Sign in"}
    assert not kodi.settings_rows() & {"Sign out", "Sign in with another account"}


def test_from_programs(kodi: Kodi, simkl: StandIn) -> None:
    kodi.rpc("Addons.ExecuteAddon", addonid="script.simkl.account")
    token = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(HOME)
    kodi.rpc("Addons.ExecuteAddon", addonid="script.simkl.account")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Ada Lovelace", "Sign in with another account", "Sign out"}
    assert stored(kodi) == (token, "Ada Lovelace")


def test_an_unknown_action_is_one_line_in_the_log(kodi: Kodi, simkl: StandIn) -> None:
    kodi.run("action=make_coffee")
    wait_for("the line", lambda: "script.simkl.account: unknown action" in kodi.log())
    wait_for("the end", lambda: "default.py): script successfully run" in kodi.log().split("unknown action")[1])
    assert kodi.window() == HOME
    assert kodi.log().count("script.simkl.account: ") == 1
    assert not simkl.requests


def test_without_a_client_id_it_says_where_to_get_one(kodi_without_client_id: Kodi, simkl: StandIn) -> None:
    kodi = kodi_without_client_id
    start_from_settings(kodi)
    kodi.wait_for_message("simkl.com/settings/developer")
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert not simkl.requests

    kodi.press("Sign in")
    kodi.wait_for_window(CONFIRMATION)
    kodi.press("Enter it", "Left Right")
    kodi.type(CLIENT_ID)
    token = sign_in(kodi, simkl)
    assert kodi.settings_file()["client_id"] == CLIENT_ID
    assert stored(kodi) == (token, "Ada Lovelace")


def test_a_refused_client_id_is_said_as_that(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("code", status(412, b'{"error":"client_id_failed","code":412}'))
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl does not accept the client ID")
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert len(simkl.requests) == 1


def test_the_client_id_is_an_advanced_setting(kodi: Kodi) -> None:
    kodi.open_settings()
    kodi.press("Standard", "Left Down Down")
    kodi.focus("Advanced", "")
    assert CLIENT_ID in kodi.settings_rows()


def test_quit_is_not_held_up_by_a_question(kodi: Kodi, simkl: StandIn) -> None:
    """Kodi's own dialogs do: it waits for the script for five seconds, and kills it (the fixture looks for that)."""
    kodi.run("action=sign_in")
    shown_code(kodi)
    simkl.expire()
    kodi.wait_for_message("The code has expired.")
    assert kodi.quit() < 5
