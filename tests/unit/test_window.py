# SPDX-License-Identifier: GPL-2.0-or-later
"""The sign-in window: what it shows, its buttons, and its questions."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Callable

import pytest
import xbmcgui

from lib.simkl_account.errors import Unreachable
from lib.simkl_account.kodi import dialogs, qr, window
from lib.simkl_account.outcome import Cause, Outcome, SignInResult

from .fakes import CODE, FakeRuntime
from .stubs import Action, StubbedKodi

FAILURE = Unreachable(Cause.NO_ANSWER)

BAR, PICTURE, CANCEL, AGAIN, CELLS = 4, 5, 10, 11, 100
"""Controls of the window."""

CONTACTING = {"title": "Sign in to Simkl", "message": "Contacting Simkl…", "cancel": "Cancel"}


class WindowRuntime(FakeRuntime):
    """A runtime in which things happen during the waits."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[float, Callable[[], None]] = {}
        """What happens at a time, in seconds since the start."""
        self.keys: list[Callable[[], None]] = []
        """Key presses that Kodi delivers at the next wait."""

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        while self.keys:
            self.keys.pop(0)()
        assert self.elapsed < 1000, "the add-on waits without end"
        for moment in [moment for moment in self.at if self.elapsed >= moment]:
            self.at.pop(moment)()


@pytest.fixture
def runtime() -> WindowRuntime:
    return WindowRuntime()


def open_screen(runtime: WindowRuntime) -> window.WindowScreen:
    """Open a sign-in window."""
    return window.WindowScreen(runtime, "Sign in to Simkl")  # type: ignore[arg-type]


@pytest.fixture
def screen(kodi: StubbedKodi, runtime: WindowRuntime, monkeypatch: pytest.MonkeyPatch) -> window.WindowScreen:
    """Return an open sign-in window. In place of a QR code, it has a path that contains the link."""
    monkeypatch.setattr(qr.Picture, "draw", lambda self, link: f"/picture of {link}")
    monkeypatch.setattr(qr, "remove_all", lambda: None)
    return open_screen(runtime)


def shown(kodi: StubbedKodi) -> dict[str, str]:
    """Return the texts of the window, without those for screen readers."""
    properties = kodi.window().properties
    return {name: value for name, value in properties.items() if value and name != "id" and "spoken" not in name}


def spoken(kodi: StubbedKodi, button: str = "cancel") -> str:
    """Return the label of a button, which a screen reader says."""
    return str(kodi.window().properties.get(f"{button}_spoken", ""))


def is_awake(kodi: StubbedKodi) -> bool:
    """Return True if Kodi's screensaver is kept from coming."""
    return bool(kodi.builtins) and kodi.builtins[-1] == "InhibitScreensaver(true)"


def calls(kodi: StubbedKodi, control: int) -> dict[str, tuple[Any, ...]]:
    """Return the last call of each method of a control of the window."""
    found: dict[str, tuple[Any, ...]] = kodi.window().controls[control].calls
    return found


# Opening


def test_window_opens(kodi: StubbedKodi, screen: window.WindowScreen) -> None:
    """The window opens with a title and a message."""
    assert kodi.window().is_shown
    assert kodi.window().arguments[0] == "script-simkl-account-sign-in.xml"
    assert shown(kodi) == CONTACTING


def test_window_does_not_open(kodi: StubbedKodi, runtime: WindowRuntime) -> None:
    """If Kodi does not open the window, RuntimeError is raised and the window is closed."""
    kodi.windows_open = False
    with pytest.raises(RuntimeError):
        open_screen(runtime)
    assert not kodi.window().is_shown
    assert kodi.window().close_calls == 1


def test_window_without_controls(kodi: StubbedKodi, runtime: WindowRuntime) -> None:
    """If Kodi opens the window without its controls, RuntimeError is raised and the window is closed."""
    kodi.windows_have_controls = False
    with pytest.raises(RuntimeError):
        open_screen(runtime)
    assert not kodi.window().is_shown


# The code


def test_show_code(kodi: StubbedKodi, screen: window.WindowScreen) -> None:
    """A code is shown as text, as centred pictures of its characters, and as a QR code of its link."""
    screen.show_code(CODE._replace(user_code="AB-1", link="https://simkl.com/pin/AB-1"))
    assert shown(kodi) == {
        "title": "Sign in to Simkl",
        "instructions": "Scan the QR code, or go to simkl.com/pin and enter the code below",
        "code": "A, B, -, 1",
        "shows_code": "yes",
        "time": "Time left: 15 min",
        "state": "Waiting for your approval",
        "layout": "ltr",
        "cancel": "Cancel",
    }
    cells = [calls(kodi, CELLS + place) for place in range(16)]
    assert [cell["setImage"] for cell in cells[:4]] == [
        ("simkl-account-code-41.png",),
        ("simkl-account-code-42.png",),
        ("simkl-account-code-2d.png",),
        ("simkl-account-code-31.png",),
    ]
    assert [cell["setPosition"][0] for cell in cells[:4]] == [260, 410, 560, 710], "centred in 1120 pixels"
    assert [cell["setVisible"] for cell in cells] == [(True,)] * 4 + [(False,)] * 12
    assert calls(kodi, PICTURE)["setImage"] == ("/picture of https://simkl.com/pin/AB-1", False)


