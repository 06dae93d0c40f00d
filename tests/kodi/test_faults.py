# SPDX-License-Identifier: GPL-2.0-or-later
"""A sign-in under bad conditions: broken networks and proxies, Cancel and Quit, other add-ons, full disks."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest
import trustme

from tests.rig import faults, namespace, proxy
from tests.rig.faults import (
    Fault,
    answer,
    black_hole,
    drop,
    endless,
    redirect,
    silence,
    status,
    trickle_and_close,
    trickle_body,
)
from tests.rig.kodi import ADDON_SETTINGS, ENTER_CODE, HOME, SIGN_IN, YES_NO, Kodi, free_port, wait_for
from tests.rig.standin import HOSTS, StandIn

from .steps import addon_data, both_views, leave, shown_code, sign_in, start_from_settings, stored

STILL_TRYING = "Cannot reach Simkl at the moment, still trying"
NOT_SAVED = "Signed in at Simkl, but Kodi could not save it."


# Polls that fail


PASSING_FAULTS = {
    "reset": drop,
    "500": status(500, b'{"error":"server","code":500}'),
    "503": status(503, b"<html>Down for maintenance</html>"),
    "html": status(200, b"<html>Sign in to the hotel's Wi-Fi</html>"),
    "list": answer([1, 2]),
    "null": answer(None),
    "nothing": status(200, b""),
    "wrong type": answer({"result": "OK", "access_token": 5}),
    "unknown message": answer({"result": "KO", "message": "Something new"}),
    "redirect": redirect("https://elsewhere.example/"),
    "wrong length": faults.cut_off,
}


@pytest.mark.parametrize("first", list(PASSING_FAULTS)[::4])
def test_failed_polls_keep_code(kodi: Kodi, simkl: StandIn, first: str) -> None:
    """If a poll fails, the user is told so, and the same code works afterwards.

    Each run has up to four faults, one after the other. It has no more, because the delay grows after each failure.
    """
    begin = list(PASSING_FAULTS).index(first)
    names = list(PASSING_FAULTS)[begin : begin + 4]
    start_from_settings(kodi)
    code = shown_code(kodi)
    for name in names:
        simkl.fault("poll", PASSING_FAULTS[name])
        kodi.wait_for_message(STILL_TRYING)
        assert shown_code(kodi) == code
        wait_for("Simkl to be reachable", lambda: STILL_TRYING not in kodi.message())
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")
    assert len(simkl.of_kind("code")) == 1
    assert not simkl.of_kind("other"), "no redirect is followed"


@pytest.mark.parametrize("fault", [silence, trickle_body, endless])
def test_timeout_of_poll(kodi: Kodi, simkl: StandIn, fault: Fault) -> None:
    """If the answer to a poll does not end, the poll is given up after 15 seconds, and the next one works."""
    simkl.fault("poll", fault)
    start_from_settings(kodi)
    code = shown_code(kodi)
    kodi.wait_for_message(STILL_TRYING, 17)
    simkl.approve(code, "Ada Lovelace")
    kodi.wait_for_message("Signed in as Ada Lovelace")
    first, second = simkl.of_kind("poll")
    assert second.at - first.at < 15 + simkl.interval + 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after(kodi: Kodi, simkl: StandIn, form: str) -> None:
    """After a 429 `rate_limit`, Retry-After (hours) is ignored, the interval stays doubled, and the sign-in goes on."""
    simkl.fault("poll", faults.too_many(45000, as_date=form == "date"))
    start_from_settings(kodi)
    shown_code(kodi)
    wait_for("polls", lambda: len(simkl.of_kind("poll")) >= 4, 20)
    first, second, third, fourth = [request.at for request in simkl.of_kind("poll")[:4]]
    assert second - first >= 2 * simkl.interval
    assert third - second >= 2 * simkl.interval
    assert fourth - third >= 2 * simkl.interval


def test_slow_down(kodi: Kodi, simkl: StandIn) -> None:
    """After "Slow down", the interval stays five seconds longer."""
    simkl.fault("poll", answer({"result": "KO", "message": "Slow down"}))
    start_from_settings(kodi)
    shown_code(kodi)
    wait_for("polls", lambda: len(simkl.of_kind("poll")) >= 3, 20)
    first, second, third = [request.at for request in simkl.of_kind("poll")[:3]]
    assert second - first >= 5 + simkl.interval
    assert third - second >= 5 + simkl.interval


def test_retry_after_past_expiry(kodi: Kodi, simkl: StandIn) -> None:
    """If Retry-After is longer than the code lasts, the sign-in ends at once."""
    simkl.fault("poll", status(429, b"{}", Retry_After="3600"))
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl has too many visitors at the moment.")
    assert len(simkl.of_kind("poll")) == 1


@pytest.mark.parametrize("code", [400, 401, 403])
def test_client_id_refused_at_poll(kodi: Kodi, simkl: StandIn, code: int) -> None:
    """If a poll finds the client id refused, the user is told so and the polls end."""
    simkl.fault("poll", status(code, b'{"error":"client_id_failed","code":%d}' % code))
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl does not accept the client ID of this add-on.")
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert simkl.no_more_requests()
    assert len(simkl.of_kind("poll")) == 1


@both_views
@pytest.mark.every_kodi
def test_blocked_during_sign_in(kodi: Kodi, simkl: StandIn) -> None:
    """If Simkl blocks the client id for a while, the code stays on the screen, which says when the next try is.

    The block is a 412, as for a wrong client id, but this client id has just worked.
    """
    simkl.fault("poll", status(412, b'{"error":"client_id_failed","code":412}'))
    start_from_settings(kodi)
    code = shown_code(kodi)
    kodi.wait_for_message("Simkl is busy, trying again in a few minutes")
    assert shown_code(kodi) == code
    assert simkl.no_more_requests()
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)


def test_block_shorter_than_code(kodi: Kodi, simkl: StandIn) -> None:
    """If the code expires before the next try would come, it is polled once more shortly before that."""
    simkl.expires_in = 20
    simkl.fault("poll", status(412, b'{"error":"client_id_failed","code":412}'))
    start_from_settings(kodi)
    assert simkl.approve(shown_code(kodi), "Ada Lovelace")
    kodi.wait_for_message("Signed in as Ada Lovelace", 25)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("user", "The requests that Simkl allows this account in a day are used up. Try again in about 6 hours."),
        ("app", "The requests that Simkl allows this add-on in a day are used up. Try again in about 6 hours."),
    ],
)
def test_daily_limit(kodi: Kodi, simkl: StandIn, limit: str, words: str) -> None:
    """If the requests for the day are used up, the user is told whose they are, and how long to wait."""
    body = b'{"error":"%s_limit_exceeded","code":429}' % limit.encode()
    simkl.fault("code", status(429, body, Retry_After=str(6 * 3600 - 60)))
    start_from_settings(kodi)
    kodi.wait_for_message(words)


@both_views
def test_code_expires_while_unreachable(kodi: Kodi, simkl: StandIn) -> None:
    """If the code expires while Simkl is unreachable, the user is told so, and can try again."""
    simkl.expires_in = 4
    simkl.fault("poll", *[drop] * 9)
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl is not answering.")
    simkl.expires_in = 900
    simkl.clear_faults()
    kodi.press("Try again", "Left Right")
    sign_in(kodi, simkl)


def test_lost_answer_of_approval(kodi: Kodi, simkl: StandIn) -> None:
    """If the answer with the token is lost, the user is told to use a new code, because Simkl sends it only once."""
    start_from_settings(kodi)
    code = shown_code(kodi)
    simkl.fault("poll", faults.answer_and_drop)
    simkl.approve(code, "Ada Lovelace")
    kodi.wait_for_message("The code was used, but the answer was lost on the way. Sign in again with a new code.")
    assert simkl.tokens, "Simkl has issued the token"
    assert stored(kodi) == ("", "")
    kodi.press("New code", "Left Right")
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")


# The first request


def test_no_network(kodi: Kodi, simkl: StandIn) -> None:
    """If Simkl's name cannot be looked up, the user is told that there may be no internet, and can try again."""
    with no_such_host():
        start_from_settings(kodi)
        kodi.wait_for_message("Cannot find Simkl. Is this device connected to the internet?")
    kodi.press("Try again", "Left Right")
    sign_in(kodi, simkl)


