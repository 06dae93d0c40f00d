# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run`: a throw-away Kodi with the add-on in it, and a stand-in for Simkl (or Simkl itself, by a client id).

On a desktop the person uses it. Without a screen it walks through the sign-in itself and leaves screenshots.
"""

import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from tools.package import ROOT

from . import namespace
from .kodi import ADDON_SETTINGS, SIGN_IN, Kodi, make_home, wait_for, xvfb
from .standin import CLIENT_ID, HOSTS, StandIn

SCREENSHOTS = ROOT / "build/screenshots"
PAGE_PORT = 8765


def main(client_id: str) -> None:
    """Run until Kodi is quit, or the walk is done. client_id: "" for the stand-in."""
    simkl = StandIn(interval=5)
    if not client_id:
        page = socket.create_server(("127.0.0.1", PAGE_PORT))  # made before, and so outside of, the tests' network
        namespace.enter(HOSTS)
        simkl.serve_tls()
        simkl.serve_page(page)
    with tempfile.TemporaryDirectory(prefix="kodi-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        if os.environ.get("DISPLAY"):
            use(home, os.environ["DISPLAY"], simkl, client_id)
        else:
            with xvfb() as display:
                walk(home, display, simkl, client_id)
    simkl.close()


def use(home: Path, display: str, simkl: StandIn, client_id: str) -> None:
    """For a person at a desktop."""
    say("Starting Kodi")
    make_home(home, display, simkl.authority, client_id or CLIENT_ID, windowed=True)
    kodi = Kodi(home, display)
    try:
        kodi.start()
        kodi.open_settings()
        where = "simkl.com/pin" if client_id else f"http://127.0.0.1:{PAGE_PORT}/pin"
        say(f"Press 'Sign in' in the add-on's settings, and type the code at {where}")
        say("Quit Kodi (or press Ctrl-C here) to end")
        while kodi.is_running():
            time.sleep(0.5)
    except KeyboardInterrupt:
        kodi.quit()
    finally:
        kodi.kill()


def walk(home: Path, display: str, simkl: StandIn, client_id: str) -> None:
    """Without a person: through the sign-in, with a picture of each step."""
    say("No screen here: walking through the sign-in on a virtual one")
    make_home(home, display, simkl.authority, client_id or CLIENT_ID)
    kodi = Kodi(home, display)
    try:
        kodi.start()
        kodi.open_settings()
        wait_for("the settings", lambda: kodi.focused() == "Sign in")
        picture(kodi, "1-settings", "The add-on's settings: not signed in")
        kodi.press("Sign in")
        kodi.wait_for_window(SIGN_IN)
        kodi.wait_for_message("enter this code", 30)
        code = kodi.info("Control.GetLabel(6)")[0]
        picture(kodi, "2-code", f"The code is {code}")
        if client_id:
            say(f"Type {code} at simkl.com/pin within 15 minutes")
        else:
            simkl.approve(code, "Ada Lovelace")
            say("Typed it at the stand-in's page")
        kodi.wait_for_message("Signed in", 900)
        picture(kodi, "3-signed-in", kodi.message())
        kodi.wait_for_window(ADDON_SETTINGS)
        picture(kodi, "4-account", "The settings say who is signed in")
        kodi.quit()
    finally:
        kodi.kill()


def picture(kodi: Kodi, name: str, words: str) -> None:
    """Say a step, and leave a picture of it once the window has opened."""
    time.sleep(1)  # the skin's animation; no label tells when it is over
    file = SCREENSHOTS / f"{name}.png"
    kodi.screenshot(file)
    say(f"{words}  ({file.relative_to(ROOT)})")


def say(words: str) -> None:
    """One line for the person who waits."""
    print(words, flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