@pytest.mark.parametrize("length", range(1, 17))
def test_code_fits(kodi: StubbedKodi, screen: window.WindowScreen, length: int) -> None:
    """A code of 1 to 16 characters fits into its area."""
    screen.show_code(CODE._replace(user_code="W" * length))
    cells = [calls(kodi, CELLS + place) for place in range(length)]
    width = cells[0]["setWidth"][0]
    lefts = [cell["setPosition"][0] for cell in cells]
    assert lefts[0] >= 0
    assert lefts[-1] + width <= 1120
    assert abs(lefts[0] - (1120 - lefts[-1] - width)) <= 2, "the code is not in the middle"
    steps = [after - before for before, after in zip(lefts, lefts[1:])]
    gaps = [place for place, step in enumerate(steps, 1) if step > width + 1]
    assert gaps == ([(length + 1) // 2] if length >= 7 else [])
    assert cells[0]["setPosition"][1] >= 340
    assert cells[0]["setPosition"][1] + cells[0]["setHeight"][0] <= 600


def test_hyphen_is_the_gap(kodi: StubbedKodi, screen: window.WindowScreen) -> None:
    """A long code with a hyphen is shown exactly as it came."""
    screen.show_code(CODE._replace(user_code="ABCD-EFGH"))
    lefts = [calls(kodi, CELLS + place)["setPosition"][0] for place in range(9)]
    assert len({after - before for before, after in zip(lefts, lefts[1:])}) == 1


# For the ears, and for eyes that take their time


def test_spoken(kodi: StubbedKodi, screen: window.WindowScreen, runtime: WindowRuntime) -> None:
    """The label of the button with the focus says what the window says, with the code letter by letter."""
    assert spoken(kodi) == "Contacting Simkl. Cancel"
    screen.show_code(CODE)
    code = "Go to simkl.com/pin and enter this code. 5, G, 6, J, A, H. Cancel"
    assert spoken(kodi) == code
    screen.show_time_left(700)
    assert spoken(kodi) == code, "it would be said each second"
    screen.show_unreachable(FAILURE)
    screen.show_time_left(690)
    assert spoken(kodi) == "Cannot reach Simkl at the moment, still trying. Cancel"
    screen.show_unreachable(None)
    screen.show_time_left(680)
    assert spoken(kodi) == code
    runtime.at[1] = lambda: kodi.window().onClick(AGAIN)
    screen.ask_again(Outcome(SignInResult.EXPIRED))
    assert spoken(kodi, "again") == "The code has expired. New code"
    screen.show_approved()
    assert spoken(kodi) == "Approved. One moment. Cancel"
    assert spoken(kodi, "again") == "", "a button that is not there says nothing"
    said: list[str] = []
    runtime.at[runtime.elapsed + 1] = lambda: said.append(spoken(kodi))
    screen.show_message("Signed in as Ada")
    assert said == ["Signed in as Ada. OK"]


def test_screensaver(kodi: StubbedKodi, screen: window.WindowScreen, runtime: WindowRuntime) -> None:
    """The screensaver does not come while a code is shown. It may come again as soon as the code is gone."""
    assert not is_awake(kodi)
    for end in (
        lambda: screen.show_time_left(0),
        screen.show_approved,
        lambda: screen.ask_again(Outcome(SignInResult.EXPIRED)),
        screen.close,
    ):
        screen.show_code(CODE)
        assert is_awake(kodi)
        runtime.shut_down_at = runtime.time
        end()
        assert not is_awake(kodi)


def test_no_qr_code(kodi: StubbedKodi, screen: window.WindowScreen, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the QR code cannot be drawn, the instructions do not mention it and the window keeps no room for it."""
    monkeypatch.setattr(qr.Picture, "draw", lambda self, link: "")
    screen.show_code(CODE)
    assert shown(kodi)["instructions"] == "Go to simkl.com/pin and enter this code"
    assert "layout" not in shown(kodi)


def test_late_qr_code(
    kodi: StubbedKodi, screen: window.WindowScreen, runtime: WindowRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If drawing the QR code takes time, the QR code is shown when it is ready."""
    drawing: Future[str] = Future()
    monkeypatch.setattr(runtime, "start", lambda call: drawing)
    screen.show_code(CODE)
    assert "layout" not in shown(kodi)
    drawing.set_result("/late")
    screen.show_time_left(899)
    assert shown(kodi)["layout"] == "ltr"


def test_right_to_left(kodi: StubbedKodi, screen: window.WindowScreen) -> None:
    """In a language that is written from right to left, the layout is mirrored and the bar ends at the right."""
    kodi.language = "he"
    screen.show_code(CODE)
    screen.show_time_left(450)
    assert shown(kodi)["layout"] == "rtl"
    bar = calls(kodi, BAR)
    assert (bar["setWidth"], bar["setPosition"][0]) == ((500,), 560)


def test_time_left(kodi: StubbedKodi, screen: window.WindowScreen) -> None:
    """The time left is shown as text and as a bar; if no time is left, the code is not shown any more."""
    screen.show_code(CODE)
    for seconds, text, width in (
        (899.2, "15 min", 1000),
        (839, "14 min", 932),
        (61, "2 min", 67),
        (59.1, "1:00", 65),
        (1, "0:01", 1),
    ):
        screen.show_time_left(seconds)
        assert shown(kodi)["time"] == f"Time left: {text}"
        assert calls(kodi, BAR)["setWidth"] == (width,)
    screen.show_time_left(0)
    assert shown(kodi) == CONTACTING


def test_unreachable(kodi: StubbedKodi, screen: window.WindowScreen) -> None:
    """While Simkl is unreachable, the window says so below the code; a new code starts without that."""
    screen.show_code(CODE)
    screen.show_unreachable(FAILURE)
    screen.show_time_left(800)
    assert shown(kodi)["state"] == "Cannot reach Simkl at the moment, still trying"
    assert shown(kodi)["code"] == "5, G, 6, J, A, H"
    screen.show_unreachable(Unreachable(Cause.BUSY, status=412))
    screen.show_time_left(800)
    assert shown(kodi)["state"] == "Simkl is busy, trying again in a few minutes"
    screen.show_unreachable(None)
    screen.show_time_left(800)
    assert shown(kodi)["state"] == "Waiting for your approval"
    screen.show_unreachable(FAILURE)
    screen.show_code(CODE)
    assert shown(kodi)["state"] == "Waiting for your approval", "a new code"


def test_show_approved(kodi: StubbedKodi, screen: window.WindowScreen) -> None:
    """Once the code is approved, it is not shown any more."""
    screen.show_code(CODE)
    screen.show_approved()
    assert shown(kodi) == {"title": "Sign in to Simkl", "message": "Approved. One moment…", "cancel": "Cancel"}


# Cancel


@pytest.mark.parametrize("how", ["button", "back", "closed by another add-on"])
def test_cancelled(kodi: StubbedKodi, screen: window.WindowScreen, how: str) -> None:
    """The sign-in is cancelled by the Cancel button, by Back, and if another add-on closes the window."""
    screen.show_code(CODE)
    assert not screen.is_cancelled()
    if how == "button":
        kodi.window().onClick(CANCEL)
    elif how == "back":
        kodi.window().onAction(Action(xbmcgui.ACTION_NAV_BACK))
    else:
        kodi.window().close()
        assert not screen.is_cancelled(), "this takes as long as Kodi takes to draw a frame"
        screen.look()
    assert screen.is_cancelled()


def test_other_key(kodi: StubbedKodi, screen: window.WindowScreen) -> None:
    """A key that is not Back does not cancel the sign-in."""
    kodi.window().onAction(Action(xbmcgui.ACTION_SELECT_ITEM))
    assert not screen.is_cancelled()


# Questions


@pytest.mark.parametrize(("button", "answer"), [(AGAIN, True), (CANCEL, False)])
def test_ask_again(
    kodi: StubbedKodi, screen: window.WindowScreen, runtime: WindowRuntime, button: int, answer: bool
) -> None:
    """A question is asked in the same window, without the expired code and with the focus on its button."""
    screen.show_code(CODE)
    seen: list[Any] = []

    def press() -> None:
        seen.append((shown(kodi), kodi.window().focused))
        kodi.window().onClick(button)

    runtime.at[1] = press
    assert screen.ask_again(Outcome(SignInResult.EXPIRED)) is answer
    texts = {"title": "Sign in to Simkl", "message": "The code has expired.", "again": "New code", "cancel": "Cancel"}
    assert seen == [(texts, AGAIN)]
    assert len(kodi.windows) == 1
    if answer:
        assert not screen.is_cancelled()
        screen.show_code(CODE)
        assert "again" not in shown(kodi)


def test_press_before_question(kodi: StubbedKodi, screen: window.WindowScreen, runtime: WindowRuntime) -> None:
    """A button that was pressed before the question does not answer it."""
    kodi.window().onClick(AGAIN)
    runtime.at[1] = lambda: kodi.window().onClick(CANCEL)
    assert not screen.ask_again(Outcome(SignInResult.UNREACHABLE, Cause.NO_ANSWER))


def test_late_key_before_question(kodi: StubbedKodi, screen: window.WindowScreen, runtime: WindowRuntime) -> None:
    """A key that was pressed before the question, and that Kodi delivers late, does not answer the question."""
    screen.show_approved()
    runtime.keys.append(lambda: kodi.window().onAction(Action(xbmcgui.ACTION_NAV_BACK)))
    runtime.at[1] = lambda: kodi.window().onClick(AGAIN)
    assert screen.ask_again(Outcome(SignInResult.NOT_SAVED))


def test_bouncing_key(kodi: StubbedKodi, screen: window.WindowScreen, runtime: WindowRuntime) -> None:
    """A press of Cancel right after New code is ignored: the key bounced, and Cancel got the focus of New code."""
    runtime.at[1] = lambda: kodi.window().onClick(AGAIN)
    assert screen.ask_again(Outcome(SignInResult.EXPIRED))
    runtime.time += 0.2
    kodi.window().onClick(CANCEL)
    assert not screen.is_cancelled()
    runtime.time += 0.5
    kodi.window().onClick(CANCEL)
    assert screen.is_cancelled()


def test_kodi_quits(screen: window.WindowScreen, runtime: WindowRuntime) -> None:
    """If Kodi quits during the question, the answer is no."""
    runtime.shut_down_at = runtime.time + 1
    assert not screen.ask_again(Outcome(SignInResult.NOT_SAVED))


@pytest.mark.parametrize("answer", [True, False])
def test_unsaved_token_is_asked_about_in_dialog(
    kodi: StubbedKodi,
    screen: window.WindowScreen,
    runtime: WindowRuntime,
    monkeypatch: pytest.MonkeyPatch,
    answer: bool,
) -> None:
    """If another add-on closes the question about an unsaved token, a dialog asks it; after yes, a new window opens."""

    def confirm(runtime: Any, message: str, yes: str) -> bool:
        assert yes == "Try again"
        return answer

    monkeypatch.setattr(dialogs, "confirm", confirm)
    runtime.at[1] = lambda: kodi.window().close()
    assert screen.ask_again(Outcome(SignInResult.NOT_SAVED)) is answer
    assert len(kodi.windows) == 1 + answer


def test_window_does_not_open_again(
    kodi: StubbedKodi, screen: window.WindowScreen, runtime: WindowRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the window was closed and does not open again, the answer counts, and a dialog shows the result."""
    messages: list[str] = []
    monkeypatch.setattr(dialogs, "confirm", lambda runtime, message, yes: True)
    monkeypatch.setattr(dialogs, "show_message", lambda runtime, message: messages.append(message))
    kodi.windows_open = False
    runtime.at[1] = lambda: kodi.window().close()
    assert screen.ask_again(Outcome(SignInResult.NOT_SAVED))
    screen.show_approved()
    screen.close()
    screen.show_message("Signed in as Ada")
    assert messages == ["Signed in as Ada"]


# The message at the end


def test_show_message(kodi: StubbedKodi, screen: window.WindowScreen, runtime: WindowRuntime) -> None:
    """The message is shown with a tick, for seven seconds or until the user presses any key."""
    screen.close()
    seen: list[dict[str, str]] = []
    runtime.at[1] = lambda: seen.append(shown(kodi))
    screen.show_message("Signed in as Ada")
    assert seen == [{"title": "Sign in to Simkl", "message": "Signed in as Ada", "cancel": "OK", "done": "yes"}]
    assert runtime.elapsed == pytest.approx(7, abs=0.1)
    assert not kodi.window().is_shown
    for key in (xbmcgui.ACTION_NAV_BACK, xbmcgui.ACTION_MOVE_LEFT, xbmcgui.ACTION_SELECT_ITEM):
        start = runtime.elapsed
        runtime.at[start + 1] = lambda: kodi.window().onAction(Action(xbmcgui.ACTION_MOUSE_MOVE))
        runtime.at[start + 2] = lambda key=key: kodi.window().onAction(Action(key))  # type: ignore[misc]
        screen.show_message("Signed in as Ada")
        assert runtime.elapsed - start == pytest.approx(2, abs=0.1)
