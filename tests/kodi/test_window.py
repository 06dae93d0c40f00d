# SPDX-License-Identifier: GPL-2.0-or-later
"""The sign-in window on the screen: the code, the QR code and its file, and the layout."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.rig.faults import drop
from tests.rig.home import set_language, set_screensaver, set_skin
from tests.rig.kodi import HOME, Kodi, wait_for
from tests.rig.screen import legibility, qr_box, read_code, read_qr, seen_by_phone
from tests.rig.standin import StandIn
from tools.package import ADDON_ID

from .steps import seen_qr, shown_code, sign_in

pytestmark = pytest.mark.large_screen

TEXTS = {
    "title": ((720, 80, 1800, 152), 30),
    "code": ((720, 345, 1800, 595), 140),
    "time left": ((720, 662, 1800, 732), 30),
    "state": ((720, 735, 1800, 850), 30),
    "button": ((990, 950, 1530, 1014), 30),
}
"""Where the texts are in the window, and their least heights, of 1080 lines."""

ADDON_DATA = Path(".kodi/userdata/addon_data") / ADDON_ID


def qr_files(kodi: Kodi) -> list[Path]:
    """Return the files of QR codes that the add-on has written."""
    return list((kodi.home / ADDON_DATA).glob("qr-*"))


@pytest.fixture(params=["skin.estuary", "skin.estouchy"])
def skin(request: pytest.FixtureRequest, home: Path) -> str:
    """Each of the two skins that Kodi has."""
    set_skin(home, request.param)
    return str(request.param)


@pytest.mark.every_kodi
def test_code_and_qr_code(skin: str, kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    """The window shows the code in large characters, and a large QR code with a link that contains the code."""
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    screenshot = tmp_path / "screen.png"
    link = wait_for("the QR code", lambda: seen_qr(kodi, screenshot))
    assert link == f"https://simkl.com/pin/{code}"
    assert read_code(screenshot, len(code), "ltr") == code
    left, top, right, bottom = qr_box(screenshot)
    assert bottom - top >= 720 / 2
    assert abs((right - left) - (bottom - top)) <= 2
    kodi.wait_for_message("Scan the QR code, or go to simkl.com/pin and enter the code below")
    wait_for("the focus on Cancel", lambda: kodi.focused() == "Cancel")


def test_texts_can_be_read_from_the_sofa(skin: str, kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    """The texts are large and have a high contrast, and a phone three metres away reads the QR code of a small TV."""
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    screenshot, phone = tmp_path / "screen.png", tmp_path / "phone.png"
    wait_for("the QR code", lambda: seen_qr(kodi, screenshot))
    seen_by_phone(screenshot, phone)
    assert read_qr(phone) == f"https://simkl.com/pin/{code}"
    for name, (box, least_height) in TEXTS.items():
        height, contrast = legibility(screenshot, box)
        assert height >= least_height, name
        assert contrast >= 4.5, name
    sign_in(kodi, simkl)
    wait_for("the message", lambda: shows_message(kodi, screenshot))


def shows_message(kodi: Kodi, screenshot: Path) -> bool:
    """Take a screenshot, and return True if it has the message of a sign-in that has worked, in large letters."""
    kodi.screenshot(screenshot)
    height, contrast = legibility(screenshot, (420, 420, 1500, 560))
    return height >= 45 and contrast >= 7


@pytest.mark.usefixtures("device_flow")
def test_link_of_device_flow(kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    """In the device flow, the QR code has the link that Simkl sends."""
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    screenshot = tmp_path / "screen.png"
    link = wait_for("the QR code", lambda: seen_qr(kodi, screenshot))
    assert link == f"https://simkl.com/pin?user_code={code}"
    assert read_code(screenshot, len(code), "ltr", has_hyphen=True) == code


def test_new_code_has_new_qr_code(kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    """A new code gets a new QR code, and no QR code stays on the disk or in Kodi's cache."""
    simkl.expires_in = 4
    kodi.run("action=sign_in")
    first = shown_code(kodi)
    wait_for("the first QR code", lambda: seen_qr(kodi, tmp_path / "1.png").endswith(first))
    assert len(qr_files(kodi)) == 1
    kodi.wait_for_message("The code has expired.")
    wait_for("the expired QR code to disappear", lambda: seen_qr(kodi, tmp_path / "2.png") == "", 1)
    assert not qr_files(kodi)
    simkl.expires_in = 900
    kodi.press("New code", "")
    wait_for("another code", lambda: shown_code(kodi) != first)
    second = shown_code(kodi)
    wait_for("the second QR code", lambda: seen_qr(kodi, tmp_path / "3.png"))
    assert read_qr(tmp_path / "3.png") == f"https://simkl.com/pin/{second}"
    assert len(qr_files(kodi)) == 1
    sign_in(kodi, simkl)
    wait_for("the window to close", lambda: kodi.window() == HOME)
    assert not qr_files(kodi)
    for cached in (kodi.home / ".kodi/userdata/Thumbnails").rglob("*.*"):
        assert first not in read_qr(cached), "Kodi has the QR code in its cache"
        assert second not in read_qr(cached), "Kodi has the QR code in its cache"


