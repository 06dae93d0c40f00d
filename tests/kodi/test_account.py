# SPDX-License-Identifier: GPL-2.0-or-later
"""The account after the sign-in: how other add-ons use it, and how the user checks and replaces it."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.rig.consumer import CONSUMER, Consumer
from tests.rig.faults import Fault, redirect, silence, status, trickle_body
from tests.rig.home import fill_in_client_id
from tests.rig.kodi import ADDON_SETTINGS, CONFIRMATION, HOME, PROGRESS, Kodi, copy_home, wait_for
from tests.rig.screen import legibility
from tests.rig.standin import CLIENT_ID, DEVICE_CLIENT_ID, StandIn, account_id
from tools.package import ADDON_ID

from .conftest import Template
from .steps import leave, shown_code, sign_in, sign_in_and_leave, start_from_settings, stored

pytestmark = pytest.mark.consumers

NO_LONGER_VALID = "The sign-in to Simkl is no longer valid. Sign in again."
SIGN_IN_AGAIN = "Sign-in no longer valid: sign in again"
OUTDATED = "Simkl has a new way of signing in: sign in again"

TO_CHECK_NOW = "Left Right Up Down Down"
"""The keys that move the focus to "Check now" in the settings."""


ACCOUNT_ROWS = [
    (500, 412, 900, 466),
    (1200, 412, 1515, 466),
    (500, 484, 900, 530),
    (500, 556, 900, 604),
    (1200, 556, 1515, 604),
]
"""Where Estuary shows who is signed in: the name, the kind of account and the date, with their labels at the left."""


def ada(**changes: Any) -> dict[str, Any]:
    """Return the account of Ada, who signed in today, as the consumer add-on reports it."""
    account = {
        "name": "Ada Lovelace",
        "id": account_id("Ada Lovelace"),
        "type": "free",
        "since": time.strftime("%Y-%m-%d"),
        "needs_sign_in": False,
        "is_outdated": False,
        "is_client_id_refused": False,
        "can_write": True,
        "is_signed_in": True,
    }
    return {**account, **changes}


def event(name: str, account: dict[str, Any], is_same_account: bool = False) -> list[Any]:
    """Return an event as the consumer add-on reports it, with the account at that moment."""
    data = {"is_same_account": is_same_account, "needs_sign_in": account["needs_sign_in"], "can_write": True}
    return [f"Other.{name}", data, account]


def let_refusal_last(kodi: Kodi, token: str) -> None:
    """Make it ten minutes since the token was first refused."""
    end_cooldown(kodi, "refused", token)


def end_cooldown(kodi: Kodi, name: str, token: str) -> None:
    """End a cooldown of the account with this token. The add-on measures it on a clock that cannot be set."""
    key = f"{ADDON_ID}.cooldown.{name}.{hashlib.sha256(token.encode()).hexdigest()[:16]}"
    wait_for("the cooldown", lambda: kodi.info(f"Window({HOME}).Property({key})")[0])
    kodi.builtin(f"SetProperty({key},1,{HOME})")
    wait_for("the change", lambda: kodi.info(f"Window({HOME}).Property({key})")[0] == "1")


# Other add-ons


@pytest.mark.every_kodi
def test_account_from_sign_in_to_sign_out(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """Another add-on always has the current account, sends with its token, and gets an event when it changes."""
    for where in ("script", "service"):
        assert consumer.do("account", where) is None
        assert consumer.do("request", where) == "SignInNeeded"
    assert not simkl.requests

    simkl.types["Ada Lovelace"] = "pro"
    token = sign_in_and_leave(kodi, simkl)
    assert consumer.wait_until_heard(1) == [event("signed_in", ada(type="pro"))]
    for where in ("script", "service"):
        assert consumer.do("account", where) == ada(type="pro")
        assert consumer.do("request", where) == 200
        assert consumer.do("post", where) == 200
    for request in simkl.of_kind("activities"):
        assert request.headers["Authorization"] == f"Bearer {token}"
        assert request.query == {"client_id": CLIENT_ID, "app-name": CONSUMER, "app-version": "1.2.3"}
        assert request.headers["User-Agent"] == f"{CONSUMER}/1.2.3"
    assert [r.method for r in simkl.of_kind("activities")] == ["GET", "POST"] * 2

    second = sign_in_and_leave(kodi, simkl, "Grace Hopper")
    assert consumer.wait_until_heard(2)[1][2]["name"] == "Grace Hopper"
    assert consumer.do("request", "service") == 200
    assert simkl.requests[-1].headers["Authorization"] == f"Bearer {second}"

    kodi.run("action=sign_out")
    kodi.wait_for_window(CONFIRMATION)
    kodi.press("Sign out", "Left Right")
    kodi.wait_for_message("Signed out.")
    assert consumer.wait_until_heard(3)[2] == ["Other.signed_out", {}, None]
    count = len(simkl.requests)
    for where in ("script", "service"):
        assert consumer.do("account", where) is None
        assert consumer.do("request", where) == "SignInNeeded"
    assert len(simkl.requests) == count


@pytest.mark.every_kodi
def test_plugin(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """A plugin can read the account and send a request while Kodi waits for its listing."""

    def labels() -> list[str]:
        listing = kodi.rpc("Files.GetDirectory", directory=f"plugin://{CONSUMER}/")
        return [file["label"] for file in listing["files"]]

    assert labels() == ["None", "SignInNeeded"]
    sign_in_and_leave(kodi, simkl)
    assert labels() == ["Ada Lovelace", "200"]


def test_redirect_to_other_host(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """After a redirect to another host, a request has no token, client id or add-on id; api.simkl.com gets them all."""
    sign_in_and_leave(kodi, simkl)
    for target in ("https://simkl.com/pin", "https://api.simkl.com/sync/activities"):
        simkl.fault("activities", redirect(f"{target}?a=1"))
        assert consumer.do("request") == 200
    at_other_host = simkl.of_kind("page")[0]
    assert at_other_host.headers["Host"] == "simkl.com"
    assert "Authorization" not in at_other_host.headers
    assert at_other_host.query == {"a": "1"}
    assert CONSUMER not in str(at_other_host.headers)
    assert simkl.requests[-1].query["client_id"] == CLIENT_ID
    assert simkl.requests[-1].headers["Authorization"]


def test_import_without_requests(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """Importing simkl_account and reading the account does not import requests."""
    assert consumer.do("imported") is False


@pytest.mark.every_kodi
@pytest.mark.parametrize("where", ["script", "service"])
def test_sign_in_by_add_on(kodi: Kodi, simkl: StandIn, consumer: Consumer, where: str) -> None:
    """A script and a service of another add-on can start a sign-in, and get its result."""
    result = consumer.begin("sign_in", where)
    sign_in(kodi, simkl)
    assert result() == "SIGNED_IN"
    leave(kodi)
    kodi.wait_for_window(HOME)
    result = consumer.begin("sign_in", where)
    shown_code(kodi)
    kodi.key("Back")
    assert result() == "CANCELLED"
    assert consumer.do("account") == ada()


def test_sign_in_by_several_add_ons(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If several interpreters start a sign-in, there is one dialog and no notification, and all get its result."""
    results = [consumer.begin("sign_in", where) for where in ("script", "service", "script")]
    shown_code(kodi)
    results.append(consumer.begin("sign_in"))  # a late one
    sign_in(kodi, simkl)
    assert [result() for result in results] == ["SIGNED_IN"] * 4
    assert len(simkl.of_kind("code")) == 1
    assert not kodi.is_visible("notification"), "the user is not told that a sign-in is already open"