def test_connection_refused(kodi: Kodi, simkl: StandIn) -> None:
    """If the connection is refused, the user is told that Simkl is not answering."""
    simkl.close()
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl is not answering.")


def test_dead_addresses(kodi: Kodi, simkl: StandIn, authority: trustme.CA) -> None:
    """If the first two of Simkl's three addresses are dead, as in a home with broken IPv6, the code comes hardly later.

    The system puts 127.0.0.1 first, whatever the order of the addresses is in the file.
    """
    simkl.close()
    elsewhere = StandIn(authority=authority)
    elsewhere.serve_tls(host="127.0.0.9")
    addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.9"]
    with black_hole(443, addresses[0]), black_hole(443, addresses[1]), namespace.hosts(HOSTS, addresses):
        kodi.run("action=sign_in")
        shown_code(kodi)  # within 10 seconds: one after the other, the dead addresses would take 16
        sign_in(kodi, elsewhere)
    elsewhere.close()


@pytest.mark.every_kodi
def test_silent_name_server(kodi: Kodi, simkl: StandIn) -> None:
    """If the name server never answers, Cancel closes the window at once, the script ends, and Kodi quits at once."""
    with namespace.silent_name_server():
        kodi.run("action=sign_in")
        kodi.wait_for_window(SIGN_IN)
        time.sleep(1)  # the look-up has begun, which nobody can see
        kodi.key("Back")
        kodi.wait_for_window(HOME, 2)
        kodi.run("action=sign_in")
        kodi.wait_for_window(SIGN_IN)
        time.sleep(1)
        assert kodi.quit() < 4


