# SPDX-License-Identifier: GPL-2.0-or-later
"""Kodistubs that remember and behave: the fixture `kodi`.

Plain Kodistubs answer every question with True, so every loop on them ends at once and a test on them proves nothing.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable
from xml.sax.saxutils import escape

import pytest
import xbmc
import xbmcaddon
import xbmcgui
import xbmcvfs

from lib.simkl_account import wiring
from lib.simkl_account.kodi import addon
from tests import texts
from tools.package import ROOT

PROGRESS_WINDOW = 10101
FIRST_SCRIPT_WINDOW = 13000

TEXTS = {number: entry.english for number, entry in texts.read("en_gb").items()}


class Action:
    """A key, as Kodi passes it to onAction()."""

    def __init__(self, number: int) -> None:
        self._number = number

    def getId(self) -> int:
        return self._number


class FakeControl:
    """A control of a window. For each method, by its name, `calls` has the arguments of the last call."""

    def __init__(self) -> None:
        self.calls: dict[str, tuple[Any, ...]] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def method(*arguments: Any) -> int:
            self.calls[name] = arguments
            return 640  # for the methods that return a position

        return method


class FakeWindow:
    """Kodi's part of a WindowXMLDialog. The fixture `kodi` replaces the methods of Kodistubs' class with these.

    An instance is the add-on's object, so no attribute may have a name that the add-on's windows use (focus, for one).
    """

    state: StubbedKodi

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.properties: dict[str, str] = {}
        self.controls: dict[int, FakeControl] = {}
        self.focused: int | None = None
        """The control that has the focus."""
        self.is_shown = False
        self.close_calls = 0

    def show(self) -> None:
        self.is_shown = True
        self.state.windows.append(self)
        if self.state.windows_open:
            self.onInit()  # type: ignore[attr-defined]  # the add-on's

    def close(self) -> None:
        """Called by the add-on, or by a test in place of Dialog.Close(all)."""
        self.is_shown = False
        self.close_calls += 1

    def setProperty(self, name: str, value: str) -> None:
        self.properties[name] = value

    def getProperty(self, name: str) -> str:
        return self.properties.get(name, "")

    def getControl(self, number: int) -> FakeControl:
        if not self.state.windows_have_controls:
            raise RuntimeError(f"Non-Existent Control {number}")
        return self.controls.setdefault(number, FakeControl())

    def setFocusId(self, number: int) -> None:
        self.focused = number

    def getFocusId(self) -> int:
        if self.focused is None:
            raise RuntimeError("no control has the focus")
        return self.focused

    def labels(self) -> dict[int, str]:
        """Return the texts of the visible controls that have one."""
        found = {}
        for number, control in self.controls.items():
            text = control.calls.get("setLabel") or control.calls.get("setText")
            if text and control.calls.get("setVisible") != (False,):
                found[number] = text[0]
        return found


class FakeFile:
    """A file that Kodi reads. A file that does not exist is empty."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def __enter__(self) -> FakeFile:
        return self

    def __exit__(self, *exception: object) -> None: ...

    def readBytes(self) -> bytearray:
        return bytearray(self._path.read_bytes() if self._path.exists() else b"")


class StubbedKodi:
    """What the add-on did to Kodi, and how Kodi behaves."""

    def __init__(self, profile: Path) -> None:
        self.profile = profile
        self.path = ROOT
        """The add-on's folder. There, the setting client_id has no default."""
        self.settings: dict[str, str] = {}
        self.kodi_settings: dict[str, Any] = {}
        """Kodi's own settings."""
        self.log: list[tuple[str, int]] = []
        self.builtins: list[str] = []
        self.notifications: list[str] = []
        self.events: list[tuple[str, str, Any]] = []
        """Sender, message and data of each NotifyAll."""
        self.waits: list[float] = []
        self.on_wait: Callable[[], None] = lambda: None
        """Called at each wait on a Monitor."""
        self.abort = False
        """Whether Kodi is quitting."""
        self.settings_window_open = False
        self.can_write = True
        self.knows_addon, self.disabled = True, False
        """Kodi does not know the add-on while it updates it, or if the add-on is disabled."""
        self.playing = False
        self.language = "en"
        self.dialog_input = ""
        """What the user types with Kodi's keyboard."""
        self.progress: list[tuple[Any, ...]] = []
        """Calls of the progress dialog."""
        self.progress_cancelled = False
        self.visible = True
        """False if something has taken the progress dialog and all windows of the add-on off the screen."""
        self.top_window, self.top_heading = PROGRESS_WINDOW, ""
        self.properties: dict[str, str] = {}
        """Properties of the home window."""
        self.windows: list[FakeWindow] = []
        """The windows of scripts, in the order in which they were shown. The first one has Kodi's number 13000."""
        self.windows_open = self.windows_have_controls = True

    def window(self) -> Any:
        """Return the window that was shown last."""
        return self.windows[-1]

    def window_of_number(self, number: int) -> FakeWindow | None:
        """Return the window of a script that has this number and is on the screen."""
        index = number - FIRST_SCRIPT_WINDOW
        return self.windows[index] if 0 <= index < len(self.windows) and self.windows[index].is_shown else None

    def write_settings(self) -> None:
        rows = "".join(f'<setting id="{name}">{escape(value)}</setting>' for name, value in self.settings.items())
        (self.profile / "settings.xml").write_text(f'<settings version="2">{rows}</settings>')

    def set_setting(self, setting: str, value: str) -> None:
        if self.settings_window_open:
            return  # Kodi gives the value to the settings window
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
        if condition == "Player.HasVideo":
            return self.playing
        window = re.fullmatch(r"Window\.IsVisible\((\d+)\)", condition)
        assert window, condition
        number = int(window[1])
        return self.visible and (number == PROGRESS_WINDOW or self.window_of_number(number) is not None)

    def json_rpc(self, request: str) -> str:
        call = json.loads(request)
        parameters = call["params"]
        if call["method"] == "JSONRPC.NotifyAll":
            self.events.append((parameters["sender"], parameters["message"], parameters.get("data")))
            return json.dumps({"result": "OK"})
        if call["method"] == "Addons.GetAddonDetails" and self.disabled:
            return json.dumps({"result": {"addon": {"enabled": False}}})
        if parameters.get("setting") in self.kodi_settings:
            return json.dumps({"result": {"value": self.kodi_settings[parameters["setting"]]}})
        return json.dumps({"error": {"code": -32602}})


