# SPDX-License-Identifier: GPL-2.0-or-later
"""Controls a real Kodi as a user does: it presses keys, and reads labels and takes screenshots."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Iterator, TypeVar
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener
from xml.etree import ElementTree

import trustme

from tools.package import ADDON_ID

from . import home, releases

T = TypeVar("T")

HOME, ADDON_SETTINGS, PROGRESS, YES_NO, KEYBOARD, CONFIRMATION = 10000, 10140, 10101, 10100, 10103, 13000
"""Kodi's ids of the windows that the add-on shows. The ids of windows that a script brings begin at 13000."""

ENTER_CODE = "to simkl.com/pin and enter"
"""What the instructions above a code have in common, with a QR code and without one."""

ENDS_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")
"""The beginning of a command that the kernel kills when the process that started it ends, however that ends."""

SIGN_IN = -1
"""What Kodi.window() returns for the window of a sign-in and for its plain dialog alike."""

_HTTP = build_opener(ProxyHandler({}))


class KodiError(Exception):
    """Raised when Kodi has not done in time what a test waits for, or when it answers with an error."""


class EndedWhileStarting(KodiError):
    """Raised when the process of Kodi has ended before Kodi was up."""


def wait_for(what: str, condition: Callable[[], T], seconds: float = 10, interval: float = 0.02) -> T:
    """Call the condition every interval seconds until it returns a true value, and return that value.

    what: names the condition in the error. seconds: the timeout, after which KodiError is raised.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise KodiError(f"waited {seconds:g} s for: {what}")
        time.sleep(interval)


@contextlib.contextmanager
def xvfb(width: int = 1280, height: int = 720) -> Iterator[str]:
    """Start a virtual screen, and yield its DISPLAY. Raises KodiError if it does not start."""
    read, write = os.pipe()
    command = [*ENDS_WITH_PARENT, "Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24"]
    # It listens only at an abstract address, which belongs to a network and not to the file system: unix(7). Without
    # -noreset, it would start anew whenever the last of its programs has ended.
    command += ["-nolisten", "tcp", "-nolisten", "unix", "-noreset"]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, pass_fds=[write], stderr=errors)
        os.close(write)
        try:
            with os.fdopen(read) as pipe:
                number = pipe.readline().strip()
            if not number:
                errors.seek(0)
                raise KodiError(f"Xvfb returned {process.wait()}: {errors.read()!r}")
            yield f":{number}"
        finally:
            process.terminate()
            process.wait()


class Kodi:
    """One Kodi process, with its own home folder below /tmp."""

    def __init__(
        self,
        folder: Path,
        display: str,
        environment: dict[str, str] | None = None,
        release: str = releases.RELEASE,
    ) -> None:
        self.home = folder
        self.release = release
        self.display = display
        self._environment = environment or {}
        self._settings_requests = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._port = int(
            re.findall(r"webserverport\D*(\d+)", (folder / ".kodi/userdata/guisettings.xml").read_text())[0]
        )

    # The process

    def start(self) -> None:
        """Start Kodi, and wait until it is up and has run a script.

        In about one of a hundred starts on a busy machine, Kodi crashes as it sets up Python for its first script: that
        changes the environment, while another thread of Kodi reads it, to look for USB devices. Then Kodi is started
        again.
        """
        for is_last in (False, False, True):
            self._launch()
            try:
                wait_for("Kodi to start", self.is_up, 60)
                self._run_first_script()
                return
            except (EndedWhileStarting, URLError, OSError):
                if is_last or self._has_run_script():
                    raise

    def _run_first_script(self) -> None:
        """Have Kodi run its first script, if the helper add-on is enabled."""
        try:
            self.builtin("NoOp")
        except KodiError:
            return  # the helper add-on is not enabled
        wait_for("the first script", lambda: self.is_up() and self._has_run_script(), 20)

    def _has_run_script(self) -> bool:
        return "script successfully run" in self.log()

    def _launch(self) -> None:
        environment = {
            "HOME": str(self.home),
            "DISPLAY": self.display,
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "LP_NUM_THREADS": "0",  # without threads of its own, Mesa draws with a fifth less of the CPU
            **self._environment,
        }
        command = [releases.find(self.release, "usr/lib/*/kodi/kodi.bin"), "--standalone"]
        self._process = subprocess.Popen(
            [*ENDS_WITH_PARENT, *releases.command_inside(self.release, command)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.home / "stderr").open("ab"),
            start_new_session=True,
        )

    def quit(self, seconds: float = 20) -> float:
        """Quit as the power menu does, and return the seconds until the process has ended."""
        assert self._process is not None
        quit_at = time.monotonic()
        self.rpc("Application.Quit")
        self._process.wait(seconds)
        return time.monotonic() - quit_at

    def kill(self) -> None:
        """Kill the process if it still runs."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def is_running(self) -> bool:
        """Return True if the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process is not None
        return self._process.pid

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # Input

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
        """Press a key of the remote control: Select, Back, Up, Down, Left or Right."""
        self.rpc(f"Input.{name}")

    def focus(self, label: str, keys: str = "Down Down Down Down") -> None:
        """Press the keys one by one until the control with this label has the focus.

        keys: "" if Kodi moves the focus there by itself.
        """
        timeout = 0.6 if keys else 5
        for key in [*keys.split(), ""]:
            with contextlib.suppress(KodiError):
                wait_for(f"the focus on {label}", lambda: self.focused() == label, timeout)
                return
            if key:
                self.key(key)
        raise KodiError(f"the keys do not lead to {label!r}; the focus is on {self.focused()!r}")

    def press(self, label: str, keys: str = "Down Down Down Down") -> None:
        """Move the focus to the control with this label, and press OK. keys: see focus()."""
        self.focus(label, keys)
        self.key("Select")

    def type(self, text: str) -> None:
        """Type into Kodi's keyboard, and press Done."""
        self.wait_for_window(KEYBOARD)
        self.rpc("Input.SendText", text=text, done=True)

    def open_settings(self) -> None:
        """Open the add-on's settings, as Kodi's add-on browser does."""
        self.builtin(f"Addon.OpenSettings({ADDON_ID})")
        self.wait_for_window(ADDON_SETTINGS)

    def run(self, *arguments: str) -> None:
        """Run the add-on by RunScript with these arguments, as another add-on would."""
        self.builtin(f"RunScript({','.join([ADDON_ID, *arguments])})")

    # Output

    def window(self) -> int:
        """Return the id of the topmost window or dialog: SIGN_IN for a sign-in, CONFIRMATION for any other script's."""
        number = int(self.rpc("GUI.GetProperties", properties=["currentwindow"])["currentwindow"]["id"])
        heading = self.heading()
        # In Kodi 20.1, a progress dialog that is opened for the second time sometimes has no heading.
        if (number == PROGRESS and heading in ("Sign in to Simkl", "")) or (
            number >= CONFIRMATION and heading == "Sign in to Simkl"
        ):
            return SIGN_IN
        return CONFIRMATION if CONFIRMATION <= number < CONFIRMATION + 100 else number

    def wait_for_window(self, window: int, seconds: float = 10) -> None:
        """Wait until this window is the topmost one."""
        with self._naming_the_window():
            wait_for(f"window {window}", lambda: self.window() == window, seconds)

    def info(self, *labels: str) -> list[str]:
        """Return the values of info labels."""
        values = self.rpc("XBMC.GetInfoLabels", labels=list(labels))
        return [values[label] for label in labels]

    def focused(self) -> str:
        """Return the word on the control that has the focus."""
        return self.spoken().rpartition(". ")[2]  # in the sign-in window, the label begins with what a reader says

    def spoken(self) -> str:
        """Return what a screen reader says of the control that has the focus: its whole label."""
        return self.info("System.CurrentControl")[0].strip("[]").replace(" ( )", "").replace(" (*)", "")

    def code(self) -> str:
        """Return the code in the sign-in window; "" if there is none."""
        return self.info("Control.GetLabel(6)")[0].replace(", ", "")

    def settings_rows(self) -> set[str]:
        """Return what the rows of the open settings window show: labels of buttons, and texts of edit fields."""
        self._settings_requests += 1
        name = f"settings_rows_{self._settings_requests}"
        self.rpc("Addons.ExecuteAddon", addonid="script.test.helper", params=["settings", name])
        rows = wait_for("the rows", lambda: self.info(f"Window({HOME}).Property({name})")[0])
        return set(json.loads(rows))

    def heading(self) -> str:
        """Return the heading of the topmost dialog."""
        return _plain(self.info("Control.GetLabel(1)")[0])

    def message(self) -> str:
        """Return the text of the topmost dialog: of Kodi's progress, OK or yes/no dialog, or of the add-on's window."""
        labels = self.info(*(f"Control.GetLabel({number})" for number in (2, 8, 9, 7)))
        return " ".join(filter(None, map(_plain, labels)))

    def wait_for_message(self, part: str, seconds: float = 10) -> str:
        """Wait until the text of the topmost dialog contains this part, and return the whole text."""

        def found() -> str:
            message = self.message()
            return message if part in message else ""

        with self._naming_the_window():
            return wait_for(f"{part!r} on the screen", found, seconds)

    def is_visible(self, window: str) -> bool:
        """Return True if the window with this name of Kodi's is on the screen."""
        return self.is_true(f"Window.IsVisible({window})")

    def is_true(self, condition: str) -> bool:
        """Return the value of one of Kodi's boolean conditions."""
        return bool(self.rpc("XBMC.GetInfoBooleans", booleans=[condition])[condition])

    def settings_file(self, addon_id: str = ADDON_ID) -> dict[str, str]:
        """Return an add-on's settings as they are on the disk; nothing if the file is missing or broken."""
        file = self.home / ".kodi/userdata/addon_data" / addon_id / "settings.xml"
        try:
            elements = ElementTree.parse(file).iter("setting")
        except (FileNotFoundError, ElementTree.ParseError):
            return {}
        return {element.attrib["id"]: element.text or "" for element in elements}

    def log(self) -> str:
        """Return the whole kodi.log."""
        return (self.home / ".kodi/temp/kodi.log").read_text(errors="replace")

    def screenshot(self, file: Path) -> None:
        """Take a screenshot of the whole screen."""
        file.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["import", "-display", self.display, "-window", "root", str(file)], check=True)

    @contextlib.contextmanager
    def _naming_the_window(self) -> Iterator[None]:
        """Add the topmost window and its text to the message of a KodiError."""
        try:
            yield
        except KodiError as error:
            raise KodiError(f"{error}; the topmost window is {self.window()}: {self.message()!r}") from error

    def is_up(self) -> bool:
        """Return True if Kodi answers. It does not while it starts or loads a profile.

        Raises EndedWhileStarting if the process has ended.
        """
        if not self.is_running():
            raise EndedWhileStarting(
                "Kodi ended while starting: " + (self.home / "stderr").read_text(errors="replace")[-500:]
            )
        try:
            return bool(self.rpc("JSONRPC.Ping") == "pong")
        except (URLError, OSError, KodiError):
            return False


