# SPDX-License-Identifier: GPL-2.0-or-later
"""The sign-in and the sign-out as the user sees them, in the add-on's own window and in Kodi's plain dialog."""

from __future__ import annotations

import json
import re

import pytest

from tests.rig.faults import answer, drop, silence, status
from tests.rig.kodi import ADDON_SETTINGS, CONFIRMATION, HOME, SIGN_IN, Kodi, wait_for
from tests.rig.standin import CLIENT_ID, StandIn
from tools.package import VERSION

from .steps import both_views, leave, shown_code, sign_in, start_from_settings, stored

pytestmark = both_views

INSTRUCTIONS = r"[Gg]o to simkl\.com/pin and enter th(is code|e code below).*Time left: 15 min"


@pytest.mark.every_kodi
def test_sign_in_from_settings(kodi: Kodi, simkl: StandIn) -> None:
    """The user signs in from the settings, which then show the name; Simkl gets only the requests that are needed."""
    kodi.open_settings()
    assert kodi.settings_rows() >= {"Not signed in", "Sign in"}
    assert not kodi.settings_rows() & {"Sign out", "Sign in with another account", CLIENT_ID}
    kodi.press("Sign in")
    kodi.wait_for_window(SIGN_IN)
    wait_for("the heading", lambda: kodi.heading() == "Sign in to Simkl")  # drawn just after the window has opened
    code = shown_code(kodi)
    assert code == simkl.newest_code()
    wait_for("the instructions", lambda: re.search(INSTRUCTIONS, kodi.message()))

    wait_for("two polls", lambda: len(simkl.of_kind("poll")) >= 2)
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")
    leave(kodi)

    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Ada Lovelace", "Sign in with another account", "Sign out"}
    assert not kodi.settings_rows() & {"Not signed in", "Sign in", "Signed in"}

    assert simkl.requests[0].kind == "device", "nothing is known of the client id yet"
    assert len({r.connection for r in simkl.requests}) == 1
    requests = simkl.requests[1:]
    polls = simkl.of_kind("poll")
    assert [r.kind for r in requests] == ["code", *["poll"] * len(polls), "user"]
    assert all(later.at - earlier.at >= simkl.interval for earlier, later in zip(requests, polls))
    for request in requests:
        assert request.query == {"client_id": CLIENT_ID, "app-name": "kodi-simkl-account", "app-version": VERSION}
        assert request.headers["User-Agent"] == f"kodi-simkl-account/{VERSION}"
    assert all(r.path == f"/oauth/pin/{code}" for r in polls)
    assert [r.headers.get("Authorization") for r in requests] == [None] * (len(polls) + 1) + [f"Bearer {token}"]


@pytest.mark.every_kodi
@pytest.mark.parametrize("key", ["Select", "Back"])
def test_cancel_while_code_is_shown(kodi: Kodi, simkl: StandIn, key: str) -> None:
    """If the user cancels while the code is shown, nothing is stored and the requests end."""
    start_from_settings(kodi)
    code = shown_code(kodi)
    wait_for("the focus on Cancel", lambda: kodi.focused() == "Cancel")
    kodi.key(key)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert "Not signed in" in kodi.settings_rows()
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert stored(kodi) == ("", "")


def test_cancel_before_code(kodi: Kodi, simkl: StandIn) -> None:
    """If the user cancels before Simkl has sent a code, the dialog closes and the requests end."""
    simkl.fault("code", silence)
    start_from_settings(kodi)
    assert kodi.wait_for_message("Contacting Simkl")
    wait_for("the request", lambda: simkl.of_kind("code"))
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert simkl.no_more_requests()


def test_cancel_keeps_earlier_account(kodi: Kodi, simkl: StandIn) -> None:
    """If the user cancels the sign-in with another account, the earlier account stays signed in."""
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


def test_another_account_replaces_the_first(kodi: Kodi, simkl: StandIn) -> None:
    """If the user signs in with another account, it replaces the first one."""
    start_from_settings(kodi)
    first = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    kodi.press("Sign in with another account")
    second = sign_in(kodi, simkl, "Grace Hopper")
    assert second != first
    assert stored(kodi) == (second, "Grace Hopper")


@pytest.mark.every_kodi
def test_new_code_after_expiry(kodi: Kodi, simkl: StandIn) -> None:
    """When the code has expired, it is no longer shown, and the user can sign in with a new one."""
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


def test_code_unknown_to_simkl(kodi: Kodi, simkl: StandIn) -> None:
    """If Simkl does not know the code any more, it counts as expired."""
    start_from_settings(kodi)
    shown_code(kodi)
    simkl.expire()
    kodi.wait_for_message("The code has expired.")
    kodi.press("Cancel", "Right Left Down")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert stored(kodi) == ("", "")


def test_failed_polls_keep_code(kodi: Kodi, simkl: StandIn) -> None:
    """If two polls fail, the user is told that Simkl cannot be reached, and the same code works afterwards."""
    simkl.fault("poll", drop, status(502, b"<html>"))
    start_from_settings(kodi)
    code = shown_code(kodi)
    kodi.wait_for_message("Cannot reach Simkl at the moment, still trying")
    assert shown_code(kodi) == code
    wait_for("Simkl to be reachable", lambda: "still trying" not in kodi.message())
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")


