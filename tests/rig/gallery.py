# SPDX-License-Identifier: GPL-2.0-or-later
"""`make screenshots`: takes a screenshot of every state of the sign-in, into build/gallery, for people to look at."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from lib.simkl_account.kodi.strings import Text
from tests import texts
from tools.package import ADDON_ID, ROOT

from . import namespace
from .faults import drop, silence, status
from .home import set_language, set_skin
from .kodi import ADDON_SETTINGS, HOME, PROGRESS, Kodi, copy_home, make_home, wait_for, xvfb
from .screen import read_qr
from .standin import CLIENT_ID, HOSTS, StandIn

GALLERY = ROOT / "build/gallery"
SKINS = ("skin.estuary", "skin.estouchy")
SIZES = ((1280, 720), (1920, 1080), (3840, 2160))
LANGUAGES = ("de_de", "he_il", "ar_sa", "ja_jp")

_INVISIBLE = str.maketrans({"\u200f": None, "\u00a0": " "})
"""What the add-on puts into a text of Hebrew or Arabic."""


class Gallery:
    """The home folder that each Kodi starts with, and the stand-in for Simkl."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template"
        self._count = 0
        self.simkl = StandIn()
        self.simkl.serve_tls()
        with xvfb() as display:
            make_home(self._template, display, self.simkl.authority, CLIENT_ID)

    def take(self, skin: str, width: int, height: int, language: str) -> None:
        """Start Kodi with this skin and language, on a screen of this size, and take its screenshots."""
        self._count += 1
        home = self._folder / str(self._count)
        copy_home(self._template, home)
        set_skin(home, skin)
        if language != "en_gb":
            set_language(home, language)
        with xvfb(width, height) as display:
            kodi = Kodi(home, display)
            try:
                kodi.start()
                Tour(kodi, self.simkl, f"{skin[len('skin.') :]}-{width}-{language}", language).go()
            finally:
                kodi.kill()


