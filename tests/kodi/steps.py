# SPDX-License-Identifier: GPL-2.0-or-later
"""Steps that many tests have in common: what the user does, and what is stored then."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rig.kodi import ENTER_CODE, HOME, SIGN_IN, Kodi, wait_for
from tests.rig.screen import read_qr
from tests.rig.standin import StandIn

both_views = pytest.mark.parametrize("view", ["window", "plain"], indirect=True)
"""Run a test twice: with the add-on's own window, and with Kodi's plain progress dialog."""


def start_from_settings(kodi: Kodi, button: str = "Sign in") -> None:
    """Open the settings and press a button there. Kodi closes the settings before the add-on's dialog opens."""
    kodi.open_settings()
    kodi.press(button)


def shown_code(kodi: Kodi) -> str:
    """Wait until a code is on the screen, and return it."""
    message = kodi.wait_for_message(ENTER_CODE)
    kodi.wait_for_window(SIGN_IN)
    in_plain_dialog = re.search(r"\[B\](.*?)\[/B\]", message)
    code = in_plain_dialog.group(1) if in_plain_dialog else wait_for("the code in the window", kodi.code)
    return code.replace(" ", "")


def seen_qr(kodi: Kodi, screenshot: Path) -> str:
    """Take a screenshot, and return the link in the QR code on it; "" if there is none."""
    kodi.screenshot(screenshot)
    return read_qr(screenshot)


def sign_in(kodi: Kodi, simkl: StandIn, name: str = "Ada Lovelace") -> str:
    """Approve the code on the screen, wait for the message that says so, and return the token."""
    # Until Kodi has drawn its progress dialog, it holds the text of its last use. So wait for the code that is valid.
    wait_for("a valid code on the screen", lambda: shown_code(kodi) == simkl.newest_code())
    assert simkl.approve(simkl.newest_code() or "", name)
    kodi.wait_for_message(f"Signed in as {name}")
    return list(simkl.tokens)[-1]


def leave(kodi: Kodi) -> None:
    """Close the message that says who is signed in."""
    kodi.press("OK", "")
    wait_for("the message to close", lambda: "Signed in" not in kodi.message())


def stored(kodi: Kodi) -> tuple[str, str]:
    """Return the token and the user's name that are on the disk."""
    settings = kodi.settings_file()
    return settings.get("access_token", ""), settings.get("user_name", "")


def sign_in_and_leave(kodi: Kodi, simkl: StandIn, name: str = "Ada Lovelace") -> str:
    """Start a sign-in, complete it, and wait for the home screen. Returns the token."""
    kodi.run("action=sign_in")
    token = sign_in(kodi, simkl, name)
    leave(kodi)
    kodi.wait_for_window(HOME)
    return token


def addon_data(kodi: Kodi) -> Path:
    """Return the add-on's folder in the profile, and make it if it is missing."""
    folder = kodi.home / ".kodi/userdata/addon_data/script.simkl.account"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