def test_silent_name_server_is_told(kodi: Kodi, simkl: StandIn) -> None:
    """If the name server does not answer, the user is told in the end, and can try again."""
    with namespace.silent_name_server():
        start_from_settings(kodi)
        kodi.wait_for_message("Cannot find Simkl. Is this device connected to the internet?", 18)
    kodi.press("Try again", "Left Right")
    sign_in(kodi, simkl)


def test_untrusted_certificate(kodi: Kodi, simkl: StandIn) -> None:
    """If the server's certificate is not trusted, nothing is sent to it, and the user is told."""
    simkl.close()
    impostor = StandIn()
    impostor.serve_tls()
    start_from_settings(kodi)
    kodi.wait_for_message("No secure connection to Simkl. Are the date and time of this device right?")
    assert not impostor.requests
    impostor.close()


def test_timeout_of_first_request(kodi: Kodi, simkl: StandIn) -> None:
    """If the request for a code gets no answer, it is given up after 15 seconds, and the user is told."""
    simkl.fault("code", silence)
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl is not answering.", 17)


# Cancel and Quit


@contextlib.contextmanager
def hanging_poll(kodi: Kodi, simkl: StandIn, how: str) -> Iterator[str]:
    """Start a sign-in whose poll hangs, and yield the code."""
    with contextlib.ExitStack() as stack:
        kodi.run("action=sign_in")
        code = shown_code(kodi)
        if how == "black hole":
            simkl.fault("poll", drop)
            simkl.close_listener()
            wait_for("the port to be free", lambda: _is_free(443))
            stack.enter_context(black_hole(443))
            wait_for("the dropped poll", lambda: simkl.of_kind("poll"))
            kodi.wait_for_message(STILL_TRYING)
            wait_for("a connect that hangs", lambda: is_connecting(443), 10)
        else:
            simkl.fault("poll", {"silence": silence, "trickle": trickle_body, "closing": trickle_and_close}[how])
            wait_for("the poll", lambda: simkl.of_kind("poll"))
            time.sleep(0.3)  # so that the client is reading the answer, if a part of it is sent
        yield code


HANGING = ["silence", "black hole", "trickle", "closing"]


@pytest.mark.every_kodi
@both_views
@pytest.mark.parametrize("how", HANGING)
def test_cancel_during_poll(kodi: Kodi, simkl: StandIn, how: str) -> None:
    """If the user cancels while a poll hangs, the dialog closes and the script ends within seconds."""
    with hanging_poll(kodi, simkl, how) as code:
        polls = len(simkl.of_kind("poll"))
        simkl.approve(code, "Too Late")
        pressed_at = time.monotonic()
        kodi.key("Back")
        wait_for("the window to close", lambda: kodi.window() == HOME, 2)
        seconds = time.monotonic() - pressed_at
        wait_for("the script to end", lambda: has_ended(kodi), 2)
        assert simkl.no_more_requests()
        assert len(simkl.of_kind("poll")) == polls
        assert stored(kodi) == ("", "")
        assert seconds < 2, "it takes 0.2 s on a machine that is not busy: see make bench"


@both_views
def test_cancel_wins_over_approval(kodi: Kodi, simkl: StandIn) -> None:
    """If the user cancels before the answer with the token arrives, nothing is stored."""
    start_from_settings(kodi)
    code = shown_code(kodi)
    simkl.fault("poll", faults.answer_once(lambda: kodi.window() != SIGN_IN))
    simkl.approve(code, "Too Late")
    wait_for("the poll", lambda: simkl.of_kind("poll"))
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert simkl.no_more_requests()
    assert stored(kodi) == ("", "")


