# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Kodi on a screen, used as a person uses it: keys in, labels and pictures out."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, TypeVar
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener
from xml.etree import ElementTree

import trustme

from tools.package import ADDON_ID

from . import home, releases

T = TypeVar("T")

HOME, ADDON_SETTINGS, PROGRESS, YES_NO, KEYBOARD, CONFIRMATION = 10000, 10140, 10101, 10100, 10103, 13000
"""Kodi's ids of the windows that the add-on shows. Those of a script's own begin at 13000."""

SIGN_IN = -1
"""The window of a sign-in, whichever of the two it is."""

_HTTP = build_opener(ProxyHandler({}))


class KodiError(Exception):
    """Kodi did not do what was waited for."""


class EndedWhileStarting(KodiError):
    """Kodi is not there any more, and nobody has asked it to go."""


def wait_for(what: str, condition: Callable[[], T], seconds: float = 10, pause: float = 0.02) -> T:
    """Wait until the condition is true, and return what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise KodiError(f"waited {seconds:g} s for: {what}")
        time.sleep(pause)


@contextlib.contextmanager
def xvfb(width: int = 1280, height: int = 720) -> Iterator[str]:
    """A virtual screen; yields its DISPLAY."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            yield ":" + pipe.readline().strip()
    finally:
        process.terminate()
        process.wait()


