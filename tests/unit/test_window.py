# SPDX-License-Identifier: GPL-2.0-or-later
"""The window for a television, with Kodi's part of it played by the tests."""

import os
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Callable, ClassVar, Dict, List, Optional

import pytest
import xbmcgui

from lib.simkl_account.errors import Trouble
from lib.simkl_account.kodi import dialogs, qr, window
from lib.simkl_account.outcome import End, Outcome
from lib.simkl_account.simkl.protocol import Code

from .fakes import FakeRuntime
from .stubs import StubbedKodi

CODE = Code("AB-1", "simkl.com/pin", 900, 5, "https://simkl.com/pin/AB-1")


class Control:
    """Remembers what was done to it."""

    def __init__(self) -> None:
        self.done: Dict[str, Any] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *values: self.done.update({name: values}) or 640


class KodiWindow:
    """A window of Kodi's: its properties, controls and keys."""

    made: ClassVar[List["KodiWindow"]] = []
    opens = True

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.properties: Dict[str, str] = {}
        self.controls: Dict[int, Control] = {}
        self.focus: Optional[int] = None
        self.is_shown = False
        self.closed = 0
        KodiWindow.made.append(self)

    def show(self) -> None:
        self.is_shown = True
        if KodiWindow.opens:
            self.onInit()  # type: ignore[attr-defined]

    def close(self) -> None:
        self.is_shown = False
        self.closed += 1

    def setProperty(self, name: str, value: str) -> None:
        self.properties[name] = value

    def getProperty(self, name: str) -> str:
        return self.properties.get(name, "")

    def getControl(self, number: int) -> Control:
        return self.controls.setdefault(number, Control())

    def setFocusId(self, number: int) -> None:
        self.focus = number

    def getFocusId(self) -> int:
        if self.focus is None:
            raise RuntimeError
        return self.focus