@pytest.mark.every_kodi
@both_views
@pytest.mark.parametrize("how", HANGING)
def test_quit_during_poll(kodi: Kodi, simkl: StandIn, how: str) -> None:
    """If Kodi quits while a poll hangs, it ends within 2.5 seconds and does not have to kill the script.

    Without the add-on, Quit takes half a second. The fixture kodi fails if Kodi has killed the script.
    """
    with hanging_poll(kodi, simkl, how):
        assert kodi.quit() < 2.5
        assert stored(kodi) == ("", "")


# Other add-ons, and other actions of the user


@both_views
def test_dialog_closed_by_another_add_on(kodi: Kodi, simkl: StandIn) -> None:
    """If another add-on closes all dialogs, the sign-in ends as if the user had cancelled it."""
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    kodi.builtin("Dialog.Close(all,true)")
    wait_for("the script to end", lambda: has_ended(kodi))
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert stored(kodi) == ("", "")


@pytest.mark.parametrize("view", ["plain"], indirect=True)
def test_dialog_taken_over_by_another_add_on(kodi: Kodi, simkl: StandIn) -> None:
    """If another add-on takes over the progress dialog, the sign-in ends as if the user had cancelled it."""
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    kodi.builtin("RunScript(script.test.bare)")
    # The heading is looked for before the script's end: then Kodi destroys the script's DialogProgress, and that closes
    # the one window that all progress dialogs share, with a short animation.
    wait_for("the other add-on's dialog", lambda: kodi.heading() == "Bare")
    wait_for("the script to end", lambda: has_ended(kodi))
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert stored(kodi) == ("", "")


@both_views
@pytest.mark.every_kodi
@pytest.mark.forgets_the_addon
def test_add_on_disabled(kodi: Kodi, simkl: StandIn) -> None:
    """If the add-on is disabled during a sign-in, the sign-in ends; once enabled again, a new one works."""
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    kodi.rpc("Addons.SetAddonEnabled", addonid="script.simkl.account", enabled=False)
    kodi.wait_for_window(HOME, 2)
    wait_for("the script to end", lambda: has_ended(kodi))
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert not list(addon_data(kodi).glob("*.png"))
    kodi.rpc("Addons.SetAddonEnabled", addonid="script.simkl.account", enabled=True)
    kodi.run("action=sign_in")
    wait_for("a new code", lambda: simkl.newest_code() != code)
    sign_in(kodi, simkl)


@both_views
def test_second_sign_in(kodi: Kodi, simkl: StandIn) -> None:
    """If a sign-in is started while one is open, the user is notified, and the open one goes on alone."""
    kodi.rpc("Addons.ExecuteAddon", addonid="script.simkl.account")
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    wait_for("the second script to end", lambda: has_ended(kodi))
    assert [request.kind for request in simkl.requests].count("code") == 1
    wait_for("the notification", lambda: kodi.is_visible("notification"))
    assert shown_code(kodi) == code
    sign_in(kodi, simkl)
    polls = [request.at for request in simkl.of_kind("poll")]
    assert all(later - earlier >= simkl.interval for earlier, later in zip(polls, polls[1:])), "only one script polls"


@pytest.mark.parametrize("action", ["check", "sign_out"])
def test_other_action_during_sign_in(kodi: Kodi, simkl: StandIn, action: str) -> None:
    """If a check or a sign-out is started from the settings during a sign-in, the user is only notified.

    The settings are not opened again, because they would cover the sign-in.
    """
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    kodi.run(f"action={action}", "from=settings")
    wait_for("the notification", lambda: kodi.is_visible("notification"))
    wait_for("the second script to end", lambda: has_ended(kodi))
    assert shown_code(kodi) == code
    sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(HOME)
    assert "Window Init (DialogAddonSettings.xml)" not in kodi.log(), "the settings were not opened"
    assert [request.kind for request in simkl.requests].count("code") == 1


@both_views
def test_sign_in_after_crash(kodi: Kodi, simkl: StandIn) -> None:
    """If Kodi is killed during a sign-in, a new sign-in works after the restart."""
    kodi.run("action=sign_in")
    shown_code(kodi)
    kodi.kill()
    kodi.start()
    kodi.run("action=sign_in")
    sign_in(kodi, simkl)