def _plain(label: str) -> str:
    """Return a label without the markup that makes all of it bold."""
    return re.sub(r"^\[B\](.*)\[/B\]$", r"\1", label, flags=re.DOTALL)


def free_port() -> int:
    """Return a port that nobody listens on."""
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
    """Make a home folder in which the add-on and everything that it needs are enabled."""
    home.build(folder, free_port(), windowed)
    home.add_addon(folder, authority, client_id, consumers, release)
    run_once(folder, display, release)
    # Otherwise the Kodi of each test compiles the modules anew. Kodi's Python runs with -O, and reads only
    # files that were compiled with it: https://docs.python.org/3/using/cmdline.html#cmdoption-O
    compiler = ["/usr/bin/python3", "-O", "-m", "compileall", "-q", str(folder / ".kodi/addons")]
    subprocess.run(releases.command_inside(release, compiler), check=True)


def run_once(folder: Path, display: str, release: str = releases.RELEASE) -> None:
    """Start Kodi once, so that it finds the add-ons in the home folder, and then enable all of them."""
    kodi = Kodi(folder, display, release=release)
    try:
        kodi.start()
        kodi.quit()
    finally:
        kodi.kill()
    home.enable_addons(folder)


def copy_home(template: Path, folder: Path) -> None:
    """Copy a home folder."""
    shutil.copytree(template, folder, symlinks=True)
