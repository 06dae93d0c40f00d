# SPDX-License-Identifier: GPL-2.0-or-later
"""Kodistubs with a memory. Bare, they answer True to everything, and every loop on them ends at once."""

import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest
import xbmc
import xbmcaddon
import xbmcgui
import xbmcvfs

from tools.package import ROOT

_PO = (ROOT / "resources/language/resource.language.en_gb/strings.po").read_text(encoding="utf-8")
TEXTS: Dict[int, str] = {
    int(number): text for number, text in re.findall(r'^msgctxt "#(\d+)"\nmsgid "(.+)"$', _PO, re.MULTILINE)
}


class StubbedKodi:
    """What the add-on did to Kodi, and what Kodi does in return."""

    def __init__(self, profile: Path) -> None:
        self.profile = profile
        self.settings: Dict[str, str] = {}
        self.kodi_settings: Dict[str, Any] = {}
        self.log: List[Tuple[str, int]] = []
        self.builtins: List[str] = []
        self.settings_window_open = False
        self.can_write = True
        self.progress: List[Tuple[Any, ...]] = []
        self.progress_cancelled = False
        self.dialog_input = ""
        self.abort = False
        self.waits: List[float] = []
        self.on_wait: Callable[[], None] = lambda: None
        self.visible = True
        self.top_window, self.top_heading = 10101, ""
        self.notifications: List[str] = []

    def write_settings(self) -> None:
        rows = "".join(f'<setting id="{name}">{value}</setting>' for name, value in self.settings.items())
        (self.profile / "settings.xml").write_text(f'<settings version="2">{rows}</settings>')

    def set_setting(self, setting: str, value: str) -> None:
        if self.settings_window_open:
            return  # the window has it, and nobody else
        self.settings[setting] = value
        if self.can_write:
            self.write_settings()

    def builtin(self, command: str, wait: bool = False) -> None:
        self.builtins.append(command)
        if command.startswith("Dialog.Close(addonsettings"):
            self.settings_window_open = False

    def json_rpc(self, request: str) -> str:
        setting = json.loads(request)["params"]["setting"]
        if setting in self.kodi_settings:
            return json.dumps({"result": {"value": self.kodi_settings[setting]}})
        return json.dumps({"error": {"code": -32602}})


@pytest.fixture
def kodi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StubbedKodi:
    """Kodistubs, patched to remember and to behave."""
    state = StubbedKodi(tmp_path)

    class Addon:
        def __init__(self, id: Optional[str] = None) -> None:
            assert id == "script.simkl.account", "inside another add-on, no id would be that add-on's"

        def getLocalizedString(self, number: int) -> str:
            return str(TEXTS[number])

        def getSetting(self, setting: str) -> str:
            return state.settings.get(setting, "")

        def setSetting(self, setting: str, value: str) -> None:
            state.set_setting(setting, value)

        def getAddonInfo(self, what: str) -> str:
            infos = {
                "version": "1.2.3",
                "name": "Simkl Account",
                "profile": str(tmp_path),
                "path": "/addon",
                "icon": "/addon/icon.png",
            }
            return infos[what]

    class DialogProgress:
        def create(self, heading: str, message: str) -> None:
            state.progress.append(("create", heading, message))

        def update(self, percent: int, message: str) -> None:
            state.progress.append(("update", percent, message))

        def iscanceled(self) -> bool:
            return state.progress_cancelled

        def close(self) -> None:
            state.progress.append(("close",))

    class Dialog:
        def input(self, heading: str) -> str:
            return state.dialog_input

        def notification(self, heading: str, message: str, icon: str) -> None:
            state.notifications.append(message)

    class Monitor:
        def abortRequested(self) -> bool:
            return state.abort

        def waitForAbort(self, seconds: float) -> bool:
            assert seconds > 0, "Kodi waits for ever then"
            state.waits.append(seconds)
            state.on_wait()
            return state.abort

    monkeypatch.setattr(xbmcaddon, "Addon", Addon)
    monkeypatch.setattr(xbmcgui, "DialogProgress", DialogProgress)
    monkeypatch.setattr(xbmcgui, "Dialog", Dialog)
    monkeypatch.setattr(xbmc, "Monitor", Monitor)
    monkeypatch.setattr(xbmc, "log", lambda text, level: state.log.append((text, level)))
    monkeypatch.setattr(xbmc, "executebuiltin", state.builtin)
    monkeypatch.setattr(xbmc, "executeJSONRPC", state.json_rpc)
    monkeypatch.setattr(xbmc, "getLocalizedString", lambda number: {222: "Cancel", 186: "OK"}[number])
    monkeypatch.setattr(xbmc, "getCondVisibility", lambda condition: state.visible)
    monkeypatch.setattr(xbmc, "getInfoLabel", lambda label: state.top_heading)
    monkeypatch.setattr(xbmcgui, "getCurrentWindowDialogId", lambda: state.top_window)
    monkeypatch.setattr(xbmcvfs, "translatePath", lambda path: path.replace("special://temp", str(tmp_path)))
    return state
