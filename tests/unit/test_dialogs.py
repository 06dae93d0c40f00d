# SPDX-License-Identifier: GPL-2.0-or-later
"""Kodi's plain dialogs: the progress dialog of a sign-in, questions and messages."""

from __future__ import annotations

from typing import Callable

import pytest
import xbmc
import xbmcgui

from lib.simkl_account.errors import Unreachable
from lib.simkl_account.kodi import dialogs
from lib.simkl_account.kodi.runtime import KodiRuntime
from lib.simkl_account.outcome import Cause, Outcome, SignInResult

from .fakes import CODE
from .stubs import PROGRESS_WINDOW, Action, StubbedKodi

FAILURE = Unreachable(Cause.NO_ANSWER)

HEADING, TEXT, CANCEL, YES = 1, 9, 10, 11
"""Controls of Kodi's DialogConfirm.xml. In a message, OK takes the place of Cancel."""


@pytest.fixture
def screen(kodi: StubbedKodi) -> dialogs.ProgressScreen:
    """Return the progress dialog of a sign-in."""
    return dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")


def shown(kodi: StubbedKodi) -> str:
    """Return the text of the progress dialog."""
    return str(kodi.progress[-1][-1])


def press(kodi: StubbedKodi, button: int) -> None:
    """Let the user press a button of the question that is open, at the first wait."""
    kodi.on_wait = lambda: kodi.window().onClick(button)


# The progress dialog


