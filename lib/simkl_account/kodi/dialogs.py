# SPDX-License-Identifier: GPL-2.0-or-later
"""Kodi's plain dialogs: the progress dialog as a Screen, questions, messages and notifications."""

from __future__ import annotations

from math import ceil

import xbmc
import xbmcgui

from .addon import cached_addon, name, text
from .modeless import ModelessDialog
from .strings import Text, message, retry_label_id, still_trying_id

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from ..errors import Unreachable
    from ..models import Code
    from ..outcome import Outcome
    from .runtime import KodiRuntime

CANCEL_TEXT, OK_TEXT = 222, 186
"""Ids of Kodi's own strings."""

_PROGRESS_WINDOW = 10101

_AMBER = "FFF5A623"
"""The colour of the code: dark enough for a light skin, and light enough for a dark one."""

_HEADING_TIMEOUT = 2.0
"""Seconds until the progress dialog shows this script's heading. Until then it shows that of its last user."""

_UNSAVED_TOKEN_QUESTIONS = 3
"""How often the user is asked what to do with a token that could not be stored, if other add-ons close the question."""


class ProgressScreen:
    """Show a sign-in in Kodi's progress dialog: implements auth.ui.Screen."""

    def __init__(self, runtime: KodiRuntime, title: str) -> None:
        self._runtime = runtime
        self._code: Code | None = None
        self._failure: Unreachable | None = None
        self._shown = ""
        self._is_lost = self._is_open = False
        self._title = title
        self._dialog = xbmcgui.DialogProgress()
        self._open()

    def show_contacting(self) -> None:
        self._forget_code()
        self._update(100, text(Text.CONTACTING))

    def show_code(self, code: Code) -> None:
        self._code = code
        self._failure = None
        keep_awake(True)
        self.show_time_left(code.expires_in)

    def show_time_left(self, seconds: float) -> None:
        if not self._code:
            return
        if seconds <= 0:  # the user must not type this code any more, although a last poll may be under way
            return self.show_contacting()
        lines = [
            text(Text.ENTER_CODE, self._code.page),
            f"[COLOR {_AMBER}][B]{spaced(self._code.user_code)}[/B][/COLOR]",
            time_left(seconds),
        ]
        # The dialog has room for four lines. One is empty unless Simkl cannot be reached.
        if self._failure:
            lines.append(text(still_trying_id(self._failure)))
        else:
            lines.insert(1, "")
        self._update(int(100 * seconds / self._code.expires_in), "[CR]".join(lines))

    def show_unreachable(self, error: Unreachable | None) -> None:
        self._failure = error

    def show_approved(self) -> None:
        self._forget_code()
        self._update(100, text(Text.APPROVED))

    def look(self) -> None:
        self._is_lost = self._is_lost or self._was_taken_away()

    def is_cancelled(self) -> bool:
        return self._is_lost or self._dialog.iscanceled()

    def ask_again(self, outcome: Outcome) -> bool:
        self.close()
        question, yes = message(outcome), text(retry_label_id(outcome))
        # If another add-on closes the question, the user has not answered it.
        for _ in range(_UNSAVED_TOKEN_QUESTIONS if outcome.has_unsaved_token else 1):
            answer = _Confirmation.ask(self._runtime, question, yes, _cancel_label(), focus=_Confirmation.YES)
            if answer is not None or self._runtime.is_shutting_down():
                break
        if answer:
            self._open()
        return bool(answer)

    def show_message(self, message: str) -> None:
        """Show a message until the user closes it."""
        show_message(self._runtime, message)

    def close(self) -> None:
        self._forget_code()
        if not self._is_lost and self._is_open:  # the second time, it could be the dialog of another add-on
            self._dialog.close()
        self._is_open = False

    def _open(self) -> None:
        self._is_open = True
        self._shown = text(Text.CONTACTING)
        self._had_heading, self._heading_deadline = False, self._runtime.now() + _HEADING_TIMEOUT
        self._dialog.create(self._title, self._shown)

    def _forget_code(self) -> None:
        if self._code:
            keep_awake(False)
        self._code = None

    def _was_taken_away(self) -> bool:
        """Return True if the dialog is not on the screen any more, although the user has not cancelled it.

        All progress dialogs of Kodi are one window. Dialog.Close(all) closes it, and the dialog of another script takes
        it over. iscanceled() stays False in both cases.
        """
        if not xbmc.getCondVisibility(f"Window.IsVisible({_PROGRESS_WINDOW})"):
            return True
        heading = xbmc.getInfoLabel("Control.GetLabel(1)")
        if xbmcgui.getCurrentWindowDialogId() != _PROGRESS_WINDOW:
            return False  # another dialog lies on top, and the heading is that dialog's
        if heading == self._title:
            self._had_heading = True
        has_other_heading = heading not in ("", self._title)
        return has_other_heading and (self._had_heading or self._runtime.now() > self._heading_deadline)

    def _update(self, percent: int, message: str) -> None:
        """Update the dialog if the text has changed, which it has not at most ticks."""
        if self._is_open and message != self._shown:
            self._dialog.update(percent, message)
            self._shown = message


