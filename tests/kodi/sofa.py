# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person does from the sofa, for the tests to say in one line."""

import re
from typing import Tuple

import pytest

from tests.rig.kodi import CONFIRMATION, HOME, SIGN_IN, Kodi, wait_for
from tests.rig.standin import StandIn

both_views = pytest.mark.parametrize("view", ["window", "plain"], indirect=True)


def start_from_settings(kodi: Kodi, button: str = "Sign in") -> None:
    """Open the settings and press a button; its window goes before the dialog comes."""
    kodi.open_settings()
    kodi.press(button)


def shown_code(kodi: Kodi) -> str:
    """Read the code as a person would: from the screen."""
    message = kodi.wait_for_message("enter this code")
    kodi.wait_for_window(SIGN_IN)
    match = re.search(r"\[B\](.*?)\[/B\]", message)
    return (match.group(1) if match else kodi.info("Control.GetLabel(6)")[0]).replace(" ", "")


def sign_in(kodi: Kodi, simkl: StandIn, name: str = "Ada Lovelace") -> str:
    """Sign in from the open dialog, as far as the words that say so. Returns the token."""
    # Kodi's progress window has the last dialog's text until it is drawn, so wait for the code that is good.
    wait_for("a good code on the screen", lambda: shown_code(kodi) == simkl.newest_code())
    assert simkl.approve(simkl.newest_code() or "", name)
    kodi.wait_for_message(f"Signed in as {name}")
    return list(simkl.tokens)[-1]


def leave(kodi: Kodi) -> None:
    """Go on from the words that say who is signed in: OK in a dialog; the window goes by itself."""
    if kodi.window() == CONFIRMATION:
        kodi.press("OK", "")
    wait_for("the words to go", lambda: "Signed in" not in kodi.message())


def stored(kodi: Kodi) -> Tuple[str, str]:
    """The token and the name on the disk."""
    settings = kodi.settings_file()
    return settings.get("access_token", ""), settings.get("user_name", "")


def sign_in_and_leave(kodi: Kodi, simkl: StandIn, name: str = "Ada Lovelace") -> str:
    """Sign in, and be back at the home screen. Returns the token."""
    kodi.run("action=sign_in")
    token = sign_in(kodi, simkl, name)
    leave(kodi)
    kodi.wait_for_window(HOME)
    return token
