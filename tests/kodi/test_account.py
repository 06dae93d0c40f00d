# SPDX-License-Identifier: GPL-2.0-or-later
"""The account, as other add-ons use it and as a person looks after it, in a real Kodi."""

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.rig.consumer import CONSUMER, Consumer
from tests.rig.faults import redirect, silence, status
from tests.rig.home import fill_in_client_id
from tests.rig.kodi import ADDON_SETTINGS, CONFIRMATION, HOME, PROGRESS, Kodi, copy_home, wait_for
from tests.rig.standin import CLIENT_ID, DEVICE_CLIENT_ID, StandIn, account_id
from tools.package import ADDON_ID

from .conftest import Template
from .sofa import leave, shown_code, sign_in, sign_in_and_leave, start_from_settings, stored

pytestmark = pytest.mark.consumers

NO_LONGER_VALID = "The sign-in to Simkl is no longer valid. Sign in again."


def ada(**changes: Any) -> Any:
    """The account, as the consumer tells of it."""
    since = time.strftime("%Y-%m-%d")
    whole = {"name": "Ada Lovelace", "id": account_id("Ada Lovelace"), "type": "free", "since": since}
    return {**whole, "needs_sign_in": False, "is_outdated": False, "is_signed_in": True, **changes}


# Other add-ons