@pytest.mark.every_kodi
@both_views
@pytest.mark.parametrize("button", ["Back", "OK"])
def test_settings_open_during_sign_in(kodi: Kodi, simkl: StandIn, button: str) -> None:
    """If the settings are open when the token arrives, they are closed first, and the token is stored.

    Otherwise Kodi would give the token to the settings window, and Back would drop it.
    """
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    kodi.open_settings()
    assert simkl.approve(code, "Ada Lovelace")
    kodi.wait_for_message("Signed in as Ada Lovelace")
    token = list(simkl.tokens)[-1]
    assert stored(kodi) == (token, "Ada Lovelace")
    leave(kodi)
    kodi.wait_for_window(HOME)
    kodi.open_settings()
    if button == "OK":
        kodi.press("OK", "Right Up Up")
    else:
        kodi.key("Back")
    kodi.wait_for_window(HOME)
    assert stored(kodi) == (token, "Ada Lovelace")


def test_defaults_button_signs_out(kodi: Kodi, simkl: StandIn) -> None:
    """The Defaults button of the settings signs the user out, and the settings show that."""
    start_from_settings(kodi)
    sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    kodi.press("Defaults", "Right Down Down")
    kodi.wait_for_window(YES_NO)
    kodi.press("Yes", "Left Right")
    kodi.wait_for_window(ADDON_SETTINGS)
    wait_for("the defaults", lambda: "Not signed in" in kodi.settings_rows())
    kodi.press("OK", "Up Up")
    kodi.wait_for_window(HOME)
    kodi.open_settings()
    assert kodi.settings_rows() >= {"Not signed in", "Sign in"}
    assert not kodi.settings_rows() & {"Signed in", "Ada Lovelace", "Sign out", "Sign in with another account"}
    kodi.press("Sign in")
    shown_code(kodi)
    assert stored(kodi) == ("", "")


# Disks and clocks


def test_read_only_profile(kodi: Kodi, simkl: StandIn) -> None:
    """If the profile cannot be written, the user is told, and can save the same token later."""
    with namespace.read_only(addon_data(kodi)):
        start_from_settings(kodi)
        simkl.approve(shown_code(kodi), "Ada Lovelace")
        kodi.wait_for_message(NOT_SAVED)
    save_again(kodi, simkl)


@both_views
def test_full_disk(kodi: Kodi, simkl: StandIn) -> None:
    """If the disk is full, the user is told, and can save the same token once there is room."""
    with namespace.full_disk(addon_data(kodi)) as make_room:
        start_from_settings(kodi)
        simkl.approve(shown_code(kodi), "Ada Lovelace")
        kodi.wait_for_message(NOT_SAVED)
        make_room()
        save_again(kodi, simkl)


def save_again(kodi: Kodi, simkl: StandIn) -> None:
    """Press Try again, and check that the token that Simkl issued before is stored."""
    kodi.press("Try again", "Left Right")
    kodi.wait_for_message("Signed in as Ada Lovelace")
    assert stored(kodi) == (list(simkl.tokens)[-1], "Ada Lovelace")
    assert len(simkl.tokens) == 1


def test_profile_stays_read_only(kodi: Kodi, simkl: StandIn) -> None:
    """If the profile cannot be written and the user does not try again, nobody is signed in."""
    with namespace.read_only(addon_data(kodi)):
        start_from_settings(kodi)
        simkl.approve(shown_code(kodi), "Ada Lovelace")
        kodi.wait_for_message(NOT_SAVED)
        kodi.key("Back")
        kodi.wait_for_window(ADDON_SETTINGS)
        assert kodi.settings_rows() >= {"Not signed in", "Sign in"}


@pytest.mark.parametrize("hours", [-1, 1])
def test_wall_clock_jumps(clock: Callable[[str], None], kodi: Kodi, simkl: StandIn, hours: int) -> None:
    """If the wall clock jumps by an hour, the code stays valid, and the polls keep their interval."""
    start_from_settings(kodi)
    shown_code(kodi)
    wait_for("a poll", lambda: simkl.of_kind("poll"))
    clock(f"{3600 * hours:+d}")
    count = len(simkl.of_kind("poll"))
    wait_for("two more polls", lambda: len(simkl.of_kind("poll")) >= count + 2, 5)
    wait_for("the time left", lambda: re.search(r"Time left: 15 min", kodi.message()))
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")
    polls = [request.at for request in simkl.of_kind("poll")]
    assert all(later - earlier >= simkl.interval for earlier, later in zip(polls, polls[1:]))


# Proxies