class Kodi:
    """One Kodi process with a home folder of its own, below /tmp."""

    def __init__(
        self,
        folder: Path,
        display: str,
        environment: Optional[Dict[str, str]] = None,
        release: str = releases.RELEASE,
    ) -> None:
        self.home = folder
        self.release = release
        self.display = display
        self._environment = environment or {}
        self._asked = 0
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._port = int(
            re.findall(r"webserverport\D*(\d+)", (folder / ".kodi/userdata/guisettings.xml").read_text())[0]
        )

    # Life

    def start(self) -> None:
        """Start, and wait until the home screen takes keys.

        About once in a thousand starts Kodi crashes in a thread of its own, which reads the environment for USB
        devices while Python is being set up, and before any add-on's code has run: then it is started again.
        """
        self._begin()
        try:
            wait_for("Kodi to start", self.is_up, 60)
        except EndedWhileStarting:
            if "start processing" in self.log():  # a script had begun
                raise
            self._begin()
            wait_for("Kodi to start", self.is_up, 60)

    def _begin(self) -> None:
        environment = {
            "HOME": str(self.home),
            "DISPLAY": self.display,
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            **self._environment,
        }
        self._process = subprocess.Popen(
            releases.inside(self.release, [releases.find(self.release, "usr/lib/*/kodi/kodi.bin"), "--standalone"]),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.home / "stderr").open("ab"),
            start_new_session=True,
        )

    def quit(self, seconds: float = 20) -> float:
        """Quit as from the power menu; returns the seconds that took."""
        assert self._process is not None
        asked_at = time.monotonic()
        self.rpc("Application.Quit")
        self._process.wait(seconds)
        return time.monotonic() - asked_at

    def kill(self) -> None:
        """End the process, whatever it does."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def cpu_seconds(self) -> float:
        """CPU time that the process has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # Hands

    def rpc(self, method: str, **parameters: Any) -> Any:
        """Call JSON-RPC and return its result."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = Request(f"http://127.0.0.1:{self._port}/jsonrpc", body, {"Content-Type": "application/json"})
        with _HTTP.open(request, timeout=30) as response:
            answer = json.load(response)
        if "error" in answer:
            raise KodiError(f"{method}: {answer['error']}")
        return answer["result"]

    def builtin(self, command: str) -> None:
        """Run one of Kodi's builtins."""
        self.rpc("Addons.ExecuteAddon", addonid="script.test.helper", params=["builtin", command])

    def key(self, name: str) -> None:
        """Press a key of the remote: Select, Back, Up, Down, Left, Right."""
        self.rpc(f"Input.{name}")

    def focus(self, label: str, keys: str = "Down Down Down Down") -> None:
        """Move the focus to what carries the label, by the keys that a person would try; "" where it is by itself."""
        patience = 0.6 if keys else 5
        for key in [*keys.split(), ""]:
            with contextlib.suppress(KodiError):
                wait_for(f"the focus on {label}", lambda: self.focused() == label, patience)
                return
            if key:
                self.key(key)
        raise KodiError(f"no way to {label!r}; the focus is on {self.focused()!r}")

    def press(self, label: str, keys: str = "Down Down Down Down") -> None:
        """Move the focus to what carries the label and press OK."""
        self.focus(label, keys)
        self.key("Select")

    def type(self, text: str) -> None:
        """Type into Kodi's keyboard and finish it."""
        self.wait_for_window(KEYBOARD)
        self.rpc("Input.SendText", text=text, done=True)

    def open_settings(self) -> None:
        """Open the add-on's settings, as from the add-on browser."""
        self.builtin(f"Addon.OpenSettings({ADDON_ID})")
        self.wait_for_window(ADDON_SETTINGS)

    def run(self, *arguments: str) -> None:
        """RunScript, as another add-on would."""
        self.builtin(f"RunScript({','.join([ADDON_ID, *arguments])})")

    # Eyes

    def window(self) -> int:
        """The id of the window or dialog on top."""
        number = int(self.rpc("GUI.GetProperties", properties=["currentwindow"])["currentwindow"]["id"])
        heading = self.heading()
        # A progress dialog that is made again has no heading at times, in Kodi 20.1.
        if (number == PROGRESS and heading in ("Sign in to Simkl", "")) or (
            number >= CONFIRMATION and heading == "Sign in to Simkl"
        ):
            return SIGN_IN
        return CONFIRMATION if CONFIRMATION <= number < CONFIRMATION + 100 else number

    def wait_for_window(self, window: int, seconds: float = 10) -> None:
        """Wait until a window is on top."""
        with self._explained():
            wait_for(f"window {window}", lambda: self.window() == window, seconds)

    def info(self, *labels: str) -> List[str]:
        """The values of info labels."""
        values = self.rpc("XBMC.GetInfoLabels", labels=list(labels))
        return [values[label] for label in labels]

    def focused(self) -> str:
        """The label of the control that has the focus."""
        return self.info("System.CurrentControl")[0].strip("[]").replace(" ( )", "").replace(" (*)", "")

    def settings_rows(self) -> Set[str]:
        """What can be read in the rows of the open settings window: labels of buttons, texts of edit fields."""
        self._asked += 1
        name = f"settings_rows_{self._asked}"
        self.rpc("Addons.ExecuteAddon", addonid="script.test.helper", params=["settings", name])
        rows = wait_for("the rows", lambda: self.info(f"Window({HOME}).Property({name})")[0])
        return set(json.loads(rows))

    def heading(self) -> str:
        """The heading of the dialog on top."""
        return self.info("Control.GetLabel(1)")[0]

    def message(self) -> str:
        """The text of the dialog on top: progress, OK, yes/no, or the window of the sign-in, line by line."""
        return " ".join(filter(None, self.info(*(f"Control.GetLabel({number})" for number in (2, 8, 9, 7)))))

    def wait_for_message(self, part: str, seconds: float = 10) -> str:
        """Wait until the dialog on top says something with this in it; returns all of it."""

        def found() -> str:
            message = self.message()
            return message if part in message else ""

        with self._explained():
            return wait_for(f"{part!r} on the screen", found, seconds)

    def is_visible(self, window: str) -> bool:
        """Whether a window is on the screen, by Kodi's name for it."""
        return self.is_true(f"Window.IsVisible({window})")

    def is_true(self, condition: str) -> bool:
        """One of Kodi's boolean conditions."""
        return bool(self.rpc("XBMC.GetInfoBooleans", booleans=[condition])[condition])

    def settings_file(self) -> Dict[str, str]:
        """The add-on's settings as they are on the disk; empty when there is no file."""
        file = self.home / ".kodi/userdata/addon_data" / ADDON_ID / "settings.xml"
        try:
            elements = ElementTree.parse(file).iter("setting")
        except (FileNotFoundError, ElementTree.ParseError):
            return {}
        return {element.attrib["id"]: element.text or "" for element in elements}

    def log(self) -> str:
        """All of kodi.log."""
        return (self.home / ".kodi/temp/kodi.log").read_text(errors="replace")

    def screenshot(self, file: Path) -> None:
        """A picture of the whole screen."""
        file.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["import", "-display", self.display, "-window", "root", str(file)], check=True)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except KodiError as error:
            raise KodiError(f"{error}; on top is window {self.window()}: {self.message()!r}") from error

    def is_up(self) -> bool:
        """Whether it takes keys: not while it starts, nor while it loads a profile."""
        if not self.is_running():
            raise EndedWhileStarting(
                "Kodi ended while starting: " + (self.home / "stderr").read_text(errors="replace")[-500:]
            )
        try:
            return bool(self.rpc("JSONRPC.Ping") == "pong")
        except (URLError, OSError, KodiError):
            return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def make_home(
    folder: Path,
    display: str,
    authority: trustme.CA,
    client_id: str = "",
    windowed: bool = False,
    consumers: bool = False,
    release: str = releases.RELEASE,
) -> None:
    """A home folder in which the add-on, and all that it needs, is enabled."""
    home.build(folder, free_port(), windowed)
    home.add_addon(folder, authority, client_id, consumers, release)
    run_once(folder, display, release)


def run_once(folder: Path, display: str, release: str = releases.RELEASE) -> None:
    """Enable every add-on in the home folder: Kodi has to have found them once."""
    kodi = Kodi(folder, display, release=release)
    try:
        kodi.start()
        kodi.quit()
    finally:
        kodi.kill()
    home.enable_addons(folder)


def copy_home(template: Path, folder: Path) -> None:
    """A fresh copy of a home folder."""
    shutil.copytree(template, folder, symlinks=True)