class Tour:
    """One Kodi, from the settings of somebody who is not signed in to the end of a sign-out."""

    def __init__(self, kodi: Kodi, simkl: StandIn, name: str, language: str) -> None:
        """name: how the names of the files begin."""
        self._kodi = kodi
        self._simkl = simkl
        self._name = name
        self._texts = {number: entry.translation or entry.english for number, entry in texts.read(language).items()}

    def go(self) -> None:
        """Take all screenshots."""
        self._simkl.clear_faults()
        self._simkl.expires_in = 900
        self._simkl.next_user_code = ""
        self._take_settings("not-signed-in")
        self._sign_in()
        self._take_settings("signed-in")
        self._sign_in_again()
        self._check_and_sign_out()
        self._plain_dialog()

    def _sign_in(self) -> None:
        kodi, simkl = self._kodi, self._simkl
        simkl.fault("device", silence)
        simkl.fault("code", silence)
        kodi.run("action=sign_in")
        self._take("contacting", Text.CONTACTING)
        simkl.clear_faults()
        kodi.key("Back")
        self._wait_for_home()

        kodi.run("action=sign_in")
        wait_for("the code", lambda: kodi.code() == simkl.newest_code(), 60)
        wait_for("the QR code", lambda: read_qr(self._screenshot("code")), 60, interval=1)
        simkl.fault("poll", *[drop] * 20)  # until after the screenshot
        self._take("unreachable", Text.STILL_TRYING)
        simkl.clear_faults()
        self._wait_for_text(Text.WAITING)
        simkl.expire()
        self._take("expired", Text.EXPIRED)
        self._press_again(Text.NEW_CODE)
        wait_for("the code", lambda: kodi.code() == simkl.newest_code(), 60)
        simkl.approve(simkl.newest_code() or "", "Ada Lovelace")
        self._take("approved", Text.SIGNED_IN_AS, "Ada Lovelace")
        self._wait_for_home()

    def _sign_in_again(self) -> None:
        kodi, simkl = self._kodi, self._simkl
        simkl.next_user_code = "BDWPHQPK"
        kodi.run("action=sign_in")
        wait_for("the code", lambda: kodi.code() == "BDWPHQPK", 60)
        wait_for("the QR code", lambda: read_qr(self._screenshot("long-code")), 60, interval=1)
        simkl.approve(simkl.newest_code() or "", "Grace Hopper")
        simkl.next_user_code = ""
        self._take("replaced", Text.SIGNED_IN_INSTEAD, "Grace Hopper", "Ada Lovelace")
        self._close()

    def _check_and_sign_out(self) -> None:
        kodi = self._kodi
        kodi.run("action=check")
        self._take("checked", Text.STILL_SIGNED_IN, "Grace Hopper")
        self._close()
        kodi.run("action=sign_out")
        self._take("sign-out", Text.SIGN_OUT_QUESTION)
        self._press_again(Text.SIGN_OUT)
        self._take("signed-out", Text.SIGNED_OUT)
        self._close()

    def _plain_dialog(self) -> None:
        """Take the screenshots of Kodi's plain dialog, which is shown if the window cannot be opened."""
        kodi, simkl = self._kodi, self._simkl
        skins = kodi.home / ".kodi/addons" / ADDON_ID / "resources/skins"
        skins.rename(kodi.home / "skins")
        simkl.fault("code", status(412, b'{"error": "client_id_failed"}'))
        kodi.run("action=sign_in")
        self._take("refused", Text.REFUSED)
        self._close()
        kodi.run("action=sign_in")
        wait_for("the code", lambda: (simkl.newest_code() or "?") in kodi.message().replace(" ", ""), 60)
        self._screenshot("plain")
        simkl.fault("poll", *[drop] * 20)  # until after the screenshot
        self._take("plain-unreachable", Text.STILL_TRYING)
        simkl.clear_faults()
        kodi.key("Back")
        self._wait_for_home()

    def _take_settings(self, name: str) -> None:
        self._kodi.builtin(f"Addon.OpenSettings({ADDON_ID})")
        self._kodi.wait_for_window(ADDON_SETTINGS, 60)
        self._screenshot(f"settings-{name}")
        self._kodi.key("Back")
        self._wait_for_home()

    def _take(self, name: str, text: int, *values: str) -> None:
        """Wait until this text is on the screen, and take a screenshot."""
        self._wait_for_text(text, *values)
        self._screenshot(name)

    def _wait_for_text(self, text: int, *values: str) -> None:
        expected = self._texts[text].format(*values)
        wait_for(expected, lambda: expected in self._kodi.message().translate(_INVISIBLE), 60)

    def _press_again(self, label: int) -> None:
        """Press the button with this text, to the left or the right of the one with the focus if it is not that."""
        self._kodi.press(self._texts[label], "Left Right Up Down")

    def _close(self) -> None:
        """Close a question or a message."""
        wait_for("a dialog", lambda: self._kodi.window() not in (HOME, PROGRESS))
        self._kodi.key("Back")
        self._wait_for_home()

    def _wait_for_home(self) -> None:
        wait_for("the home screen", lambda: self._kodi.window() == HOME, 30)

    def _screenshot(self, name: str) -> Path:
        """Take a screenshot, and return its file."""
        time.sleep(1)  # until Kodi has drawn the window
        file = GALLERY / f"{self._name}-{name}.png"
        self._kodi.screenshot(file)
        print(file.relative_to(ROOT), flush=True)
        return file


def main() -> None:
    """Take all screenshots. An argument such as "estuary-1280-he_il" takes those of one Kodi."""
    namespace.enter(HOSTS)
    wanted = [(skin, *size, "en_gb") for skin in SKINS for size in SIZES]
    wanted += [(SKINS[0], *SIZES[0], language) for language in LANGUAGES]
    with tempfile.TemporaryDirectory(prefix="kodi-", ignore_cleanup_errors=True) as folder:
        gallery = Gallery(Path(folder))
        for skin, width, height, language in wanted:
            if not sys.argv[1:] or f"{skin[len('skin.') :]}-{width}-{language}" in sys.argv:
                gallery.take(skin, width, height, language)
        gallery.simkl.close()


if __name__ == "__main__":
    main()