@pytest.mark.parametrize(
    "kind", ["http", pytest.param("https", marks=pytest.mark.since_kodi(20)), "socks4", "socks5", "socks5h"]
)
def test_proxy(kodi: Kodi, simkl: StandIn, authority: trustme.CA, tmp_path: Path, kind: str) -> None:
    """If Kodi has a proxy, all requests go through it on one connection, and its password is not in the log."""
    has_login = kind != "socks4"  # SOCKS 4 has no passwords
    with proxy.running_proxy(kind, tmp_path, authority, has_login) as server:
        proxy.use(kodi, kind, server.port, *((proxy.USER, proxy.PASSWORD) if has_login else ()))
        start_from_settings(kodi)
        token = sign_in(kodi, simkl)
        assert server.was_asked_for("443")
        assert stored(kodi) == (token, "Ada Lovelace")
        assert len({request.connection for request in simkl.requests}) == 1
    assert "p@ss" not in kodi.log()


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_proxy_is_down(kodi: Kodi, simkl: StandIn, kind: str) -> None:
    """If the proxy does not run, the user is told that it is the proxy, and no request goes past it."""
    proxy.use(kodi, kind, free_port())
    start_from_settings(kodi)
    kodi.wait_for_message("The proxy server set in Kodi does not let Simkl through.")
    assert not simkl.requests


def test_socks_without_library(home: Path, request: pytest.FixtureRequest, simkl: StandIn) -> None:
    """If Kodi has a SOCKS proxy but PySocks is not installed, the user is told to install it."""
    shutil.rmtree(home / ".kodi/addons/script.module.pysocks")
    kodi: Kodi = request.getfixturevalue("kodi")
    proxy.use(kodi, "socks5", free_port())
    start_from_settings(kodi)
    kodi.wait_for_message("Kodi is set to use a SOCKS proxy. For that, install the add-on PySocks")


# Malicious answers


def test_markup_in_answers(kodi: Kodi, simkl: StandIn) -> None:
    """If Simkl sends Kodi markup, a code with it is refused, and a name with it is shown as plain text and cut."""
    valid = {"result": "OK", "device_code": "DEVICE_CODE", "expires_in": 900, "interval": 1}
    for code in ("[COLOR red]X[/COLOR]", "$INFO[System.Time]", "A\nB", "X" * 10240):
        simkl.fault("code", answer({**valid, "user_code": code}))
    start_from_settings(kodi)
    for count in range(1, 5):
        wait_for("a request", lambda: len(simkl.of_kind("code")) == count)  # noqa: B023
        kodi.wait_for_message("Simkl gave an answer that cannot be understood.")
        kodi.press("Try again", "Left Right")
    simkl.approve(shown_code(kodi), "[COLOR red]$INFO[System.BuildVersion]\n" + "x" * 10240)
    shown = "(COLOR red)$INFO(System.BuildVersion) " + "x" * 12
    kodi.wait_for_message(f"Signed in as {shown}")
    assert stored(kodi)[1] == shown
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert shown in kodi.settings_rows()


def test_page_outside_simkl(kodi: Kodi, simkl: StandIn) -> None:
    """If Simkl's answer names a page on another host, the user is sent to simkl.com/pin."""
    elsewhere = {
        "result": "OK",
        "device_code": "DEVICE_CODE",
        "user_code": "GHJKLM",
        "verification_uri": "https://simkl.com.evil.example/pin",
        "expires_in": 900,
        "interval": 1,
    }
    simkl.fault("code", answer(elsewhere))
    start_from_settings(kodi)
    message = kodi.wait_for_message(ENTER_CODE)
    assert re.match(r"(Go|Scan the QR code, or go) to simkl\.com/pin and enter th", message)


# What the tests above need


def has_ended(kodi: Kodi) -> bool:
    """Return True if a run of the add-on's script has ended, with all its threads.

    Kodi logs "successfully run" before the threads have ended, and onExecutionDone after that.
    """
    return re.search(r"onExecutionDone\(\d+, \S*script\.simkl\.account/default\.py\)", kodi.log()) is not None


def is_connecting(port: int) -> bool:
    """Return True if a connection to this port is being opened on this machine."""
    return bool(subprocess.run(["ss", "-Htn", "state", "syn-sent", f"dport = :{port}"], capture_output=True).stdout)


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


@contextlib.contextmanager
def no_such_host() -> Iterator[None]:
    """Within the with block, no name can be looked up, as without a network."""
    with namespace.hosts(()):
        yield
