# SPDX-License-Identifier: GPL-2.0-or-later
"""What a sign-in meets in real homes: networks that drop, hang and lie, other add-ons, full disks, impatient people."""

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
from tests.rig.kodi import ADDON_SETTINGS, HOME, PROGRESS, SIGN_IN, YES_NO, Kodi, free_port, wait_for
from tests.rig.standin import StandIn

from .sofa import both_views, leave, shown_code, sign_in, start_from_settings, stored

STILL_TRYING = "Cannot reach Simkl at the moment, still trying"


# Polls that fail


PASSING = {
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


@pytest.mark.parametrize("first", list(PASSING)[::4])
def test_a_poll_that_fails_in_passing_keeps_the_code(kodi: Kodi, simkl: StandIn, first: str) -> None:
    """Three failures a time, each another: the breaks between them grow."""
    begin = list(PASSING).index(first)
    names = list(PASSING)[begin : begin + 4]
    start_from_settings(kodi)
    code = shown_code(kodi)
    for name in names:
        simkl.fault("poll", PASSING[name])
        kodi.wait_for_message(STILL_TRYING)
        assert shown_code(kodi) == code
        wait_for("the trouble to pass", lambda: STILL_TRYING not in kodi.message())
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")
    assert len(simkl.of_kind("code")) == 1
    assert not simkl.of_kind("other"), "no redirect was followed"


@pytest.mark.parametrize("fault", [silence, trickle_body, endless])
def test_an_answer_that_does_not_end_is_given_up_within_15_seconds(kodi: Kodi, simkl: StandIn, fault: Fault) -> None:
    simkl.fault("poll", fault)
    start_from_settings(kodi)
    code = shown_code(kodi)
    kodi.wait_for_message(STILL_TRYING, 17)
    simkl.approve(code, "Ada Lovelace")
    kodi.wait_for_message("Signed in as Ada Lovelace")
    first, second = simkl.of_kind("poll")
    assert second.at - first.at < 15 + simkl.interval + 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_kept_to_and_the_pace_stays_slower(kodi: Kodi, simkl: StandIn, form: str) -> None:
    simkl.fault("poll", faults.too_many(4, as_date=form == "date"))
    start_from_settings(kodi)
    shown_code(kodi)
    wait_for("polls", lambda: len(simkl.of_kind("poll")) >= 4, 20)
    first, second, third, fourth = [request.at for request in simkl.of_kind("poll")[:4]]
    assert second - first >= 4
    assert third - second >= 2 * simkl.interval
    assert fourth - third >= 2 * simkl.interval


def test_slow_down_is_for_good(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("poll", answer({"result": "KO", "message": "Slow down"}))
    start_from_settings(kodi)
    shown_code(kodi)
    wait_for("polls", lambda: len(simkl.of_kind("poll")) >= 3, 20)
    first, second, third = [request.at for request in simkl.of_kind("poll")[:3]]
    assert second - first >= 5 + simkl.interval
    assert third - second >= 5 + simkl.interval


def test_retry_after_past_the_life_of_the_code(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("poll", status(429, b"{}", Retry_After="3600"))
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl has too many visitors at the moment.")
    assert len(simkl.of_kind("poll")) == 1


@pytest.mark.parametrize("code", [400, 401, 403, 412])
def test_a_client_id_that_is_refused_during_the_polls(kodi: Kodi, simkl: StandIn, code: int) -> None:
    simkl.fault("poll", status(code, b'{"error":"client_id_failed","code":%d}' % code))
    start_from_settings(kodi)
    kodi.wait_for_message(
        "Simkl does not accept the client ID of this add-on. Check it at simkl.com/settings/developer"
    )
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert simkl.no_more_requests()
    assert len(simkl.of_kind("poll")) == 1


@both_views
def test_a_code_that_runs_out_while_simkl_is_out_of_reach(kodi: Kodi, simkl: StandIn) -> None:
    simkl.expires_in = 4
    simkl.fault("poll", *[drop] * 9)
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl is not answering.")
    simkl.expires_in = 900
    simkl.clear_faults()
    kodi.press("Try again", "Left Right")
    sign_in(kodi, simkl)


def test_an_approval_whose_answer_is_lost(kodi: Kodi, simkl: StandIn) -> None:
    start_from_settings(kodi)
    code = shown_code(kodi)
    simkl.fault("poll", faults.answer_and_drop)
    simkl.approve(code, "Ada Lovelace")
    kodi.wait_for_message("The code was used, but the answer was lost on the way. Sign in again with a new code.")
    assert simkl.tokens, "Simkl has handed it out"
    assert stored(kodi) == ("", "")
    kodi.press("New code", "Left Right")
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")


# The first request


def test_no_network(kodi: Kodi, simkl: StandIn) -> None:
    with no_such_host():
        start_from_settings(kodi)
        kodi.wait_for_message("Cannot find Simkl. Is this device connected to the internet?")
    kodi.press("Try again", "Left Right")
    sign_in(kodi, simkl)


def test_nobody_answers(kodi: Kodi, simkl: StandIn) -> None:
    simkl.close()
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl is not answering.")


def test_somebody_elses_certificate(kodi: Kodi, simkl: StandIn) -> None:
    simkl.close()
    stranger = StandIn()
    stranger.serve_tls()
    start_from_settings(kodi)
    kodi.wait_for_message("No secure connection to Simkl. Are the date and time of this device right?")
    assert not stranger.requests, "nothing was said to it"
    stranger.close()


def test_the_first_answer_never_comes(kodi: Kodi, simkl: StandIn) -> None:
    simkl.fault("code", silence)
    start_from_settings(kodi)
    kodi.wait_for_message("Simkl is not answering.", 17)


# Cancel and Quit


@contextlib.contextmanager
def hanging_poll(kodi: Kodi, simkl: StandIn, how: str) -> Iterator[str]:
    """A sign-in whose poll hangs; yields the code."""
    with contextlib.ExitStack() as stack:
        kodi.run("action=sign_in")
        code = shown_code(kodi)
        if how == "black hole":
            simkl.fault("poll", drop)
            simkl.close_listener()
            wait_for("the port to be free", lambda: _is_free(443))
            stack.enter_context(black_hole(443))
            wait_for("the drop", lambda: simkl.of_kind("poll"))
            kodi.wait_for_message(STILL_TRYING)
            wait_for("a connect that hangs", lambda: connecting(443), 10)
        else:
            simkl.fault("poll", {"silence": silence, "trickle": trickle_body, "closing": trickle_and_close}[how])
            wait_for("the poll", lambda: simkl.of_kind("poll"))
            time.sleep(0.3)  # into the answer, or what there is of it
        yield code


HANGING = ["silence", "black hole", "trickle", "closing"]


@pytest.mark.every_kodi
@both_views
@pytest.mark.parametrize("how", HANGING)
def test_cancel_while_a_poll_hangs(kodi: Kodi, simkl: StandIn, how: str) -> None:
    with hanging_poll(kodi, simkl, how) as code:
        polls = len(simkl.of_kind("poll"))
        simkl.approve(code, "Too Late")
        pressed = time.monotonic()
        kodi.key("Back")
        wait_for("the window to go", lambda: kodi.window() == HOME, 2)
        gone = time.monotonic() - pressed
        wait_for("the script to end", lambda: script_ended(kodi), 2)
        assert simkl.no_more_requests()
        assert len(simkl.of_kind("poll")) == polls
        assert stored(kodi) == ("", "")
        assert gone < 2, "and 0.2 s on a machine with nothing else to do: see make bench"


@both_views
def test_cancel_wins_over_an_approval_that_is_on_its_way(kodi: Kodi, simkl: StandIn) -> None:
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
def test_quit_while_a_poll_hangs(kodi: Kodi, simkl: StandIn, how: str) -> None:
    """Without the add-on, Quit takes half a second; the fixture fails if Kodi had to kill the script."""
    with hanging_poll(kodi, simkl, how):
        assert kodi.quit() < 2.5
        assert stored(kodi) == ("", "")


# Others on the same screen


@both_views
def test_the_dialog_is_closed_by_somebody_else(kodi: Kodi, simkl: StandIn) -> None:
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    kodi.builtin("Dialog.Close(all,true)")
    wait_for("the script to end", lambda: script_ended(kodi))
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert stored(kodi) == ("", "")


@pytest.mark.parametrize("view", ["plain"], indirect=True)
def test_the_dialog_is_taken_over_by_another_add_on(kodi: Kodi, simkl: StandIn) -> None:
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    kodi.builtin("RunScript(script.test.bare)")
    wait_for("the script to end", lambda: script_ended(kodi))
    assert (kodi.window(), kodi.heading()) == (PROGRESS, "Bare"), "the other's dialog is left alone"
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert stored(kodi) == ("", "")


@both_views
@pytest.mark.every_kodi
@pytest.mark.forgets_the_addon
def test_the_add_on_is_disabled_from_another_remote(kodi: Kodi, simkl: StandIn) -> None:
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    kodi.rpc("Addons.SetAddonEnabled", addonid="script.simkl.account", enabled=False)
    kodi.wait_for_window(HOME, 2)
    wait_for("the script to end", lambda: script_ended(kodi))
    simkl.approve(code, "Too Late")
    assert simkl.no_more_requests()
    assert not list(addon_data(kodi).glob("*.png"))
    kodi.rpc("Addons.SetAddonEnabled", addonid="script.simkl.account", enabled=True)
    kodi.run("action=sign_in")
    wait_for("a new code", lambda: simkl.newest_code() != code)
    sign_in(kodi, simkl)


@both_views
def test_pressed_twice(kodi: Kodi, simkl: StandIn) -> None:
    kodi.rpc("Addons.ExecuteAddon", addonid="script.simkl.account")
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    wait_for("the second to end", lambda: script_ended(kodi))
    assert [request.kind for request in simkl.requests].count("code") == 1
    assert kodi.is_visible("notification")
    assert shown_code(kodi) == code
    sign_in(kodi, simkl)
    polls = [request.at for request in simkl.of_kind("poll")]
    assert all(later - earlier >= simkl.interval for earlier, later in zip(polls, polls[1:])), "one poller"


@both_views
def test_a_sign_in_that_was_killed_blocks_nobody(kodi: Kodi, simkl: StandIn) -> None:
    kodi.run("action=sign_in")
    shown_code(kodi)
    kodi.kill()
    kodi.start()
    kodi.run("action=sign_in")
    sign_in(kodi, simkl)


@pytest.mark.every_kodi
@both_views
@pytest.mark.parametrize("button", ["Back", "OK"])
def test_the_settings_are_open_when_the_token_comes(kodi: Kodi, simkl: StandIn, button: str) -> None:
    """Kodi gives what is stored then to the window, and Back throws it away. So the window goes first."""
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


def test_defaults_is_a_sign_out_and_shown_as_one(kodi: Kodi, simkl: StandIn) -> None:
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


def test_a_profile_that_cannot_be_written(kodi: Kodi, simkl: StandIn) -> None:
    with namespace.read_only(addon_data(kodi)):
        start_from_settings(kodi)
        simkl.approve(shown_code(kodi), "Ada Lovelace")
        kodi.wait_for_message("Signed in at Simkl, but Kodi could not save it.")
    save_at_last(kodi, simkl)


@both_views
def test_a_full_disk(kodi: Kodi, simkl: StandIn) -> None:
    with namespace.full_disk(addon_data(kodi)) as make_room:
        start_from_settings(kodi)
        simkl.approve(shown_code(kodi), "Ada Lovelace")
        kodi.wait_for_message("Signed in at Simkl, but Kodi could not save it.")
        make_room()
        save_at_last(kodi, simkl)


def save_at_last(kodi: Kodi, simkl: StandIn) -> None:
    """The token in hand is stored by another try."""
    kodi.press("Try again", "Left Right")
    kodi.wait_for_message("Signed in as Ada Lovelace")
    assert stored(kodi) == (list(simkl.tokens)[-1], "Ada Lovelace")
    assert len(simkl.tokens) == 1


def test_a_profile_that_stays_unwritable(kodi: Kodi, simkl: StandIn) -> None:
    with namespace.read_only(addon_data(kodi)):
        start_from_settings(kodi)
        simkl.approve(shown_code(kodi), "Ada Lovelace")
        kodi.wait_for_message("Signed in at Simkl, but Kodi could not save it.")
        kodi.key("Back")
        kodi.wait_for_window(ADDON_SETTINGS)
        assert kodi.settings_rows() >= {"Not signed in", "Sign in"}


@pytest.mark.parametrize("hours", [-1, 1])
def test_the_wall_clock_jumps(clock: Callable[[str], None], kodi: Kodi, simkl: StandIn, hours: int) -> None:
    start_from_settings(kodi)
    shown_code(kodi)
    wait_for("a poll", lambda: simkl.of_kind("poll"))
    clock(f"{3600 * hours:+d}")
    count = len(simkl.of_kind("poll"))
    wait_for("two more polls", lambda: len(simkl.of_kind("poll")) >= count + 2, 5)
    assert re.search(r"Time left: 14:\d\d", kodi.message())
    token = sign_in(kodi, simkl)
    assert stored(kodi) == (token, "Ada Lovelace")
    polls = [request.at for request in simkl.of_kind("poll")]
    assert all(later - earlier >= simkl.interval for earlier, later in zip(polls, polls[1:]))


# Proxies


@pytest.mark.parametrize(
    "kind", ["http", pytest.param("https", marks=pytest.mark.since_kodi(20)), "socks4", "socks5", "socks5h"]
)
def test_kodis_proxy_is_used_for_every_request(
    kodi: Kodi, simkl: StandIn, authority: trustme.CA, tmp_path: Path, kind: str
) -> None:
    login = kind != "socks4"  # which has no passwords
    with proxy.running_proxy(kind, tmp_path, authority, login) as server:
        proxy.use(kodi, kind, server.port, *((proxy.USER, proxy.PASSWORD) if login else ()))
        start_from_settings(kodi)
        token = sign_in(kodi, simkl)
        assert server.was_asked_for("443")
        assert stored(kodi) == (token, "Ada Lovelace")
        assert len({request.connection for request in simkl.requests}) == 1
    assert "p@ss" not in kodi.log()


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_that_is_down_is_named(kodi: Kodi, simkl: StandIn, kind: str) -> None:
    proxy.use(kodi, kind, free_port())
    start_from_settings(kodi)
    kodi.wait_for_message("The proxy server set in Kodi does not let Simkl through.")
    assert not simkl.requests


def test_socks_without_its_library(home: Path, request: pytest.FixtureRequest, simkl: StandIn) -> None:
    shutil.rmtree(home / ".kodi/addons/script.module.pysocks")
    kodi: Kodi = request.getfixturevalue("kodi")
    proxy.use(kodi, "socks5", free_port())
    start_from_settings(kodi)
    kodi.wait_for_message("Kodi is set to use a SOCKS proxy. For that, install the add-on PySocks")


# Answers that want to be more than text


def test_hostile_answers_are_plain_text_or_refused(kodi: Kodi, simkl: StandIn) -> None:
    good = {"result": "OK", "device_code": "DEVICE_CODE", "expires_in": 900, "interval": 1}
    for code in ("[COLOR red]X[/COLOR]", "$INFO[System.Time]", "A\nB", "X" * 10240):
        simkl.fault("code", answer({**good, "user_code": code}))
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


def test_only_pages_of_simkl_are_shown(kodi: Kodi, simkl: StandIn) -> None:
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
    assert kodi.wait_for_message("enter this code").startswith("Go to simkl.com/pin and enter this code")


# What the tests above need


def script_ended(kodi: Kodi) -> bool:
    """Whether a run of the add-on has ended, and so have its threads: Kodi says "successfully run" before that."""
    return re.search(r"onExecutionDone\(\d+, \S*script\.simkl\.account/default\.py\)", kodi.log()) is not None


def connecting(port: int) -> bool:
    """Whether somebody on this machine waits for a connection to the port to come up."""
    return bool(subprocess.run(["ss", "-Htn", "state", "syn-sent", f"dport = :{port}"], capture_output=True).stdout)


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


@contextlib.contextmanager
def no_such_host() -> Iterator[None]:
    """Names cannot be looked up, as without a network."""
    with namespace.hosts(()):
        yield


def addon_data(kodi: Kodi) -> Path:
    """The add-on's folder in the profile."""
    folder = kodi.home / ".kodi/userdata/addon_data/script.simkl.account"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