def test_signed_in_without_name(kodi: Kodi, simkl: StandIn) -> None:
    """If the user's name cannot be fetched, the sign-in is stored without it, and the user is told."""
    simkl.fault("user", status(404))
    start_from_settings(kodi)
    simkl.approve(shown_code(kodi), "Ada Lovelace")
    kodi.wait_for_message("Signed in to Simkl. Your name could not be fetched just now.")
    assert stored(kodi) == (list(simkl.tokens)[-1], "")
    kodi.press("OK", "")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Signed in", "Sign out"}
    assert not kodi.settings_rows() & {"Not signed in", "Signed in as"}


def test_first_request_is_tried_again(kodi: Kodi, simkl: StandIn) -> None:
    """If the request for a code fails, the user is told, and can try again."""
    simkl.fault("code", status(200, b"<html>"))
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl gave an answer that cannot be understood. Try again in a few minutes.")
    kodi.press("Try again", "Left Right")
    sign_in(kodi, simkl)


def test_first_request_after_fault(kodi: Kodi, simkl: StandIn) -> None:
    """If Simkl has a passing fault, the code is requested again without asking the user."""
    simkl.fault("code", status(503, b"<html>"), status(502, b""))
    start_from_settings(kodi)
    sign_in(kodi, simkl)
    assert len(simkl.of_kind("code")) == 3


def test_signed_in_without_a_name_at_simkl(kodi: Kodi, simkl: StandIn) -> None:
    """If the user has no name at Simkl, the message says "Signed in", and the account number is stored."""
    simkl.fault("user", answer({"user": {"name": ""}, "account": {"id": 5, "type": "pro"}}))
    start_from_settings(kodi)
    simkl.approve(shown_code(kodi), "Ada Lovelace")
    kodi.wait_for_message("Signed in")
    assert "fetched" not in kodi.message()
    assert json.loads(kodi.settings_file()["account"])["id"] == 5
    kodi.press("OK", "")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Signed in", "PRO account", "Sign out"}


@pytest.mark.every_kodi
def test_sign_out_asks_first(kodi: Kodi, simkl: StandIn) -> None:
    """A sign-out asks first, with the focus on Cancel, and removes the account only after a yes."""
    start_from_settings(kodi)
    token = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    kodi.press("Sign out")
    kodi.wait_for_message("Sign out of Simkl on this device?")
    kodi.focus("Cancel", "")  # no key is pressed: Cancel has the focus from the start
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


def test_open_from_programs(kodi: Kodi, simkl: StandIn) -> None:
    """Opened from Programs, the add-on starts a sign-in if nobody is signed in, and else opens the settings."""
    kodi.rpc("Addons.ExecuteAddon", addonid="script.simkl.account")
    token = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(HOME)
    kodi.rpc("Addons.ExecuteAddon", addonid="script.simkl.account")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Ada Lovelace", "Sign in with another account", "Sign out"}
    assert stored(kodi) == (token, "Ada Lovelace")


def test_unknown_action(kodi: Kodi, simkl: StandIn) -> None:
    """An unknown action does nothing but write one line to the log."""
    kodi.run("action=make_coffee")
    wait_for("the line", lambda: "script.simkl.account: unknown action" in kodi.log())
    wait_for(
        "the script to end",
        lambda: "default.py): script successfully run" in kodi.log().split("unknown action")[1],
    )
    assert kodi.window() == HOME
    assert kodi.log().count("script.simkl.account: ") == 1
    assert not simkl.requests


def test_no_client_id(kodi_without_client_id: Kodi, simkl: StandIn) -> None:
    """Without a client id, the user is told where to get one, and can enter it and sign in."""
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


def test_refused_client_id(kodi: Kodi, simkl: StandIn) -> None:
    """If both flows refuse the client id, the user is told both possible causes, and nothing more is sent."""
    simkl.fault("code", status(412, b'{"error":"client_id_failed","code":412}'))
    start_from_settings(kodi)
    kodi.wait_for_message("Either it is wrong (see simkl.com/settings/developer), or Simkl blocks it for a few minutes")
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert [request.kind for request in simkl.requests] == ["device", "code"]


def test_client_id_is_advanced_setting(kodi: Kodi) -> None:
    """The settings show the client id at the level Advanced."""
    kodi.open_settings()
    kodi.press("Standard", "Left Down Down")
    kodi.focus("Advanced", "")
    assert CLIENT_ID in kodi.settings_rows()


def test_quit_while_question_is_shown(kodi: Kodi, simkl: StandIn) -> None:
    """If Kodi quits while the sign-in asks a question, the script ends at once.

    With one of Kodi's own dialogs, Kodi would wait five seconds and then kill the script: the fixture kodi checks that.
    """
    kodi.run("action=sign_in")
    shown_code(kodi)
    simkl.expire()
    kodi.wait_for_message("The code has expired.")
    assert kodi.quit() < 5