def test_quit_while_service_waits(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If Kodi quits while a service waits for a sign-in, Kodi does not have to kill the service."""
    consumer.begin("sign_in", "service")
    shown_code(kodi)
    assert kodi.quit() < 5


# A sign-in that is no longer valid


def test_revoked_token(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If Simkl refuses the token for ten minutes, add-ons get SignInNeeded, and the user is notified once.

    Then the user can sign in again.
    """
    first = sign_in_and_leave(kodi, simkl)
    simkl.revoke(first)
    assert consumer.do("request") == 401
    assert consumer.do("account") == ada(), "a refusal can be a passing fault"
    let_refusal_last(kodi, first)
    assert consumer.do("request") == "SignInNeeded"
    wait_for("the notification", lambda: kodi.is_visible("notification"))
    assert consumer.do("request", "service") == "SignInNeeded"
    assert len(simkl.of_kind("activities")) == 2, "Simkl is asked again only once an hour"
    assert consumer.do("account") == ada(needs_sign_in=True, is_signed_in=False)
    assert stored(kodi) == (first, "Ada Lovelace")
    wait_for("the end of the notification", lambda: not kodi.is_visible("notification"), 30)
    assert consumer.do("request") == "SignInNeeded"
    assert not kodi.is_visible("notification"), "there is at most one notification an hour"

    kodi.open_settings()
    assert kodi.settings_rows() >= {SIGN_IN_AGAIN, "Ada Lovelace", "Check now", "Sign out"}
    assert not kodi.settings_rows() & {"Not signed in", "Sign in", "Sign in with another account"}
    kodi.press(SIGN_IN_AGAIN, "Left Right Up")
    second = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert SIGN_IN_AGAIN not in kodi.settings_rows()
    assert stored(kodi) == (second, "Ada Lovelace")
    kodi.key("Back")
    assert consumer.do("request", "service") == 200
    assert consumer.wait_until_heard(3)[1:] == [
        event("account_changed", ada(needs_sign_in=True, is_signed_in=False), is_same_account=True),
        event("signed_in", ada(), is_same_account=True),
    ]


@pytest.mark.parametrize("fault", [status(500), status(503, b"<html>"), status(429, b'{"error":"another"}')])
def test_other_faults_keep_account(kodi: Kodi, simkl: StandIn, consumer: Consumer, fault: Fault) -> None:
    """If Simkl answers with another error, or refuses the token for a moment, the account stays as it is."""
    sign_in_and_leave(kodi, simkl)
    simkl.fault("activities", fault)
    assert consumer.do("request") in (429, 500, 503)
    assert consumer.do("account") == ada()
    simkl.fault("activities", *[status(401, b'{"error":"user_token_failed","code":401}')] * 2)
    assert [consumer.do("request") for _ in range(3)] == [401, 401, 200]
    assert consumer.do("account") == ada()


def test_signed_in_again_by_itself(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If a sign-in has ended and Simkl accepts it again, the next request finds that out."""
    token = sign_in_and_leave(kodi, simkl)
    refusal = status(401, b'{"error":"user_token_failed","code":401}')
    simkl.fault("activities", refusal, refusal)
    assert consumer.do("request") == 401
    let_refusal_last(kodi, token)
    assert consumer.do("request") == "SignInNeeded"
    assert consumer.do("account") == ada(needs_sign_in=True, is_signed_in=False)
    assert consumer.do("request") == "SignInNeeded"
    end_cooldown(kodi, "marked", token)
    assert consumer.do("request") == 200
    assert consumer.do("account") == ada()
    assert consumer.wait_until_heard(3)[1:] == [
        event("account_changed", ada(needs_sign_in=True, is_signed_in=False), is_same_account=True),
        event("account_changed", ada(), is_same_account=True),
    ]


def test_rate_limit(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """After too many requests in a second, the request is sent once more, and succeeds."""
    sign_in_and_leave(kodi, simkl)
    simkl.fault("activities", status(429, b'{"error":"rate_limit"}', Retry_After="40000"))
    assert consumer.do("request") == 200
    first, second = simkl.of_kind("activities")
    assert 1 <= second.at - first.at < 10


@pytest.mark.every_kodi
@pytest.mark.parametrize("fault", [silence, trickle_body])
def test_quit_during_request(kodi: Kodi, simkl: StandIn, consumer: Consumer, fault: Fault) -> None:
    """If a request of a service hangs when Kodi quits, the service gets ShuttingDown, and Kodi does not kill it."""
    sign_in_and_leave(kodi, simkl)
    simkl.fault("activities", fault)
    consumer.begin("request", "service")
    wait_for("the request", lambda: simkl.of_kind("activities"))
    assert kodi.quit() < 5
    assert "consumer: request: ShuttingDown" in kodi.log()


@pytest.mark.every_kodi
def test_sign_out_by_add_on(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """Another add-on can have the user sign out, and gets the result."""
    sign_in_and_leave(kodi, simkl)
    for answer, is_signed_out in (("Cancel", False), ("Sign out", True)):
        result = consumer.begin("sign_out", "service")
        kodi.wait_for_message("Sign out of Simkl on this device?")
        kodi.press(answer, "Left Right")
        if is_signed_out:
            kodi.wait_for_message("Signed out.")
            kodi.press("OK", "")
        assert result() is is_signed_out
    assert consumer.do("account") is None


# Skins and other programs


@pytest.mark.every_kodi
@pytest.mark.since_kodi(20)
def test_skin(kodi: Kodi, simkl: StandIn) -> None:
    """A skin can read who is signed in."""
    labels = [f"Addon.SettingStr({ADDON_ID},{name})" for name in ("signed_in", "user_name")]
    assert kodi.info(*labels) == ["", ""]
    sign_in_and_leave(kodi, simkl)
    assert kodi.info(*labels) == ["yes", "Ada Lovelace"]
    assert kodi.is_true(f"!String.IsEmpty({labels[0]})")
    kodi.run("action=sign_out")
    kodi.press("Sign out", "Left Right")
    kodi.wait_for_message("Signed out.")
    assert kodi.info(*labels) == ["", ""]


@pytest.mark.every_kodi
def test_program(kodi: Kodi, simkl: StandIn) -> None:
    """Another program can start a sign-in by JSON-RPC."""
    kodi.rpc("Addons.ExecuteAddon", addonid=ADDON_ID, params=["action=sign_in"])
    sign_in(kodi, simkl)


def test_look_up_without_token(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """A look-up in Simkl's catalogue works without a sign-in, and carries no token with one."""
    assert consumer.do("look_up") == 200
    assert consumer.do("request") == "SignInNeeded"
    sign_in_and_leave(kodi, simkl)
    assert consumer.do("look_up") == 200
    for request in simkl.of_kind("catalogue"):
        assert "Authorization" not in request.headers
        assert request.query["client_id"] == CLIENT_ID


def test_limit_of_client_id(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If the client id's requests for the day are used up, AppLimitExceeded says when requests work again."""
    sign_in_and_leave(kodi, simkl)
    simkl.fault("activities", status(429, b'{"error":"app_limit_exceeded","code":429}'))
    assert consumer.do("request").startswith("AppLimitExceeded until ")
    assert consumer.do("account") == ada()


def test_no_notification_during_video(kodi: Kodi, simkl: StandIn, consumer: Consumer, tmp_path: Path) -> None:
    """While a video plays, the user is not notified that a new sign-in is needed; after it, the user is."""
    token = sign_in_and_leave(kodi, simkl)
    simkl.revoke(token)
    assert consumer.do("request") == 401
    let_refusal_last(kodi, token)
    video = tmp_path / "video.avi"
    video.write_bytes(b"YUV4MPEG2 W64 H64 F25:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + bytes(64 * 64 * 3 // 2)) * 25 * 60)
    kodi.rpc("Player.Open", item={"file": str(video)})
    wait_for("the video", lambda: kodi.is_true("Player.HasVideo"))
    assert consumer.do("request") == "SignInNeeded"
    assert consumer.do("request") == "SignInNeeded"
    assert kodi.is_true("Player.HasVideo")
    assert not kodi.is_visible("notification")
    kodi.rpc("Player.Stop", playerid=1)
    wait_for("the end of the video", lambda: not kodi.is_true("Player.HasVideo"))
    assert consumer.do("request") == "SignInNeeded"
    wait_for("the notification", lambda: kodi.is_visible("notification"))


# Check now


def check(kodi: Kodi) -> None:
    """Open the settings and press "Check now"."""
    kodi.open_settings()
    kodi.press("Check now", TO_CHECK_NOW)


def test_check_now(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If Simkl accepts the sign-in, "Check now" says so, and stores the name and the account type."""
    simkl.fault("user", status(404))
    kodi.run("action=sign_in")
    simkl.approve(shown_code(kodi), "Ada Lovelace")
    kodi.wait_for_message("Your name could not be fetched just now.")
    kodi.press("OK", "")
    simkl.types["Ada Lovelace"] = "vip"
    check(kodi)
    kodi.wait_for_message("The sign-in is good. Signed in as Ada Lovelace.")
    kodi.press("OK", "")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Ada Lovelace", "VIP account", "Check now"}
    assert "Signed in" not in kodi.settings_rows()
    assert consumer.do("account") == ada(type="vip")


def test_check_now_refused(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If Simkl refuses the token, "Check now" says so, add-ons see it, and the user can sign in again."""
    token = sign_in_and_leave(kodi, simkl)
    simkl.revoke(token)
    check(kodi)
    kodi.wait_for_message("Simkl does not accept this sign-in at the moment.")
    assert consumer.do("account") == ada()
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    let_refusal_last(kodi, token)
    kodi.press("Check now", TO_CHECK_NOW)
    kodi.wait_for_message(NO_LONGER_VALID)
    assert consumer.do("account") == ada(needs_sign_in=True, is_signed_in=False)
    kodi.press("Sign in again", "Left Right")
    sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert "Sign in with another account" in kodi.settings_rows()


def test_check_now_no_answer(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If Simkl sends no usable answer to "Check now", or the user cancels it, the account stays as it is."""
    sign_in_and_leave(kodi, simkl)
    simkl.fault("user", status(404), silence)
    check(kodi)
    kodi.wait_for_message("Simkl gave an answer that cannot be understood. Try again in a few minutes.")
    kodi.press("OK", "")
    kodi.wait_for_window(ADDON_SETTINGS)
    kodi.press("Check now", TO_CHECK_NOW)
    kodi.wait_for_window(PROGRESS)
    wait_for("the request", lambda: len(simkl.of_kind("user")) == 3)
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert consumer.do("account") == ada()


# One account in each profile, and what is stored


def test_replaced_account_is_named(kodi: Kodi, simkl: StandIn) -> None:
    """If the user signs in with another account, the message names the account that it replaces."""
    sign_in_and_leave(kodi, simkl)
    kodi.run("action=sign_in")
    shown_code(kodi)
    simkl.approve(simkl.newest_code() or "", "Grace Hopper")
    kodi.wait_for_message("Signed in as Grace Hopper. Ada Lovelace is no longer signed in on this device.")
    assert stored(kodi) == (list(simkl.tokens)[-1], "Grace Hopper")


@pytest.mark.large_screen
def test_settings_show_account(kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    """The settings show the name, the account type and the date, readable and focusable, below the actions."""
    simkl.types["Ada Lovelace"] = "pro"
    start_from_settings(kodi)
    sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Ada Lovelace", "PRO account", time.strftime("%m/%d/%Y"), "Check now"}
    assert kodi.focused() == "Check now"
    screenshot = tmp_path / "settings.png"
    wait_for("rows that can be read", lambda: are_legible(kodi, screenshot))  # the window fades in
    kodi.focus("Signed in as", "Down Down Down")
    kodi.key("Select")
    assert kodi.focused() == "Signed in as"
    assert kodi.window() == ADDON_SETTINGS, "pressing OK on that row does nothing"


def are_legible(kodi: Kodi, screenshot: Path) -> bool:
    """Take a screenshot of the settings, and return True if the rows of the account have the contrast WCAG asks for."""
    kodi.screenshot(screenshot)
    return all(legibility(screenshot, box)[1] >= 4.5 for box in ACCOUNT_ROWS)


def use_profile(home: Path, number: int) -> None:
    """Make Kodi use this one of its two profiles when it starts."""
    userdata = home / ".kodi/userdata"
    row = "<profile><id>{}</id><name>{}</name><directory>{}</directory><hasdatabases>true</hasdatabases></profile>"
    rows = row.format(0, "Master user", "special://masterprofile/") + row.format(1, "second", "profiles/second/")
    (userdata / "profiles.xml").write_text(
        f"<profiles><lastloaded>{number}</lastloaded><useloginscreen>false</useloginscreen><autologin>-1</autologin>"
        f"<nextIdProfile>2</nextIdProfile>{rows}</profiles>"
    )


@pytest.fixture
def second_profile(home: Path) -> None:
    """Kodi has a second profile."""
    profile = home / ".kodi/userdata/profiles/second"
    profile.mkdir(parents=True)
    shutil.copy(home / ".kodi/userdata/guisettings.xml", profile)
    shutil.copytree(home / ".kodi/userdata/Database", profile / "Database")


def test_account_in_each_profile(second_profile: None, kodi: Kodi, simkl: StandIn) -> None:
    """Each Kodi profile has its own account."""

    # Kodi is restarted for each profile. When a running Kodi changes its profile, it restarts its web server, and a
    # request at that moment can crash it.
    def restart(profile: int) -> Consumer:
        kodi.quit()
        use_profile(kodi.home, profile)
        kodi.start()
        assert kodi.info("System.ProfileName") == ["second" if profile else "Master user"]
        return Consumer(kodi)

    sign_in_and_leave(kodi, simkl)
    assert restart(1).do("account") is None
    sign_in_and_leave(kodi, simkl, "Grace Hopper")
    assert restart(0).do("account") == ada()
    assert restart(1).do("account")["name"] == "Grace Hopper"


def test_settings_from_other_device(kodi: Kodi, simkl: StandIn, template: Template, tmp_path: Path) -> None:
    """If the user copies the add-on's settings to another device, that device is signed in as well."""
    sign_in_and_leave(kodi, simkl)
    kodi.quit()
    copy = tmp_path / "other device"
    copy_home(template(kodi.release, "consumers"), copy)
    folder = Path(".kodi/userdata/addon_data") / ADDON_ID
    shutil.copytree(kodi.home / folder, copy / folder, dirs_exist_ok=True)
    other = Kodi(copy, kodi.display, release=kodi.release)
    try:
        other.start()
        consumer = Consumer(other)
        assert consumer.do("account") == ada()
        assert consumer.do("request") == 200
        other.quit()
    finally:
        other.kill()


def write_settings(home: Path, **values: str) -> None:
    """Write the add-on's settings.xml with these values."""
    folder = home / ".kodi/userdata/addon_data" / ADDON_ID
    folder.mkdir(parents=True, exist_ok=True)
    rows = "".join(f'<setting id="{name}">{value}</setting>' for name, value in values.items())
    (folder / "settings.xml").write_text(f'<settings version="2">{rows}</settings>')


@pytest.fixture
def token_only(home: Path, simkl: StandIn) -> None:
    """The settings as version 0.1.0 wrote them: only a token."""
    simkl.tokens["token-of-an-older-version"] = "Ada Lovelace"
    write_settings(home, access_token="token-of-an-older-version")


def test_account_of_version_0_1_0(token_only: None, kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """If only a token is stored, it counts as signed in, and "Check now" adds the name, the id and the type."""
    assert consumer.do("account") == ada(name="", id=None, type="", since="")
    assert consumer.do("request") == 200
    kodi.rpc("Addons.ExecuteAddon", addonid=ADDON_ID)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Signed in", "Check now", "Sign out"}
    kodi.press("Check now", TO_CHECK_NOW)
    kodi.wait_for_message("The sign-in is good. Signed in as Ada Lovelace.")
    assert consumer.do("account") == ada(since="")


@pytest.fixture
def damaged_account(home: Path) -> None:
    """The stored account has a number in place of a token."""
    write_settings(home, account='{"access_token": 5}', access_token="x", signed_in="yes", user_name="Ada")


def test_damaged_account(damaged_account: None, kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    """A damaged account counts as signed out, is reported in the log once, and can be replaced by a sign-in."""
    for where in ("script", "service"):
        assert consumer.do("account", where) is None
        assert consumer.do("request", where) == "SignInNeeded"
    assert kodi.log().count("the stored account is damaged") == 1
    sign_in_and_leave(kodi, simkl)
    assert consumer.do("account") == ada()


def test_pin_account_after_update(home: Path, kodi: Kodi, simkl: StandIn) -> None:
    """If an update brings a client id for the device flow, a PIN sign-in works on; Check now says to renew it.

    Requests keep the client id that the token was issued to, and cost no other request.
    """
    first = sign_in_and_leave(kodi, simkl)
    kodi.quit()
    fill_in_client_id(home, DEVICE_CLIENT_ID)
    kodi.start()
    consumer = Consumer(kodi)
    assert consumer.do("request") == 200
    assert simkl.requests[-1].headers["Authorization"] == f"Bearer {first}"
    assert simkl.requests[-1].query["client_id"] == CLIENT_ID, "the token was issued to this client id"
    assert [request.kind for request in simkl.requests[-2:]] == ["user", "activities"]
    kodi.open_settings()
    for answer in ("Cancel", "Sign in again"):
        kodi.press("Check now", TO_CHECK_NOW)
        kodi.wait_for_message("Simkl is changing how devices sign in")
        kodi.press(answer, "Left Right")
        if answer == "Cancel":
            kodi.wait_for_window(ADDON_SETTINGS)
            assert kodi.settings_rows() >= {OUTDATED, "Ada Lovelace"}
    second = sign_in(kodi, simkl)
    assert second.startswith("simkl_at_")
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert OUTDATED not in kodi.settings_rows()
    assert consumer.do("request") == 200
    assert simkl.requests[-1].query["client_id"] == DEVICE_CLIENT_ID


# The examples of docs/for-add-ons.md


def test_documentation_examples(kodi: Kodi, simkl: StandIn) -> None:
    """The script, the service and the plugin of the documentation work as it says."""
    wait_for("the service", lambda: "Example: signed out" in kodi.log())
    listing = kodi.rpc("Files.GetDirectory", directory="plugin://plugin.video.example/")["files"]
    assert [file["label"] for file in listing] == ["Sign in to Simkl"]

    kodi.builtin("RunScript(plugin.video.example)")
    token = sign_in(kodi, simkl)
    leave(kodi)
    wait_for("the request", lambda: simkl.of_kind("activities"))
    assert simkl.of_kind("activities")[0].headers["Authorization"] == f"Bearer {token}"
    assert simkl.of_kind("activities")[0].query["app-name"] == "plugin.video.example"
    wait_for("the notification", lambda: kodi.is_visible("notification"))
    wait_for("the service", lambda: "Example: signed in as Ada Lovelace" in kodi.log())
    listing = kodi.rpc("Files.GetDirectory", directory="plugin://plugin.video.example/")["files"]
    assert [file["label"] for file in listing] == ["Signed in as Ada Lovelace"]


def test_documentation_plugin_signs_in(kodi: Kodi, simkl: StandIn) -> None:
    """The user can sign in from the listing of the documentation's plugin, which then shows the name."""
    kodi.builtin("ActivateWindow(Videos,plugin://plugin.video.example/,return)")
    kodi.press("Sign in to Simkl", "Down Up Up")
    sign_in(kodi, simkl)
    leave(kodi)
    kodi.focus("Signed in as Ada Lovelace", "Down Up Up")