def test_dialog_opens_at_once(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """The progress dialog is open as soon as the screen is made."""
    assert kodi.progress == [("create", "Sign in to Simkl", "Contacting Simkl…")]


def test_show_code(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """The code has a line for itself, with spaces between its characters."""
    screen.show_code(CODE)
    assert kodi.progress[-1][1] == 100
    assert shown(kodi).split("[CR]") == [
        "Go to simkl.com/pin and enter this code",
        "",
        "[COLOR FFF5A623][B]5    G    6    J    A    H[/B][/COLOR]",
        "Time left: 15 min",
    ]


@pytest.mark.parametrize(
    ("left", "percent", "text"),
    [(899.2, 99, "15 min"), (840, 93, "14 min"), (60.1, 6, "2 min"), (60, 6, "1:00"), (0.4, 0, "0:01")],
)
def test_time_left(kodi: StubbedKodi, screen: dialogs.ProgressScreen, left: float, percent: int, text: str) -> None:
    """The time left is shown in percent and as text, rounded up, above the line that says that Simkl is unreachable.

    Only the last minute is counted in seconds.
    """
    screen.show_code(CODE)
    screen.show_unreachable(FAILURE)
    screen.show_time_left(left)
    assert kodi.progress[-1][1] == percent
    assert shown(kodi).split("[CR]")[2:] == [f"Time left: {text}", "Cannot reach Simkl at the moment, still trying"]


def test_no_time_left(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """If no time is left, the code is not shown any more."""
    screen.show_code(CODE)
    for _ in range(2):
        screen.show_time_left(0)
        assert shown(kodi) == "Contacting Simkl…"


def test_unchanged_text_is_not_drawn(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """The dialog is updated only if its text has changed."""
    screen.show_contacting()
    screen.show_code(CODE)
    for second in range(841, 900):
        screen.show_time_left(second)
    assert len(kodi.progress) == 2, "a screen that is drawn each second costs much on a small box"


def test_show_approved(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """Once the code is approved, it is not shown any more."""
    screen.show_code(CODE)
    screen.show_approved()
    screen.show_time_left(100)
    assert shown(kodi) == "Approved. One moment…"


def test_new_code_is_reachable(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """If Simkl was unreachable with one code, this is not shown with the next code."""
    screen.show_code(CODE)
    screen.show_unreachable(FAILURE)
    screen.show_code(CODE._replace(user_code="OTHER1"))
    assert "still trying" not in shown(kodi)


def test_user_cancels(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """If the user cancels the progress dialog, the screen is cancelled, and can still be closed."""
    kodi.progress_cancelled = True
    assert screen.is_cancelled()
    screen.close()
    assert kodi.progress[-1] == ("close",)


def test_screensaver(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """The screensaver does not come while a code is shown. It may come again as soon as the code is gone."""
    ends: list[Callable[[], None]] = [lambda: screen.show_time_left(0), screen.show_approved, screen.close]
    for end in ends:
        screen.show_code(CODE)
        assert kodi.builtins[-1] == "InhibitScreensaver(true)"
        end()
        assert kodi.builtins[-1] == "InhibitScreensaver(false)"
    count = len(kodi.builtins)
    screen.close()
    assert len(kodi.builtins) == count, "another add-on may want no screensaver by now"


# The progress dialog, if something else closes it or takes it over


def is_lost(screen: dialogs.ProgressScreen) -> bool:
    """Return True if the screen notices that the dialog is not its own any more."""
    screen.look()
    return screen.is_cancelled()


@pytest.mark.parametrize(
    ("visible", "top", "heading", "cancelled"),
    [
        (True, 10101, "Sign in to Simkl", False),
        (True, 10101, "", False),  # a skin without that label
        (True, 10103, "Something else", False),  # another dialog is on top
        (False, 10000, "", True),
        (True, 10101, "Another add-on's progress", True),
    ],
)
def test_dialog_is_lost(
    kodi: StubbedKodi, screen: dialogs.ProgressScreen, visible: bool, top: int, heading: str, cancelled: bool
) -> None:
    """If the progress dialog is closed or taken over by another add-on, the screen is cancelled, and stays so."""
    kodi.top_window, kodi.top_heading = PROGRESS_WINDOW, "Sign in to Simkl"
    assert not is_lost(screen)
    kodi.visible, kodi.top_window, kodi.top_heading = visible, top, heading
    assert is_lost(screen) is cancelled
    screen.close()
    assert (kodi.progress[-1] == ("close",)) is not cancelled, "a dialog that another add-on uses is not closed"
    calls = len(kodi.progress)
    screen.show_approved()
    assert len(kodi.progress) == calls, "a dialog that another add-on may use has been changed"
    kodi.visible, kodi.top_heading = True, ""
    assert is_lost(screen) is cancelled, "a cancelled screen stays cancelled"


def test_heading_of_earlier_dialog(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until Kodi draws the new heading, the dialog shows an earlier one: only after a timeout, this means cancelled."""
    now = 100.0
    monkeypatch.setattr(KodiRuntime, "now", lambda self: now)
    kodi.top_window, kodi.top_heading = PROGRESS_WINDOW, "Installing an add-on..."
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    assert not is_lost(screen)
    kodi.top_heading = "Sign in to Simkl"
    assert not is_lost(screen)
    now += 900
    press(kodi, YES)
    assert screen.ask_again(Outcome(SignInResult.EXPIRED)), "the dialog opens again, with a new timeout"
    kodi.top_heading = "Installing another one..."
    assert not is_lost(screen)
    now += 1.9
    assert not is_lost(screen)
    now += 0.2
    assert is_lost(screen), "the dialog has not shown its own heading within the timeout"


def test_dialog_opens_between_two_calls(
    kodi: StubbedKodi, screen: dialogs.ProgressScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another dialog opens while the heading is read, its heading is not taken for the progress dialog's."""

    def label(name: str) -> str:
        kodi.top_window = 10103
        return "Something else"

    monkeypatch.setattr(xbmc, "getInfoLabel", label)
    assert not is_lost(screen)


# Questions and messages


def test_ask_again(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """The progress dialog with the expired code is closed before the question, and opens again after yes."""
    screen.show_code(CODE)
    press(kodi, YES)
    assert screen.ask_again(Outcome(SignInResult.EXPIRED))
    assert [step[0] for step in kodi.progress] == ["create", "update", "close", "create"]
    assert shown(kodi) == "Contacting Simkl…"
    assert [window.labels() for window in kodi.windows] == [
        {HEADING: "Simkl Account", TEXT: "The code has expired.", CANCEL: "Cancel", YES: "New code"}
    ]
    assert kodi.window().focused == YES


@pytest.mark.parametrize("key", [xbmcgui.ACTION_NAV_BACK, xbmcgui.ACTION_PREVIOUS_MENU])
def test_back_is_no(kodi: StubbedKodi, screen: dialogs.ProgressScreen, key: int) -> None:
    """If the user answers the question with Back, the progress dialog stays closed."""
    kodi.on_wait = lambda: kodi.window().onAction(Action(key))
    assert not screen.ask_again(Outcome(SignInResult.UNREACHABLE, Cause.NO_NETWORK))
    assert kodi.progress[-1] == ("close",)
    assert kodi.windows[0].labels()[YES] == "Try again"


def test_show_message(kodi: StubbedKodi) -> None:
    """A message has one button, OK, which has the focus."""
    press(kodi, CANCEL)
    dialogs.show_message(KodiRuntime(), "Something")
    assert [window.labels() for window in kodi.windows] == [{HEADING: "Simkl Account", TEXT: "Something", CANCEL: "OK"}]
    assert kodi.window().properties["TTS.READER"] == "yesnodialog", "Kodi's screen readers do not say the text"
    assert kodi.window().focused == CANCEL


@pytest.mark.parametrize(("careful", "focus"), [(False, "Do it"), (True, "Cancel")])
def test_confirm_focus(kodi: StubbedKodi, careful: bool, focus: str) -> None:
    """A question has the focus on yes; a careful one has it on Cancel."""
    press(kodi, CANCEL)
    assert not dialogs.confirm(KodiRuntime(), "Really?", yes="Do it", careful=careful)
    window = kodi.window()
    assert window.labels()[window.focused] == focus


@pytest.mark.parametrize("end", ["quit", "closed"])
def test_question_without_answer(kodi: StubbedKodi, end: str) -> None:
    """If Kodi quits or another add-on closes the question, the answer is no. A key that is not Back is no answer."""

    def end_question() -> None:
        kodi.window().onAction(Action(xbmcgui.ACTION_MOVE_LEFT))
        if end == "quit":
            kodi.abort = True
        else:
            kodi.window().close()

    kodi.on_wait = end_question
    assert not dialogs.confirm(KodiRuntime(), "Really?", yes="Yes")
    assert len(kodi.waits) == 1


@pytest.mark.parametrize("end", ["quit", "closed"])
def test_question_ends_before_first_wait(kodi: StubbedKodi, end: str) -> None:
    """If Kodi quits or the question is closed before the first wait, the answer is no, without a wait."""
    kodi.abort, kodi.visible = end == "quit", end != "closed"
    assert not dialogs.confirm(KodiRuntime(), "Really?", yes="Yes")
    assert kodi.waits == []


def test_unsaved_token_is_asked_about_again(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """If another add-on closes the question about an unsaved token, it is asked again."""

    def close_two_questions() -> None:
        kodi.window().onAction(Action(xbmcgui.ACTION_MOVE_LEFT))
        if len(kodi.windows) < 3:
            kodi.window().close()
        else:
            kodi.window().onClick(YES)

    kodi.on_wait = close_two_questions
    assert screen.ask_again(Outcome(SignInResult.NOT_SAVED))
    assert len(kodi.windows) == 3


@pytest.mark.parametrize(("result", "times"), [(SignInResult.EXPIRED, 1), (SignInResult.NOT_SAVED, 3)])
def test_question_is_closed_each_time(
    kodi: StubbedKodi, screen: dialogs.ProgressScreen, result: SignInResult, times: int
) -> None:
    """If another add-on always closes the question, it is asked three times about an unsaved token, else once."""
    kodi.on_wait = lambda: kodi.window().close()
    assert not screen.ask_again(Outcome(result))
    assert len(kodi.windows) == times


def test_ask_text(kodi: StubbedKodi) -> None:
    """What the user types is returned without spaces around it."""
    kodi.dialog_input = "  an-id "
    assert dialogs.ask_text("Client ID") == "an-id"


def test_close_twice(kodi: StubbedKodi, screen: dialogs.ProgressScreen) -> None:
    """The dialog is closed once: the second time, it could be another add-on's, because all share one window."""
    screen.close()
    screen.close()
    assert kodi.progress.count(("close",)) == 1
