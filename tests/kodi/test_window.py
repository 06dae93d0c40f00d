# SPDX-License-Identifier: GPL-2.0-or-later
"""The window for a television, looked at: what is on the screen, and what is left behind."""

import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.rig.home import set_language, set_skin
from tests.rig.kodi import HOME, Kodi, wait_for
from tests.rig.screen import qr_box, read_code, read_qr
from tests.rig.standin import StandIn
from tools.package import ADDON_ID

from .sofa import shown_code, sign_in

PICTURES = Path(".kodi/userdata/addon_data") / ADDON_ID


def seen_qr(kodi: Kodi, file: Path) -> str:
    """What a phone reads off the screen."""
    kodi.screenshot(file)
    return read_qr(file)


@pytest.fixture(params=["skin.estuary", "skin.estouchy"])
def skin(request: pytest.FixtureRequest, home: Path) -> str:
    """One of the two skins that Kodi comes with."""
    set_skin(home, request.param)
    return str(request.param)


@pytest.mark.every_kodi
def test_the_code_and_its_picture(skin: str, kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    picture = tmp_path / "screen.png"
    link = wait_for("the QR code", lambda: seen_qr(kodi, picture))
    assert link == f"https://simkl.com/pin/{code}"
    assert read_code(picture, len(code), "ltr") == code
    left, top, right, bottom = qr_box(picture)
    assert bottom - top >= 720 / 5
    assert abs((right - left) - (bottom - top)) <= 2
    assert "Scan, or go to simkl.com/pin and enter this code" in kodi.message()
    assert kodi.focused() == "Cancel"


@pytest.mark.usefixtures("device_flow")
def test_the_device_flow_has_a_link_of_its_own(kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    picture = tmp_path / "screen.png"
    link = wait_for("the QR code", lambda: seen_qr(kodi, picture))
    assert link == f"https://simkl.com/pin?user_code={code}"
    assert read_code(picture, len(code), "ltr") == code


def test_a_new_code_has_a_new_picture_and_none_is_left(kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    simkl.expires_in = 4
    kodi.run("action=sign_in")
    first = shown_code(kodi)
    wait_for("the first QR code", lambda: seen_qr(kodi, tmp_path / "1.png").endswith(first))
    assert len(list((kodi.home / PICTURES).glob("qr-*"))) == 1
    kodi.wait_for_message("The code has expired.")
    assert seen_qr(kodi, tmp_path / "2.png") == "", "no dead code on the screen"
    assert not list((kodi.home / PICTURES).glob("qr-*"))
    simkl.expires_in = 900
    kodi.press("New code", "")
    wait_for("another code", lambda: shown_code(kodi) != first)
    second = shown_code(kodi)
    wait_for("the second QR code", lambda: seen_qr(kodi, tmp_path / "3.png"))
    assert read_qr(tmp_path / "3.png") == f"https://simkl.com/pin/{second}"
    assert len(list((kodi.home / PICTURES).glob("qr-*"))) == 1
    sign_in(kodi, simkl)
    wait_for("the window to go", lambda: kodi.window() == HOME)
    assert not list((kodi.home / PICTURES).glob("qr-*"))
    for cached in (kodi.home / ".kodi/userdata/Thumbnails").rglob("*.*"):
        assert first not in read_qr(cached), "Kodi has kept it"
        assert second not in read_qr(cached), "Kodi has kept it"


@pytest.mark.parametrize("how", ["Cancel", "Quit", "kill"])
def test_the_picture_goes_however_it_ends(kodi: Kodi, simkl: StandIn, tmp_path: Path, how: str) -> None:
    kodi.run("action=sign_in")
    shown_code(kodi)
    wait_for("the picture", lambda: list((kodi.home / PICTURES).glob("qr-*")))
    if how == "Cancel":
        kodi.key("Back")
        kodi.wait_for_window(HOME)
    elif how == "Quit":
        assert kodi.quit() < 3
    else:
        (left,) = (kodi.home / PICTURES).glob("qr-*")
        kodi.kill()
        kodi.start()
        kodi.run("action=sign_in")
        wait_for("a code", lambda: shown_code(kodi) == simkl.newest_code())
        wait_for("another picture", lambda: set((kodi.home / PICTURES).glob("qr-*")) - {left})
        assert not left.exists()
        return
    wait_for("no picture", lambda: not list((kodi.home / PICTURES).glob("qr-*")))


@pytest.fixture
def no_library(home: Path) -> None:
    """The optional module add-on is not installed."""
    shutil.rmtree(home / ".kodi/addons/script.module.qrcode")


def test_without_the_library_the_same_window_without_the_picture(
    no_library: None, kodi: Kodi, simkl: StandIn, tmp_path: Path
) -> None:
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    wait_for("the line", lambda: "no QR code: ModuleNotFoundError" in kodi.log())
    picture = tmp_path / "screen.png"
    wait_for("the code in the middle", lambda: _reads(kodi, picture, code, ""))
    assert read_qr(picture) == ""
    assert "Go to simkl.com/pin and enter this code" in kodi.message()
    sign_in(kodi, simkl)


def _reads(kodi: Kodi, picture: Path, code: str, layout: str) -> bool:
    kodi.screenshot(picture)
    return read_code(picture, len(code), layout) == code


@pytest.fixture
def hebrew(home: Path) -> None:
    """Kodi speaks Hebrew."""
    set_language(home, "he_il")


def test_from_right_to_left_it_is_mirrored(hebrew: None, kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    kodi.run("action=sign_in")
    code = wait_for("a code", lambda: kodi.info("Control.GetLabel(6)")[0])
    picture = tmp_path / "screen.png"
    assert wait_for("the QR code", lambda: seen_qr(kodi, picture)) == f"https://simkl.com/pin/{code}"
    assert read_code(picture, len(code), "rtl") == code
    right_half = Image.open(picture).crop((640, 0, 1280, 720))
    right_half.save(tmp_path / "right.png")
    assert read_qr(tmp_path / "right.png").endswith(code)


def test_a_long_code_fits(kodi: Kodi, simkl: StandIn, tmp_path: Path) -> None:
    simkl.next_user_code = "WMWMWMWMWMWMWMWM"
    kodi.run("action=sign_in")
    picture = tmp_path / "screen.png"
    wait_for("the QR code", lambda: seen_qr(kodi, picture))
    assert read_code(picture, 16, "ltr") == "WMWMWMWMWMWMWMWM"


@pytest.fixture
def broken_window(home: Path) -> None:
    """Its XML is in pieces."""
    xml = next((home / ".kodi/addons" / ADDON_ID / "resources/skins").rglob("*.xml"))
    xml.write_text("<window><controls>")


def test_a_window_that_does_not_open_is_not_waited_for(broken_window: None, kodi: Kodi, simkl: StandIn) -> None:
    kodi.run("action=sign_in")
    code = shown_code(kodi)
    assert "[B]" in kodi.message(), "the plain dialog"
    assert code == simkl.newest_code()


def test_success_is_seen_for_two_seconds(kodi: Kodi, simkl: StandIn) -> None:
    kodi.run("action=sign_in")
    sign_in(kodi, simkl)
    seen = time.monotonic()
    wait_for("the window to go", lambda: kodi.window() == HOME)
    assert 1 < time.monotonic() - seen < 4
    kodi.run("action=sign_in")
    sign_in(kodi, simkl)
    kodi.key("Select")
    wait_for("the window to go", lambda: kodi.window() == HOME, 0.9)