def keep_awake(is_wanted: bool) -> None:
    """Keep Kodi's screensaver from dimming the screen. By default it does that after three minutes."""
    xbmc.executebuiltin(f"InhibitScreensaver({str(is_wanted).lower()})")


def show_notification(message: str) -> None:
    """Show a message in a corner of the screen for a few seconds."""
    xbmcgui.Dialog().notification(name(), message, cached_addon().getAddonInfo("icon"))


def show_message(runtime: KodiRuntime, message: str) -> None:
    """Show a message until the user closes it."""
    ok = xbmc.getLocalizedString(OK_TEXT)
    _Confirmation.ask(runtime, message, yes="", no=ok, focus=_Confirmation.NO)


def confirm(runtime: KodiRuntime, message: str, yes: str, careful: bool = False) -> bool:
    """Ask a yes/no question and return True for yes. yes: the label of that button; the other one says Cancel.

    careful: focus Cancel, so that pressing OK by accident does nothing.
    """
    focus = _Confirmation.NO if careful else _Confirmation.YES
    return bool(_Confirmation.ask(runtime, message, yes, _cancel_label(), focus))


def ask_text(heading: str) -> str:
    """Return what the user types with Kodi's keyboard; "" if the user cancels. It is modal: Kodi has no other form."""
    return xbmcgui.Dialog().input(heading).strip()


def time_left(seconds: float) -> str:
    """Return a text with the minutes that are left, rounded up; in the last minute, with the seconds.

    A text that changes each second makes Kodi draw the whole screen each second, which a small box feels.
    """
    if seconds > 60:
        return text(Text.MINUTES_LEFT, str(ceil(seconds / 60)))
    minutes, rest = divmod(ceil(seconds), 60)
    return text(Text.TIME_LEFT, f"{minutes}:{rest:02}")


def spaced(code: str) -> str:
    """Return a code with spaces between its characters, so that each can be read across a room."""
    return "    ".join(code)


def _cancel_label() -> str:
    return xbmc.getLocalizedString(CANCEL_TEXT)


class _Confirmation(ModelessDialog):
    """The skin's own dialog for yes/no and OK.

    All skins have the same control ids: https://kodi.wiki/view/Skinning_Manual, DialogConfirm.xml.
    """

    FILE = "DialogConfirm.xml"
    HEADING, TEXT, NO, YES, CUSTOM, PROGRESS = 1, 9, 10, 11, 12, 20
    CANCEL = NO

    message = yes = no = ""
    focus = NO

    @classmethod
    def ask(cls, runtime: KodiRuntime, message: str, yes: str, no: str, focus: int) -> bool | None:
        """Return True for yes, False for no, and None if nothing was pressed. yes: "" for no such button."""
        dialog = cls(cls.FILE, cached_addon().getAddonInfo("path"))
        dialog.message, dialog.yes, dialog.no, dialog.focus = message, yes, no, focus
        dialog.setProperty("TTS.READER", "yesnodialog")  # Kodi's screen readers then say the text, too
        dialog.show()
        pressed = dialog.wait_for_press(runtime)
        dialog.close()
        return None if pressed is None else pressed == cls.YES

    def onInit(self) -> None:
        """Fill in the texts, once Kodi has loaded the window."""
        super().onInit()
        self.control(self.HEADING).setLabel(name())
        self.control(self.TEXT).setText(self.message)
        self.control(self.NO).setLabel(self.no)
        self.control(self.YES).setLabel(self.yes)
        self.setFocusId(self.focus)
        # Hidden after the focus is set: a key that is pressed while a hidden button has the focus would be lost.
        for control, visible in ((self.YES, bool(self.yes)), (self.CUSTOM, False), (self.PROGRESS, False)):
            self.control(control).setVisible(visible)