@pytest.mark.every_kodi
def test_the_life_of_an_account_as_another_add_on_sees_it(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    for where in ("script", "service"):
        assert consumer.do("account", where) is None
        assert consumer.do("request", where) == "SignInNeeded"
    assert not simkl.requests

    simkl.types["Ada Lovelace"] = "pro"
    token = sign_in_and_leave(kodi, simkl)
    assert consumer.wait_until_heard(1) == [["Other.signed_in", None, ada(type="pro")]]
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
    assert consumer.wait_until_heard(3)[2] == ["Other.signed_out", None, None]
    count = len(simkl.requests)
    for where in ("script", "service"):
        assert consumer.do("account", where) is None
        assert consumer.do("request", where) == "SignInNeeded"
    assert len(simkl.requests) == count


@pytest.mark.every_kodi
def test_a_plugin(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    def labels() -> Any:
        listing = kodi.rpc("Files.GetDirectory", directory=f"plugin://{CONSUMER}/")
        return [file["label"] for file in listing["files"]]

    assert labels() == ["None", "SignInNeeded"]
    sign_in_and_leave(kodi, simkl)
    assert labels() == ["Ada Lovelace", "200"]


def test_nothing_goes_to_another_host(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    sign_in_and_leave(kodi, simkl)
    for target in ("https://simkl.com/pin", "https://api.simkl.com/sync/activities"):
        simkl.fault("activities", redirect(f"{target}?client_id={CLIENT_ID}"))
        assert consumer.do("request") == 200
    elsewhere = simkl.of_kind("page")[0]
    assert elsewhere.headers["Host"] == "simkl.com"
    assert "Authorization" not in elsewhere.headers
    assert elsewhere.query == {}
    assert CONSUMER not in str(elsewhere.headers)
    assert simkl.requests[-1].query["client_id"] == CLIENT_ID
    assert simkl.requests[-1].headers["Authorization"]


def test_importing_it_does_not_import_requests(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    assert consumer.do("imported") is False


@pytest.mark.every_kodi
@pytest.mark.parametrize("where", ["script", "service"])
def test_another_add_on_starts_a_sign_in(kodi: Kodi, simkl: StandIn, consumer: Consumer, where: str) -> None:
    end = consumer.begin("sign_in", where)
    sign_in(kodi, simkl)
    assert end() == "SIGNED_IN"
    leave(kodi)
    kodi.wait_for_window(HOME)
    end = consumer.begin("sign_in", where)
    shown_code(kodi)
    kodi.key("Back")
    assert end() == "CANCELLED"
    assert consumer.do("account") == ada()


def test_two_interpreters_agree_on_one_dialog(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    ends = [consumer.begin("sign_in", where) for where in ("script", "service", "script")]
    shown_code(kodi)
    late = consumer.begin("sign_in")
    sign_in(kodi, simkl)
    assert [end() for end in [*ends, late]] == ["SIGNED_IN"] * 4
    assert len(simkl.of_kind("code")) == 1
    assert not kodi.is_visible("notification"), "that a sign-in is already open is news to nobody"


def test_quit_while_a_service_waits_for_a_sign_in(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    consumer.begin("sign_in", "service")
    shown_code(kodi)
    assert kodi.quit() < 5


# A sign-in that is no longer valid


def test_a_revoked_token(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    first = sign_in_and_leave(kodi, simkl)
    simkl.revoke(first)
    assert consumer.do("request") == "SignInNeeded"
    refused, again = simkl.of_kind("activities")
    assert again.at - refused.at >= 3
    shown = wait_for("the notification", lambda: kodi.is_visible("notification"))
    assert shown
    assert consumer.do("request", "service") == "SignInNeeded"
    assert len(simkl.of_kind("activities")) == 2, "Simkl is not asked again"
    assert consumer.do("account") == ada(needs_sign_in=True, is_signed_in=False)
    assert stored(kodi) == (first, "Ada Lovelace")
    wait_for("the end of the notification", lambda: not kodi.is_visible("notification"))
    assert consumer.do("request") == "SignInNeeded"
    assert not kodi.is_visible("notification"), "at most one an hour"

    kodi.open_settings()
    assert kodi.settings_rows() >= {"Sign-in no longer valid: sign in again", "Ada Lovelace", "Check now", "Sign out"}
    assert not kodi.settings_rows() & {"Not signed in", "Sign in", "Sign in with another account"}
    kodi.press("Sign-in no longer valid: sign in again", "Left Right Up")
    second = sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert "Sign-in no longer valid: sign in again" not in kodi.settings_rows()
    assert stored(kodi) == (second, "Ada Lovelace")
    kodi.key("Back")
    assert consumer.do("request", "service") == 200
    assert len(consumer.wait_until_heard(2)) == 2


@pytest.mark.parametrize("fault", [status(500), status(503, b"<html>"), status(429, b'{"error":"rate_limit"}')])
def test_other_faults_never_mark_it(kodi: Kodi, simkl: StandIn, consumer: Consumer, fault: Any) -> None:
    sign_in_and_leave(kodi, simkl)
    simkl.fault("activities", fault)
    assert consumer.do("request") in (429, 500, 503)
    assert consumer.do("account") == ada()
    simkl.fault("activities", status(401, b'{"error":"user_token_failed","code":401}'))
    assert consumer.do("request") == 200, "one refusal is a passing fault"
    assert consumer.do("account") == ada()


def test_no_notification_over_a_video(kodi: Kodi, simkl: StandIn, consumer: Consumer, tmp_path: Path) -> None:
    simkl.revoke(sign_in_and_leave(kodi, simkl))
    video = tmp_path / "video.avi"
    video.write_bytes(b"YUV4MPEG2 W64 H64 F25:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + bytes(64 * 64 * 3 // 2)) * 25 * 60)
    kodi.rpc("Player.Open", item={"file": str(video)})
    wait_for("the video", lambda: kodi.is_true("Player.HasVideo"))
    assert consumer.do("request") == "SignInNeeded"
    assert consumer.do("request") == "SignInNeeded"
    assert kodi.is_true("Player.HasVideo")
    assert not kodi.is_visible("notification")
    kodi.rpc("Player.Stop", playerid=1)
    wait_for("no video", lambda: not kodi.is_true("Player.HasVideo"))
    assert consumer.do("request") == "SignInNeeded"
    wait_for("the notification", lambda: kodi.is_visible("notification"))


# Check now


def check(kodi: Kodi) -> None:
    """Press it."""
    kodi.open_settings()
    kodi.press("Check now", "Left Right Up Down Down Down")


def test_check_now_says_that_it_is_good_and_fetches_what_is_new(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    simkl.fault("user", status(500))
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


def test_check_now_finds_it_no_longer_valid(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    simkl.revoke(sign_in_and_leave(kodi, simkl))
    check(kodi)
    kodi.wait_for_message(NO_LONGER_VALID)
    assert consumer.do("account") == ada(needs_sign_in=True, is_signed_in=False)
    kodi.press("Sign in again", "Left Right")
    sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert "Sign in with another account" in kodi.settings_rows()


def test_check_now_without_an_answer(kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    sign_in_and_leave(kodi, simkl)
    simkl.fault("user", status(503), silence)
    check(kodi)
    kodi.wait_for_message("Simkl gave an answer that cannot be understood. Try again in a few minutes.")
    kodi.press("OK", "")
    kodi.wait_for_window(ADDON_SETTINGS)
    kodi.press("Check now", "Left Right Up Down Down Down")
    kodi.wait_for_window(PROGRESS)
    wait_for("the request", lambda: len(simkl.of_kind("user")) == 3)
    kodi.key("Back")
    kodi.wait_for_window(ADDON_SETTINGS)
    assert consumer.do("account") == ada()


# One account a profile, and what is stored


def test_another_account_says_which_one_it_replaces(kodi: Kodi, simkl: StandIn) -> None:
    sign_in_and_leave(kodi, simkl)
    kodi.run("action=sign_in")
    shown_code(kodi)
    simkl.approve(simkl.newest_code() or "", "Grace Hopper")
    kodi.wait_for_message("Signed in as Grace Hopper. Ada Lovelace is no longer signed in on this device.")
    assert stored(kodi) == (list(simkl.tokens)[-1], "Grace Hopper")


def test_the_settings_show_the_kind_of_account_and_since_when(kodi: Kodi, simkl: StandIn) -> None:
    simkl.types["Ada Lovelace"] = "pro"
    start_from_settings(kodi)
    sign_in(kodi, simkl)
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Ada Lovelace", "PRO account", time.strftime("%Y-%m-%d"), "Check now"}


def use_profile(home: Path, number: int) -> None:
    """Have the next Kodi start with this one of two Kodi profiles."""
    userdata = home / ".kodi/userdata"
    row = "<profile><id>{}</id><name>{}</name><directory>{}</directory><hasdatabases>true</hasdatabases></profile>"
    rows = row.format(0, "Master user", "special://masterprofile/") + row.format(1, "second", "profiles/second/")
    (userdata / "profiles.xml").write_text(
        f"<profiles><lastloaded>{number}</lastloaded><useloginscreen>false</useloginscreen><autologin>-1</autologin>"
        f"<nextIdProfile>2</nextIdProfile>{rows}</profiles>"
    )


@pytest.fixture
def second_profile(home: Path) -> None:
    """There is another Kodi profile."""
    profile = home / ".kodi/userdata/profiles/second"
    profile.mkdir(parents=True)
    shutil.copy(home / ".kodi/userdata/guisettings.xml", profile)
    shutil.copytree(home / ".kodi/userdata/Database", profile / "Database")


def test_each_profile_has_its_own_account(second_profile: None, kodi: Kodi, simkl: StandIn) -> None:
    # Restarted for each, since a request while Kodi changes the profile, and with it the web server, can crash it.
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


def test_a_settings_file_from_another_box(kodi: Kodi, simkl: StandIn, template: Template, tmp_path: Path) -> None:
    sign_in_and_leave(kodi, simkl)
    kodi.quit()
    copy = tmp_path / "another box"
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
    """A settings.xml by somebody else."""
    folder = home / ".kodi/userdata/addon_data" / ADDON_ID
    folder.mkdir(parents=True, exist_ok=True)
    rows = "".join(f'<setting id="{name}">{value}</setting>' for name, value in values.items())
    (folder / "settings.xml").write_text(f'<settings version="2">{rows}</settings>')


@pytest.fixture
def older_shape(home: Path, simkl: StandIn) -> None:
    """What a version wrote that stored the token alone."""
    simkl.tokens["token-of-an-older-version"] = "Ada Lovelace"
    write_settings(home, access_token="token-of-an-older-version")


def test_the_older_shape_is_understood(older_shape: None, kodi: Kodi, simkl: StandIn, consumer: Consumer) -> None:
    assert consumer.do("account") == ada(name="", id=None, type="", since="")
    assert consumer.do("request") == 200
    kodi.rpc("Addons.ExecuteAddon", addonid=ADDON_ID)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert kodi.settings_rows() >= {"Signed in", "Check now", "Sign out"}
    kodi.press("Check now", "Left Right Up Down Down Down")
    kodi.wait_for_message("The sign-in is good. Signed in as Ada Lovelace.")
    assert consumer.do("account") == ada(since="")


@pytest.fixture
def damaged(home: Path) -> None:
    """What somebody wrote by hand."""
    write_settings(home, account='{"access_token": 5}', access_token="x", signed_in="yes", user_name="Ada")


def test_damaged_is_signed_out_with_one_line_in_the_log(
    damaged: None, kodi: Kodi, simkl: StandIn, consumer: Consumer
) -> None:
    for where in ("script", "service"):
        assert consumer.do("account", where) is None
        assert consumer.do("request", where) == "SignInNeeded"
    assert kodi.log().count("the stored account is damaged") == 1
    sign_in_and_leave(kodi, simkl)
    assert consumer.do("account") == ada()


def test_a_pin_sign_in_after_a_build_with_a_client_id_for_the_device_flow(
    home: Path, kodi: Kodi, simkl: StandIn
) -> None:
    first = sign_in_and_leave(kodi, simkl)
    kodi.quit()
    fill_in_client_id(home, DEVICE_CLIENT_ID)
    kodi.start()
    consumer = Consumer(kodi)
    assert consumer.do("request") == 200
    wait_for("the notification", lambda: kodi.is_visible("notification"))
    assert simkl.requests[-1].headers["Authorization"] == f"Bearer {first}"
    assert simkl.requests[-1].query["client_id"] == CLIENT_ID, "whom it was issued to"
    wait_for("the end of the notification", lambda: not kodi.is_visible("notification"))
    assert consumer.do("request", "service") == 200
    assert not kodi.is_visible("notification"), "it says so once"
    kodi.open_settings()
    assert kodi.settings_rows() >= {"Simkl has a new way of signing in: sign in again", "Ada Lovelace"}
    kodi.press("Check now", "Left Right Up Down Down Down")
    kodi.wait_for_message("Simkl is changing how devices sign in")
    kodi.press("Sign in again", "Left Right")
    second = sign_in(kodi, simkl)
    assert second.startswith("simkl_at_")
    leave(kodi)
    kodi.wait_for_window(ADDON_SETTINGS)
    assert "Simkl has a new way of signing in: sign in again" not in kodi.settings_rows()
    assert consumer.do("request") == 200
    assert simkl.requests[-1].query["client_id"] == DEVICE_CLIENT_ID


# The examples of docs/for-add-ons.md


def test_the_examples_of_the_documentation(kodi: Kodi, simkl: StandIn) -> None:
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


def test_the_plugin_of_the_documentation_signs_in(kodi: Kodi, simkl: StandIn) -> None:
    kodi.builtin("ActivateWindow(Videos,plugin://plugin.video.example/,return)")
    kodi.press("Sign in to Simkl", "Down Up Up")
    sign_in(kodi, simkl)
    leave(kodi)
    kodi.focus("Signed in as Ada Lovelace", "Down Up Up")
