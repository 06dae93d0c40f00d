# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run`: starts a temporary Kodi with the add-on, and a stand-in for Simkl; with a client id, the real Simkl.

On a desktop, the user tries the add-on. Without a screen, the demo signs in by itself and takes screenshots.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from tools.package import ROOT

from . import namespace
from .kodi import ADDON_SETTINGS, ENTER_CODE, SIGN_IN, Kodi, make_home, wait_for, xvfb
from .standin import CLIENT_ID, HOSTS, StandIn

SCREENSHOTS = ROOT / "build/screenshots"
PAGE_PORT = 8765


def main(client_id: str) -> None:
    """Run until the user quits Kodi, or until the demo has signed in. client_id: "" for the stand-in."""
    simkl = StandIn(interval=5)
    if not client_id:
        page = socket.create_server(("127.0.0.1", PAGE_PORT))  # outside the private network, for a browser
        namespace.enter(HOSTS)
        simkl.serve_tls()
        simkl.serve_page(page)
    with tempfile.TemporaryDirectory(prefix="kodi-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        if os.environ.get("DISPLAY"):
            run_on_desktop(home, os.environ["DISPLAY"], simkl, client_id)
        else:
            with xvfb() as display:
                run_on_virtual_screen(home, display, simkl, client_id)
    simkl.close()


def run_on_desktop(home: Path, display: str, simkl: StandIn, client_id: str) -> None:
    """Let the user try the add-on."""
    say("Starting Kodi")
    make_home(home, display, simkl.authority, client_id or CLIENT_ID, windowed=True)
    kodi = Kodi(home, display)
    try:
        kodi.start()
        kodi.open_settings()
        page = "simkl.com/pin" if client_id else f"http://127.0.0.1:{PAGE_PORT}/pin"
        say(f"Press 'Sign in' in the add-on's settings, and enter the code at {page}")
        say("To end, quit Kodi or press Ctrl-C here")
        while kodi.is_running():
            time.sleep(0.5)
    except KeyboardInterrupt:
        kodi.quit()
    finally:
        kodi.kill()


def run_on_virtual_screen(home: Path, display: str, simkl: StandIn, client_id: str) -> None:
    """Sign in, and take a screenshot of each step."""
    say("There is no screen here: signing in on a virtual one")
    make_home(home, display, simkl.authority, client_id or CLIENT_ID)
    kodi = Kodi(home, display)
    try:
        kodi.start()
        kodi.open_settings()
        wait_for("the settings", lambda: kodi.focused() == "Sign in")
        take_screenshot(kodi, "1-settings", "The add-on's settings: not signed in")
        kodi.press("Sign in")
        kodi.wait_for_window(SIGN_IN)
        kodi.wait_for_message(ENTER_CODE, 30)
        code = kodi.code()
        take_screenshot(kodi, "2-code", f"The code is {code}")
        if client_id:
            say(f"Enter {code} at simkl.com/pin within 15 minutes")
        else:
            simkl.approve(code, "Ada Lovelace")
            say("The stand-in has approved it")
        kodi.wait_for_message("Signed in", 900)
        take_screenshot(kodi, "3-signed-in", kodi.message())
        kodi.wait_for_window(ADDON_SETTINGS)
        take_screenshot(kodi, "4-account", "The settings say who is signed in")
        kodi.quit()
    finally:
        kodi.kill()


def take_screenshot(kodi: Kodi, name: str, description: str) -> None:
    """Wait until the window has opened, take a screenshot, and print what it shows."""
    time.sleep(1)  # the skin's animation: Kodi has no info label that says when it has ended
    file = SCREENSHOTS / f"{name}.png"
    kodi.screenshot(file)
    say(f"{description}  ({file.relative_to(ROOT)})")


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