@pytest.mark.parametrize("how", ["Cancel", "Quit", "kill"])
def test_qr_file_is_removed(kodi: Kodi, simkl: StandIn, how: str) -> None:
    """The file of the QR code is removed after Cancel, after Quit, and at the next sign-in after a crash of Kodi."""
    kodi.run("action=sign_in")
    shown_code(kodi)
    wait_for("the file", lambda: qr_files(kodi))
    if how == "Cancel":
        kodi.key("Back")
        kodi.wait_for_window(HOME)
    elif how == "Quit":
        assert kodi.quit() < 3
    else:
        (old,) = qr_files(kodi)
        kodi.kill()
        kodi.start()
        kodi.run("action=sign_in")
        wait_for("a code", lambda: shown_code(kodi) == simkl.newest_code())
        wait_for("another file", lambda: set(qr_files(kodi)) - {old})
        assert not old.exists()
        return
    wait_for("the file to be removed", lambda: not qr_files(kodi))


@pytest.fixture
def no_qrcode_module(home: Path) -> None:
    """The add-on script.module.qrcode is missing, as after a damaged installation."""
    shutil.rmtree(home / ".kodi/addons/script.module.qrcode")


def test_no_qrcode_module(no_qrcode_module: None, kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    """Without script.module.qrcode, the window shows the code in its centre and no QR code."""
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    wait_for("the line in the log", lambda: "no QR code: ModuleNotFoundError" in kodi.log())
    screenshot = tmp_path / "screen.png"
    wait_for("the code in the centre", lambda: _shows(kodi, screenshot, code, ""))
    assert read_qr(screenshot) == ""
    kodi.wait_for_message("Go to simkl.com/pin and enter this code")
    sign_in(kodi, simkl)


def _shows(kodi: Kodi, screenshot: Path, code: str, layout: str) -> bool:
    kodi.screenshot(screenshot)
    return read_code(screenshot, len(code), layout) == code


@pytest.fixture
def hebrew(home: Path) -> None:
    """Kodi's language is Hebrew."""
    set_language(home, "he_il")


def test_right_to_left(hebrew: None, kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    """In a right-to-left language, the window is mirrored, but the code still reads from left to right."""
    kodi.run("action=sign_in")
    code = wait_for("a code", kodi.code)
    screenshot = tmp_path / "screen.png"
    assert wait_for("the QR code", lambda: seen_qr(kodi, screenshot)) == f"https://simkl.com/pin/{code}"
    assert read_code(screenshot, len(code), "rtl") == code
    right_half = Image.open(screenshot).crop((640, 0, 1280, 720))
    right_half.save(tmp_path / "right.png")
    assert read_qr(tmp_path / "right.png").endswith(code)


def test_long_code_fits(kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    """A code of sixteen wide characters fits into the window."""
    simkl.next_user_code = "WMWMWMWMWMWMWMWM"
    kodi.run("action=sign_in")
    screenshot = tmp_path / "screen.png"
    wait_for("the QR code", lambda: seen_qr(kodi, screenshot))
    assert read_code(screenshot, 16, "ltr") == "WMWMWMWMWMWMWMWM"


@pytest.fixture
def broken_window(home: Path) -> None:
    """The XML file of the window is broken."""
    xml = next((home / ".kodi/addons" / ADDON_ID / "resources/skins").rglob("*.xml"))
    xml.write_text("<window><controls>")


def test_broken_window(broken_window: None, kodi: Kodi, simkl: StandIn) -> None:
    """If Kodi cannot read the window's XML file, the plain dialog is shown in its place."""
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    assert "[B]" in kodi.message(), "only the plain dialog shows the code in bold"
    assert code == simkl.newest_code()


def test_success_is_shown_for_seconds(kodi: Kodi, simkl: StandIn) -> None:
    """The window shows for seven seconds who is signed in, or until the user presses any key."""
    kodi.run("action=sign_in")
    sign_in(kodi, simkl)
    shown_at = time.monotonic()
    wait_for("the window to close", lambda: kodi.window() == HOME)
    assert 5 < time.monotonic() - shown_at < 10
    for key in ("Select", "Back", "Left"):
        kodi.run("action=sign_in")
        sign_in(kodi, simkl)
        wait_for("the focus on OK", lambda: kodi.focused() == "OK")
        kodi.key(key)
        wait_for("the window to close", lambda: kodi.window() == HOME, 2)


@pytest.mark.every_kodi
def test_screen_reader(kodi: Kodi, simkl: StandIn) -> None:
    """The label of the control with the focus, which a screen reader says, tells all that the window shows."""
    heard: list[str] = []

    def hear(part: str) -> None:
        """Wait until a text with this part is said, and note all that is said until then."""

        def listen() -> bool:
            said = kodi.spoken()
            if said and heard[-1:] != [said]:
                heard.append(said)
            return part in said

        wait_for(part, listen, 20)

    simkl.expires_in = 6
    kodi.run("action=sign_in")
    hear("enter this code")
    first = ", ".join(kodi.code())
    simkl.fault("poll", drop)
    hear("Cannot reach Simkl")
    simkl.clear_faults()
    hear("New code")
    simkl.expires_in = 900
    kodi.key("Select")
    wait_for("another code", lambda: kodi.code() not in ("", first.replace(", ", "")))
    hear(", ".join(kodi.code()))
    simkl.approve(kodi.code(), "Ada Lovelace")
    hear("Signed in as")
    instructions = "Go to simkl.com/pin and enter this code"
    expected = [
        f"{instructions}. {first}. Cancel",
        "Cannot reach Simkl at the moment, still trying. Cancel",
        "The code has expired. New code",
        "Signed in as Ada Lovelace. OK",
    ]
    assert [said for said in expected if said not in heard] == []
    assert not any(first.replace(", ", "") in said for said in heard), "the code as one word"


@pytest.mark.every_kodi
def test_screen_reader_of_an_answer(kodi: Kodi, simkl: StandIn) -> None:
    """A screen reader says the answer of a check: the dialog asks for the reader that says the texts of a question."""
    kodi.run("action=sign_in")
    sign_in(kodi, simkl)
    wait_for("the window to close", lambda: kodi.window() == HOME)
    kodi.run("action=check")
    kodi.wait_for_message("The sign-in is good. Signed in as Ada Lovelace.")
    said = kodi.info("Window.Property(TTS.READER)", "Control.GetLabel(1)", "Control.GetLabel(9)")
    assert said == ["yesnodialog", "Simkl Account", "The sign-in is good. Signed in as Ada Lovelace."]
    wait_for("the focus on OK", lambda: kodi.spoken() == "OK")


@pytest.mark.slow
def test_screensaver(home: Path, request: pytest.FixtureRequest, simkl: StandIn) -> None:
    """Kodi's screensaver does not come while the code is shown, and comes when the code is gone."""
    set_screensaver(home, minutes=1)
    kodi: Kodi = request.getfixturevalue("kodi")
    simkl.expires_in = 75
    kodi.run("action=sign_in")
    shown_code(kodi)
    kodi.wait_for_message("The code has expired.", 90)
    assert not kodi.is_true("System.ScreenSaverActive")
    wait_for("the screensaver", lambda: kodi.is_true("System.ScreenSaverActive"), 90, 0.5)
