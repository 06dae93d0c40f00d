# SPDX-License-Identifier: GPL-2.0-or-later
"""The imports before the first dialog. The user waits for them after pressing a button."""

from __future__ import annotations

import subprocess
import sys

from tools.package import ROOT

ALLOWED = {"__future__", "errno", "fcntl", "lib", "math", "types", "warnings"} | {
    f"importlib{name}" for name in ("", ".machinery", "._bootstrap", "._bootstrap_external")
}
"""The modules of Python that may be loaded by then. typing, re or enum would each take longer than all of ours."""

OURS = {
    "errors",
    "kodi",
    "kodi.addon",
    "kodi.broker",
    "kodi.dialogs",
    "kodi.lock",
    "kodi.modeless",
    "kodi.qr",
    "kodi.runtime",
    "kodi.settings",
    "kodi.shared",
    "kodi.strings",
    "kodi.window",
    "script",
    "setting",
    "snapshot",
}

SCRIPT = """
import os, sys  # every Python has imported os by now

class Kodi:
    ISO_639_1 = LOGWARNING = LOGDEBUG = ACTION_NONE = ACTION_MOUSE_MOVE = ACTION_NOOP = 0
    Action = object
    def __init__(self, *arguments): pass
    def abortRequested(self): return False
    def getSetting(self, name): return "an-id"
    def getAddonInfo(self, name): return "/nowhere"
    def getProperty(self, name): return ""
    def setProperty(self, name, value): pass
    def show(self):
        print(*sorted(set(sys.modules) - before))
        raise SystemExit
    log = staticmethod(lambda *arguments: None)
    translatePath = staticmethod(lambda path: path)
    getLocalizedString = staticmethod(lambda *arguments: "\u05e9\u05dc\u05d5\u05dd Simkl")
    getLanguage = staticmethod(lambda form: "he")

Kodi.Monitor = Kodi.Addon = Kodi.WindowXMLDialog = Kodi.Window = Kodi
names = ("xbmc", "xbmcaddon", "xbmcgui", "xbmcvfs")
sys.modules.update((name, Kodi) for name in names)
sys.path.insert(0, "")
before = set(sys.modules)
from lib.simkl_account.script import run
run(["default.py", "action=sign_in"])
"""


def test_modules_before_the_first_dialog() -> None:
    """When the sign-in window is shown, only the named modules are loaded."""
    command = [sys.executable, "-E", "-S", "-c", SCRIPT]  # -S: without what this machine's site-packages load
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    prefix = "lib.simkl_account."
    assert {name[len(prefix) :] for name in loaded if name.startswith(prefix)} == OURS
    assert {name for name in loaded if not name.startswith("lib.")} <= ALLOWED