@pytest.fixture
def kodi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StubbedKodi:
    """Patch Kodistubs, and return what they remember."""
    state = StubbedKodi(tmp_path)

    class Addon:
        def __init__(self, id: str | None = None) -> None:
            assert id in (None, "script.simkl.account")
            if id and not state.knows_addon:
                raise RuntimeError(f"Unknown addon id '{id}'.")
            self._id = id

        def getLocalizedString(self, number: int) -> str:
            assert self._id, "without an id, this would be the calling add-on's text"
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

    class HomeWindow:
        def getProperty(self, key: str) -> str:
            return state.properties.get(key, "")

        def setProperty(self, key: str, value: str) -> None:
            state.properties[key] = value

    def window(number: int) -> Any:
        if number == 10000:
            return HomeWindow()
        found = state.window_of_number(number)
        if found:
            return found
        if number == state.top_window:
            return FakeWindow()  # another add-on's, or Kodi's own
        raise RuntimeError("Window id does not exist")

    class Monitor:
        def abortRequested(self) -> bool:
            return state.abort

        def waitForAbort(self, seconds: float) -> bool:
            assert seconds > 0, "Kodi would wait until it ends"
            # Some tests wait for a second of real time in this way, which takes many waits.
            assert len(state.waits) < 5_000_000, "the add-on waits without end"
            state.waits.append(seconds)
            state.on_wait()
            return state.abort

    monkeypatch.setattr(FakeWindow, "state", state, raising=False)
    for name, member in vars(FakeWindow).items():
        if name == "__init__" or not name.startswith("__"):
            monkeypatch.setattr(xbmcgui.WindowXMLDialog, name, member, raising=False)
    monkeypatch.setattr(xbmcaddon, "Addon", Addon)
    monkeypatch.setattr(addon, "_cached", None)
    monkeypatch.setattr(addon, "_monitor", None)
    monkeypatch.setattr(wiring, "_unsaved", {})
    monkeypatch.setattr(addon, "_unknown_since", None)
    monkeypatch.setattr(xbmcgui, "DialogProgress", DialogProgress)
    monkeypatch.setattr(xbmcgui, "Dialog", Dialog)
    monkeypatch.setattr(xbmcgui, "Window", window)
    monkeypatch.setattr(xbmc, "Monitor", Monitor)
    monkeypatch.setattr(xbmc, "log", lambda text, level: state.log.append((text, level)))
    monkeypatch.setattr(xbmc, "executebuiltin", state.builtin)
    monkeypatch.setattr(xbmc, "executeJSONRPC", state.json_rpc)
    monkeypatch.setattr(xbmc, "getLocalizedString", lambda number: {222: "Cancel", 186: "OK"}[number])
    monkeypatch.setattr(xbmc, "getCondVisibility", state.condition)
    monkeypatch.setattr(xbmc, "getLanguage", lambda form: state.language)
    monkeypatch.setattr(xbmc, "getRegion", {"dateshort": "%Y-%m-%d"}.__getitem__)
    monkeypatch.setattr(xbmc, "getInfoLabel", lambda label: state.top_heading)
    monkeypatch.setattr(xbmcgui, "getCurrentWindowDialogId", lambda: state.top_window)
    monkeypatch.setattr(xbmcvfs, "File", FakeFile)
    monkeypatch.setattr(xbmcvfs, "exists", lambda path: Path(path).exists())
    monkeypatch.setattr(xbmcvfs, "delete", lambda path: Path(path).unlink())
    monkeypatch.setattr(xbmcvfs, "translatePath", lambda path: path.replace("special://temp", str(tmp_path)))
    return state
