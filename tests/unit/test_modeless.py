# SPDX-License-Identifier: GPL-2.0-or-later
"""What the sign-in window and the questions share: Kodi's number of the window, the pressed button, and closing."""

from __future__ import annotations

import pytest
import xbmcgui

from lib.simkl_account.kodi import dialogs
from lib.simkl_account.kodi.modeless import ModelessDialog
from lib.simkl_account.kodi.runtime import KodiRuntime
from lib.simkl_account.kodi.window import WindowScreen

from .stubs import FIRST_SCRIPT_WINDOW, Action, FakeWindow, StubbedKodi

ANOTHER_DIALOG = 10138
"""Kodi's busy dialog."""


class Dialog(ModelessDialog):
    """The smallest window."""

    CANCEL = 10


@pytest.fixture
def dialog(kodi: StubbedKodi) -> Dialog:
    """Return a window that Kodi has loaded."""
    dialog = Dialog("dialog.xml", "/addon")
    dialog.show()
    return dialog


@pytest.mark.parametrize("top", [FIRST_SCRIPT_WINDOW, ANOTHER_DIALOG])
def test_number(kodi: StubbedKodi, top: int) -> None:
    """The window finds its own number, also if another dialog is the topmost one when Kodi loads the window."""
    kodi.top_window = top
    dialog = Dialog("dialog.xml", "/addon")
    assert dialog.window_id is None
    dialog.show()
    assert dialog.window_id == FIRST_SCRIPT_WINDOW
    assert not dialog.was_closed()


def test_number_among_windows_of_scripts(kodi: StubbedKodi, dialog: Dialog) -> None:
    """The window finds its own number among the windows of scripts, open ones and closed ones."""
    closed_windows = [FakeWindow() for _ in range(6)]
    kodi.windows.extend(closed_windows)
    kodi.top_window = ANOTHER_DIALOG
    newer = Dialog("dialog.xml", "/addon")
    newer.show()
    assert (dialog.window_id, newer.window_id) == (FIRST_SCRIPT_WINDOW, FIRST_SCRIPT_WINDOW + 7)


def test_sign_in_window_below_another_dialog(kodi: StubbedKodi) -> None:
    """If another dialog is the topmost one when Kodi loads the sign-in window, the window finds its own number."""
    kodi.top_window = ANOTHER_DIALOG
    kodi.windows.extend(FakeWindow() for _ in range(7))
    screen = WindowScreen(KodiRuntime(), "Sign in to Simkl")
    assert kodi.window().window_id == FIRST_SCRIPT_WINDOW + 7
    screen.look()
    assert not screen.is_cancelled()


def test_question_below_another_dialog(kodi: StubbedKodi) -> None:
    """If another dialog is the topmost one when Kodi loads a question, the question finds its number and is open."""
    kodi.top_window = ANOTHER_DIALOG

    def press_yes() -> None:
        assert kodi.window().window_id == FIRST_SCRIPT_WINDOW
        assert not kodi.window().was_closed()
        kodi.window().onClick(11)

    kodi.on_wait = press_yes
    assert dialogs.confirm(KodiRuntime(), "Really?", yes="Yes")


def test_press(kodi: StubbedKodi, dialog: Dialog) -> None:
    """wait_for_press() returns the button that is pressed."""
    kodi.on_wait = lambda: dialog.onClick(11)
    assert dialog.wait_for_press(KodiRuntime()) == 11
    assert len(kodi.waits) == 1


@pytest.mark.parametrize("key", [xbmcgui.ACTION_NAV_BACK, xbmcgui.ACTION_PREVIOUS_MENU])
def test_back(kodi: StubbedKodi, dialog: Dialog, key: int) -> None:
    """Both of Kodi's keys for Back count as Cancel."""
    kodi.on_wait = lambda: dialog.onAction(Action(key))  # type: ignore[arg-type]
    assert dialog.wait_for_press(KodiRuntime()) == Dialog.CANCEL


@pytest.mark.parametrize("key", [xbmcgui.ACTION_MOVE_LEFT, xbmcgui.ACTION_SELECT_ITEM])
def test_other_key(dialog: Dialog, key: int) -> None:
    """Another key presses no button."""
    dialog.onAction(Action(key))  # type: ignore[arg-type]
    assert dialog.pressed is None


def test_closed_by_another(kodi: StubbedKodi, dialog: Dialog) -> None:
    """If another add-on closes the window, the wait ends without a button."""
    assert not dialog.was_closed()
    kodi.on_wait = dialog.close  # as Dialog.Close(all) does
    assert dialog.wait_for_press(KodiRuntime()) is None
    assert dialog.was_closed()
    assert len(kodi.waits) == 1


def test_not_loaded_is_not_closed(kodi: StubbedKodi) -> None:
    """A window that Kodi has not loaded yet does not count as closed."""
    kodi.windows_open = False
    dialog = Dialog("dialog.xml", "/addon")
    dialog.show()
    assert dialog.window_id is None
    assert not dialog.was_closed()


def test_kodi_quits(kodi: StubbedKodi, dialog: Dialog) -> None:
    """If Kodi quits, the wait ends without a button."""
    kodi.on_wait = lambda: setattr(kodi, "abort", True)
    assert dialog.wait_for_press(KodiRuntime()) is None
    assert len(kodi.waits) == 1


def test_focus(kodi: StubbedKodi, dialog: Dialog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait sets the focus until Kodi has drawn the button and gives it the focus."""
    take_focus = dialog.setFocusId
    monkeypatch.setattr(dialog, "setFocusId", lambda number: take_focus(number) if len(kodi.waits) == 2 else None)
    kodi.on_wait = lambda: dialog.onClick(11) if len(kodi.waits) == 5 else None
    assert dialog.wait_for_press(KodiRuntime(), focus=11) == 11
    assert kodi.window().focused == 11