class Runtime(FakeRuntime):
    """One in which something may happen at a time, and in which Kodi hands over the keys that were pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.then: Dict[float, Callable[[], None]] = {}
        self.keys: List[Callable[[], None]] = []

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        while self.keys:
            self.keys.pop(0)()
        assert self.time < 2000, "it waits for ever"
        for at in [at for at in self.then if self.time >= 1000 + at]:
            self.then.pop(at)()


@pytest.fixture
def runtime() -> Runtime:
    return Runtime()


@pytest.fixture
def screen(kodi: StubbedKodi, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> window.WindowScreen:
    KodiWindow.made, KodiWindow.opens = [], True
    members = {name: value for name, value in vars(window._Window).items() if name not in ("__dict__", "__weakref__")}
    monkeypatch.setattr(window, "_Window", type("_Window", (KodiWindow,), members))
    monkeypatch.setattr(xbmcgui, "Window", lambda number: KodiWindow.made[-1] if number == 10101 else KodiWindow())
    monkeypatch.setattr(qr.Picture, "draw", lambda self, link: f"/picture of {link}")
    monkeypatch.setattr(qr, "remove_all", lambda: None)
    return window.WindowScreen(runtime, "Sign in to Simkl")  # type: ignore[arg-type]


def now() -> Any:
    return KodiWindow.made[-1]


def shown() -> Dict[str, str]:
    return {name: value for name, value in now().properties.items() if value and name != "id"}


def test_it_opens_with_something_to_read(screen: window.WindowScreen) -> None:
    assert now().is_shown
    assert now().arguments[0] == "script-simkl-account-sign-in.xml"
    assert shown() == {"title": "Sign in to Simkl", "message": "Contacting Simkl…", "cancel": "Cancel"}


def test_where_kodi_does_not_open_it_that_is_an_error(screen: window.WindowScreen, runtime: Runtime) -> None:
    KodiWindow.opens = False
    with pytest.raises(RuntimeError):
        window.WindowScreen(runtime, "Sign in to Simkl")  # type: ignore[arg-type]
    assert now().closed == 1


def test_a_window_without_anything_in_it_is_one_that_does_not_open(
    screen: window.WindowScreen, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: KodiWindow, number: int) -> None:
        raise RuntimeError("Non-Existent Control 10")

    monkeypatch.setattr(KodiWindow, "getControl", fail)
    with pytest.raises(RuntimeError):
        window.WindowScreen(runtime, "Sign in to Simkl")  # type: ignore[arg-type]
    assert not now().is_shown


def test_a_code_and_its_picture(screen: window.WindowScreen) -> None:
    screen.show_code(CODE)
    assert shown() == {
        "title": "Sign in to Simkl",
        "instructions": "Scan, or go to simkl.com/pin and enter this code",
        "code": "AB-1",
        "shows_code": "yes",
        "time": "Time left: 15:00",
        "state": "Waiting for you to enter the code",
        "layout": "ltr",
        "cancel": "Cancel",
    }
    cells = [now().controls[100 + place].done for place in range(16)]
    assert [cell["setImage"] for cell in cells[:4]] == [
        ("simkl-account-code-41.png",),
        ("simkl-account-code-42.png",),
        ("simkl-account-code-2d.png",),
        ("simkl-account-code-31.png",),
    ]
    assert [cell["setPosition"][0] for cell in cells[:4]] == [260, 410, 560, 710], "in the middle of 1120"
    assert [cell["setVisible"] for cell in cells] == [(True,)] * 4 + [(False,)] * 12
    assert now().controls[5].done["setImage"] == ("/picture of https://simkl.com/pin/AB-1", False)


@pytest.mark.parametrize("length", range(1, 17))
def test_every_length_of_a_code_fits(screen: window.WindowScreen, length: int) -> None:
    screen.show_code(CODE._replace(user_code="W" * length))
    cells = [now().controls[100 + place].done for place in range(length)]
    left, width = cells[0]["setPosition"][0], cells[0]["setWidth"][0]
    assert left >= 0
    assert left + length * width <= 1120
    assert cells[0]["setPosition"][1] >= 340
    assert cells[0]["setPosition"][1] + cells[0]["setHeight"][0] <= 600


def test_without_the_library_it_is_the_same_without_the_picture(
    screen: window.WindowScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qr.Picture, "draw", lambda self, link: "")
    screen.show_code(CODE)
    assert shown()["instructions"] == "Go to simkl.com/pin and enter this code"
    assert "layout" not in shown()


def test_a_picture_that_is_late_comes_later(
    screen: window.WindowScreen, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing: "Future[str]" = Future()
    monkeypatch.setattr(runtime, "start", lambda call: drawing)
    screen.show_code(CODE)
    assert "layout" not in shown()
    drawing.set_result("/late")
    screen.show_time_left(899)
    assert shown()["layout"] == "ltr"


def test_from_right_to_left(kodi: StubbedKodi, screen: window.WindowScreen) -> None:
    kodi.language = "he"
    screen.show_code(CODE)
    screen.show_time_left(450)
    assert shown()["layout"] == "rtl"
    bar = now().controls[4].done
    assert (bar["setWidth"], bar["setPosition"][0]) == ((500,), 560)


def test_the_time_left(screen: window.WindowScreen) -> None:
    screen.show_code(CODE)
    for seconds, said, width in ((899.2, "15:00", 1000), (61, "1:01", 67), (59.1, "1:00", 65), (1, "0:01", 1)):
        screen.show_time_left(seconds)
        assert shown()["time"] == f"Time left: {said}"
        assert now().controls[4].done["setWidth"] == (width,)
    screen.show_time_left(0)
    assert shown() == {"title": "Sign in to Simkl", "message": "Contacting Simkl…", "cancel": "Cancel"}


def test_trouble_comes_and_goes(screen: window.WindowScreen) -> None:
    screen.show_code(CODE)
    screen.show_trouble(True)
    screen.show_time_left(800)
    assert shown()["state"] == "Cannot reach Simkl at the moment, still trying"
    assert shown()["code"] == "AB-1"
    screen.show_trouble(False)
    screen.show_time_left(800)
    assert shown()["state"] == "Waiting for you to enter the code"
    screen.show_trouble(True)
    screen.show_code(CODE)
    assert shown()["state"] == "Waiting for you to enter the code", "another code, no trouble yet"


def test_approved(screen: window.WindowScreen) -> None:
    screen.show_code(CODE)
    screen.show_approved()
    assert shown() == {"title": "Sign in to Simkl", "message": "Approved. One moment…", "cancel": "Cancel"}


@pytest.mark.parametrize("how", ["button", "back", "closed by somebody else"])
def test_cancelled(kodi: StubbedKodi, screen: window.WindowScreen, how: str) -> None:
    screen.show_code(CODE)
    assert not screen.is_cancelled()
    if how == "button":
        now().onClick(10)
    elif how == "back":
        now().onAction(Action(92))
    else:
        kodi.visible = False
    assert screen.is_cancelled()


class Action:
    """A key."""

    def __init__(self, number: int) -> None:
        self._number = number

    def getId(self) -> int:
        return self._number


def test_another_key_is_not_cancel(screen: window.WindowScreen) -> None:
    now().onAction(Action(7))
    assert not screen.is_cancelled()


@pytest.mark.parametrize(("button", "answer"), [(11, True), (10, False)])
def test_a_new_code_in_the_same_window(
    screen: window.WindowScreen, runtime: Runtime, button: int, answer: bool
) -> None:
    screen.show_code(CODE)
    seen: List[Any] = []

    def press() -> None:
        seen.append((shown(), now().focus))
        now().onClick(button)

    runtime.then[1] = press
    assert screen.ask_again(Outcome(End.EXPIRED)) is answer
    words = {"title": "Sign in to Simkl", "message": "The code has expired.", "again": "New code", "cancel": "Cancel"}
    assert seen == [(words, 11)], "no dead code, and the focus on the button"
    assert len(KodiWindow.made) == 1
    if answer:
        assert not screen.is_cancelled()
        screen.show_code(CODE)
        assert "again" not in shown()


def test_the_question_is_answered_by_what_comes_after_it(screen: window.WindowScreen, runtime: Runtime) -> None:
    now().onClick(11)
    runtime.then[1] = lambda: now().onClick(10)
    assert not screen.ask_again(Outcome(End.UNREACHABLE, Trouble.NO_ANSWER))


def test_a_press_from_before_the_question_is_no_answer(screen: window.WindowScreen, runtime: Runtime) -> None:
    screen.show_approved()
    runtime.keys.append(lambda: now().onAction(Action(92)))
    runtime.then[1] = lambda: now().onClick(11)
    assert screen.ask_again(Outcome(End.NOT_SAVED))


def test_a_bouncing_press_is_one(screen: window.WindowScreen, runtime: Runtime) -> None:
    runtime.then[1] = lambda: now().onClick(11)
    assert screen.ask_again(Outcome(End.EXPIRED))
    runtime.time += 0.2
    now().onClick(10)  # where the focus falls to
    assert not screen.is_cancelled()
    runtime.time += 0.5
    now().onClick(10)
    assert screen.is_cancelled()


def test_another_dialog_on_top_is_not_taken_for_the_window(
    kodi: StubbedKodi, screen: window.WindowScreen, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    kodi.top_window = 10138
    monkeypatch.setattr(xbmcgui, "Window", lambda number: KodiWindow.made[-1] if number == 13007 else Control())
    window.WindowScreen(runtime, "Sign in to Simkl")  # type: ignore[arg-type]
    assert now().number == 13007


def test_without_a_window_the_token_is_still_saved_and_the_end_said(
    kodi: StubbedKodi, screen: window.WindowScreen, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: List[str] = []
    monkeypatch.setattr(dialogs, "ask", lambda runtime, message, yes: True)
    monkeypatch.setattr(dialogs, "tell", lambda runtime, message: told.append(message))
    KodiWindow.opens = False
    runtime.then[1] = lambda: setattr(kodi, "visible", False)
    assert screen.ask_again(Outcome(End.NOT_SAVED))
    screen.show_approved()
    screen.close()
    screen.tell("Signed in as Ada")
    assert told == ["Signed in as Ada"]


def test_kodi_quits_during_the_question(screen: window.WindowScreen, runtime: Runtime) -> None:
    runtime.shut_down_at = runtime.time + 1
    assert not screen.ask_again(Outcome(End.NOT_SAVED))


@pytest.mark.parametrize("answer", [True, False])
def test_with_a_token_in_hand_a_closed_window_is_no_answer(
    kodi: StubbedKodi, screen: window.WindowScreen, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    def ask(runtime: Any, message: str, yes: str) -> bool:
        assert yes == "Try again"
        kodi.visible = True
        return answer

    monkeypatch.setattr(dialogs, "ask", ask)
    runtime.then[1] = lambda: setattr(kodi, "visible", False)
    assert screen.ask_again(Outcome(End.NOT_SAVED)) is answer
    assert len(KodiWindow.made) == 1 + answer


def test_success_is_seen_for_two_seconds_or_until_ok(screen: window.WindowScreen, runtime: Runtime) -> None:
    screen.close()
    seen: List[Dict[str, str]] = []
    runtime.then[1] = lambda: seen.append(shown())
    screen.tell("Signed in as Ada")
    assert seen == [{"title": "Sign in to Simkl", "message": "Signed in as Ada", "cancel": "OK"}]
    assert runtime.time - 1000 == pytest.approx(2, abs=0.1)
    assert not now().is_shown
    runtime.then[3] = lambda: now().onClick(10)
    screen.tell("Signed in as Ada")
    assert runtime.time - 1000 == pytest.approx(3, abs=0.1)


# The picture


@pytest.fixture
def folder(kodi: StubbedKodi) -> Path:
    return kodi.profile


def test_a_picture_has_another_name_each_time_and_goes(folder: Path) -> None:
    (folder / "qr-of a Kodi that crashed.png").write_bytes(b"x")
    (folder / "settings.xml").write_bytes(b"x")
    first, second = qr.Picture(), qr.Picture()
    names = {first.draw(CODE.link), second.draw(CODE.link)}
    assert len(names) == 2
    assert all("AB-1" not in name and Path(name).is_file() for name in names)
    second.remove()
    assert [path.name for path in folder.iterdir()] == ["settings.xml"]


def test_a_picture_that_is_done_too_late_goes_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import qrcode

    late = qr.Picture()
    make = qrcode.QRCode.make_image
    others: List[str] = []

    def make_late(self: Any) -> Any:
        monkeypatch.setattr(qrcode.QRCode, "make_image", make)
        late.remove()
        others.append(qr.Picture().draw(CODE.link))
        return make(self)

    monkeypatch.setattr(qrcode.QRCode, "make_image", make_late)
    assert late.draw(CODE.link) == ""
    assert [str(path) for path in folder.iterdir()] == others, "the next one's stays"
    assert late.draw(CODE.link) == "", "and is not even begun"


def test_a_picture_that_cannot_be_removed_keeps_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("qr-1.png", "qr-2.png", "qr-3.png"):
        (folder / name).write_bytes(b"x")
    remove = os.remove

    def fail_once(path: str) -> None:
        monkeypatch.setattr(os, "remove", remove)
        raise PermissionError(path)

    monkeypatch.setattr(os, "remove", fail_once)
    qr.remove_all()
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("error", [ImportError(), OSError(), ValueError("https://simkl.com/pin/AB-1")])
def test_no_picture_and_no_secret_in_the_log(
    kodi: StubbedKodi, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    import qrcode

    def fail(**options: Any) -> None:
        raise error

    monkeypatch.setattr(qrcode, "QRCode", fail)
    assert qr.Picture().draw(CODE.link) == ""
    assert [line for line, _ in kodi.log] == [f"script.simkl.account: no QR code: {type(error).__name__}"]
