# SPDX-License-Identifier: GPL-2.0-or-later
"""Kodistubs with a memory. Bare, they answer True to everything, and every loop on them ends at once."""

import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple
from xml.sax.saxutils import escape

import pytest
import xbmc
import xbmcaddon
import xbmcgui
import xbmcvfs

from lib.simkl_account.kodi import addon
from tools.package import ROOT

_PO = (ROOT / "resources/language/resource.language.en_gb/strings.po").read_text(encoding="utf-8")
TEXTS: Dict[int, str] = {
    int(number): text for number, text in re.findall(r'^msgctxt "#(\d+)"\nmsgid "(.+)"$', _PO, re.MULTILINE)
}


class StubbedKodi:
    """What the add-on did to Kodi, and what Kodi does in return."""

    def __init__(self, profile: Path) -> None:
        self.profile = profile
        self.path = ROOT
        """Where the add-on is: its settings have no default for client_id there."""
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
        self.playing = False
        self.language = "en"
        self.top_window, self.top_heading = 10101, ""
        self.notifications: List[str] = []
        self.events: List[Tuple[str, str, Any]] = []
        self.knows_addon, self.disabled = True, False
        """While it is updated, Kodi does not know the add-on; when it is disabled, as far as that."""
        self.properties: Dict[str, str] = {}
        """Of the home window."""

    def write_settings(self) -> None:
        rows = "".join(f'<setting id="{name}">{escape(value)}</setting>' for name, value in self.settings.items())
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

    def condition(self, condition: str) -> bool:
        if condition == "System.AddonIsEnabled(script.simkl.account)":
            return self.knows_addon
        return self.playing if condition == "Player.HasVideo" else self.visible

    def json_rpc(self, request: str) -> str:
        asked = json.loads(request)
        if asked["method"] == "JSONRPC.NotifyAll":
            parameters = asked["params"]
            self.events.append((parameters["sender"], parameters["message"], parameters.get("data")))
            return json.dumps({"result": "OK"})
        if asked["method"] == "Addons.GetAddonDetails":
            known: Any = {"result": {"addon": {"enabled": False}}}
            return json.dumps(known if self.disabled else {"error": {"code": -32602}})
        setting = asked["params"]["setting"]
        if setting in self.kodi_settings:
            return json.dumps({"result": {"value": self.kodi_settings[setting]}})
        return json.dumps({"error": {"code": -32602}})


@pytest.fixture
def kodi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StubbedKodi:
    """Kodistubs, patched to remember and to behave."""
    state = StubbedKodi(tmp_path)

    class Addon:
        def __init__(self, id: Optional[str] = None) -> None:
            assert id in (None, "script.simkl.account")
            if id and not state.knows_addon:
                raise RuntimeError(f"Unknown addon id '{id}'.")
            self._id = id

        def getLocalizedString(self, number: int) -> str:
            assert self._id, "inside another add-on, no id would be that add-on's"
            return str(TEXTS[number])

        def getSetting(self, setting: str) -> str:
            assert self._id
            return state.settings.get(setting, "")

        def setSetting(self, setting: str, value: str) -> None:
            assert self._id
            state.set_setting(setting, value)

        def getAddonInfo(self, what: str) -> str:
            if not self._id:
                return {"id": "plugin.video.caller", "version": "4.5.6"}[what]
            infos = {
                "version": "1.2.3",
                "name": "Simkl Account",
                "profile": str(tmp_path),
                "path": str(state.path),
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

    class Window:
        def __init__(self, number: int) -> None:
            assert number == 10000

        def getProperty(self, key: str) -> str:
            return state.properties.get(key, "")

        def setProperty(self, key: str, value: str) -> None:
            state.properties[key] = value

    class Monitor:
        def abortRequested(self) -> bool:
            return state.abort

        def waitForAbort(self, seconds: float) -> bool:
            assert seconds > 0, "Kodi waits for ever then"
            state.waits.append(seconds)
            state.on_wait()
            return state.abort

    monkeypatch.setattr(xbmcaddon, "Addon", Addon)
    monkeypatch.setattr(addon, "_this", None)
    monkeypatch.setattr(addon, "_unknown_since", None)
    monkeypatch.setattr(xbmcgui, "DialogProgress", DialogProgress)
    monkeypatch.setattr(xbmcgui, "Dialog", Dialog)
    monkeypatch.setattr(xbmcgui, "Window", Window)
    monkeypatch.setattr(xbmc, "Monitor", Monitor)
    monkeypatch.setattr(xbmc, "log", lambda text, level: state.log.append((text, level)))
    monkeypatch.setattr(xbmc, "executebuiltin", state.builtin)
    monkeypatch.setattr(xbmc, "executeJSONRPC", state.json_rpc)
    monkeypatch.setattr(xbmc, "getLocalizedString", lambda number: {222: "Cancel", 186: "OK"}[number])
    monkeypatch.setattr(xbmc, "getCondVisibility", state.condition)
    monkeypatch.setattr(xbmc, "getLanguage", lambda form: state.language)
    monkeypatch.setattr(xbmc, "getInfoLabel", lambda label: state.top_heading)
    monkeypatch.setattr(xbmcgui, "getCurrentWindowDialogId", lambda: state.top_window)
    monkeypatch.setattr(xbmcvfs, "translatePath", lambda path: path.replace("special://temp", str(tmp_path)))
    return state
