# SPDX-License-Identifier: GPL-2.0-or-later
"""`make screenshots`: takes a screenshot of every state of the sign-in, into build/gallery, for people to look at."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Callable

from tools.package import ROOT

from . import namespace
from .faults import drop
from .home import set_language, set_skin
from .kodi import HOME, Kodi, copy_home, make_home, wait_for, xvfb
from .screen import read_qr
from .standin import CLIENT_ID, HOSTS, StandIn

GALLERY = ROOT / "build/gallery"
SKINS = ("skin.estuary", "skin.estouchy")
SIZES = ((1280, 720), (1920, 1080), (3840, 2160))
LANGUAGES = ("de_de", "he_il", "ja_jp")


class Gallery:
    """Starts one Kodi for each skin, size and language, and takes its screenshots."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template"
        self._count = 0
        self.simkl = StandIn()
        self.simkl.serve_tls()
        with xvfb() as display:
            make_home(self._template, display, self.simkl.authority, CLIENT_ID)

    def take(self, name: str, width: int, height: int, prepare: Callable[[Path], None], states: bool = True) -> None:
        """Take the screenshots of one Kodi, on a screen of this size.

        prepare: changes the home folder before Kodi starts. states: whether to take all states, or the code alone.
        """
        self._count += 1
        home = self._folder / str(self._count)
        copy_home(self._template, home)
        prepare(home)
        with xvfb(width, height) as display:
            kodi = Kodi(home, display)
            try:
                kodi.start()
                self._take_code(kodi, name)
                if states:
                    self._take_other_states(kodi, name)
            finally:
                kodi.kill()

    def _take_code(self, kodi: Kodi, name: str) -> None:
        self.simkl.expires_in = 900
        kodi.run("action=sign_in")
        wait_for("the code", lambda: kodi.code() == self.simkl.newest_code(), 60)
        wait_for("the QR code", lambda: self._take(kodi, f"{name}-1-code"), 60, interval=1)

    def _take_other_states(self, kodi: Kodi, name: str) -> None:
        self.simkl.fault("poll", drop)
        kodi.wait_for_message("Cannot reach Simkl", 30)
        self._take(kodi, f"{name}-2-unreachable")
        self.simkl.clear_faults()
        kodi.wait_for_message("Waiting for you", 60)
        self.simkl.expire()
        kodi.wait_for_message("The code has expired.", 60)
        self._take(kodi, f"{name}-3-expired")
        kodi.press("New code", "")
        wait_for("the code", lambda: kodi.code() == self.simkl.newest_code(), 60)
        self.simkl.approve(self.simkl.newest_code() or "", "Ada Lovelace")
        kodi.wait_for_message("Signed in as Ada Lovelace", 60)
        self._take(kodi, f"{name}-4-signed-in")
        wait_for("the window to close", lambda: kodi.window() == HOME, 30)

    def _take(self, kodi: Kodi, name: str) -> str:
        """Take a screenshot, and return the link in its QR code; "" if there is none."""
        time.sleep(0.5)  # until Kodi has drawn the window
        file = GALLERY / f"{name}.png"
        kodi.screenshot(file)
        print(file.relative_to(ROOT), flush=True)
        return read_qr(file)


def main() -> None:
    """Take all screenshots."""
    namespace.enter(HOSTS)
    with tempfile.TemporaryDirectory(prefix="kodi-", ignore_cleanup_errors=True) as folder:
        gallery = Gallery(Path(folder))
        for skin in SKINS:
            for width, height in SIZES:
                name = f"{skin[len('skin.') :]}-{width}"
                gallery.take(name, width, height, lambda home: set_skin(home, skin))  # noqa: B023
        for language in LANGUAGES:
            gallery.take(language, 1280, 720, lambda home: set_language(home, language), states=False)  # noqa: B023
        gallery.simkl.close()


if __name__ == "__main__":
    main()
