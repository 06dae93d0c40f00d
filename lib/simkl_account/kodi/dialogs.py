# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person sees, in Kodi's plain dialogs.

Every wait here is one on the script's own Monitor. A modal dialog of Kodi's (Dialog().yesno, doModal) does not
return while Kodi is quitting: Kodi then waits five seconds for the script and kills it.
"""

from math import ceil

import xbmc
import xbmcgui

from . import strings as words
from .addon import name, text, this
from .runtime import KodiRuntime

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from typing import Any, Optional

    from ..outcome import Outcome
    from ..simkl.protocol import Code

CANCEL, OK = 222, 186
"""In Kodi's own strings."""

_PROGRESS_WINDOW = 10101

_AMBER = "FFF5A623"
"""Draws the eye to the code: dark enough for a light skin, light enough for a dark one."""

_DRAWN_WITHIN = 2.0
"""Seconds from the opening of the progress dialog until its heading is ours; before, it is the last dialog's."""


class ProgressScreen:
    """ui.Screen in Kodi's progress dialog."""

    def __init__(self, runtime: KodiRuntime, title: str) -> None:
        self._runtime = runtime
        self._code: "Optional[Code]" = None
        self._trouble = False
        self._shown = ""
        self._gone = False
        self._title = title
        self._dialog = xbmcgui.DialogProgress()
        self._open()

    def show_contacting(self) -> None:
        self._code = None
        self._update(100, text(words.CONTACTING))

    def show_code(self, code: "Code") -> None:
        self._code = code
        self._trouble = False
        self.show_time_left(code.expires_in)

    def show_time_left(self, seconds: float) -> None:
        if not self._code:
            return
        if seconds <= 0:  # a last poll may still be under way, but this code is not to be typed any more
            return self.show_contacting()
        lines = [
            text(words.ENTER_CODE, self._code.page),
            f"[COLOR {_AMBER}][B]{spaced(self._code.user_code)}[/B][/COLOR]",
            time_left(seconds),
        ]
        # The dialog has room for four lines: the one that is mostly empty is for bad news.
        lines.insert(3 if self._trouble else 1, text(words.STILL_TRYING) if self._trouble else "")
        self._update(int(100 * seconds / self._code.expires_in), "[CR]".join(lines))

    def show_trouble(self, trouble: bool) -> None:
        self._trouble = trouble

    def show_approved(self) -> None:
        self._code = None
        self._update(100, text(words.APPROVED))

    def is_cancelled(self) -> bool:
        self._gone = self._gone or self._was_taken_away()
        return self._gone or self._dialog.iscanceled()

    def ask_again(self, outcome: "Outcome") -> bool:
        self.close()
        question, yes = text(words.what_happened(outcome)), text(words.next_try(outcome))
        # Where there is a token in hand, another add-on that closes the question has not answered it.
        for _ in range(3 if outcome.end.name == "NOT_SAVED" else 1):
            answer = _Confirmation.show_until_answered(self._runtime, question, yes, _cancel(), focus_yes=True)
            if answer is not None or self._runtime.is_shutting_down():
                break
        if answer:
            self._open()
        return bool(answer)

    def tell(self, message: str) -> None:
        """Say how it ended, until it is read."""
        tell(self._runtime, message)

    def close(self) -> None:
        if not self._gone:
            self._dialog.close()

    def _open(self) -> None:
        self._shown = text(words.CONTACTING)
        self._was_drawn, self._drawn_by = False, self._runtime.now() + _DRAWN_WITHIN
        self._dialog.create(self._title, self._shown)

    def _was_taken_away(self) -> bool:
        """Whether nobody can see this dialog any more, though nobody has cancelled it.

        Every progress dialog of Kodi's is the same window: Dialog.Close(all) closes it, and another script's
        dialog takes it over, and iscanceled() stays False.
        """
        if not xbmc.getCondVisibility(f"Window.IsVisible({_PROGRESS_WINDOW})"):
            return True
        title = xbmc.getInfoLabel("Control.GetLabel(1)")
        if xbmcgui.getCurrentWindowDialogId() != _PROGRESS_WINDOW:
            return False  # something else lies on top, and the label is that one's
        if title == self._title:
            self._was_drawn = True
        return title not in ("", self._title) and (self._was_drawn or self._runtime.now() > self._drawn_by)

    def _update(self, percent: int, message: str) -> None:
        """Draw only what changed: several times a second nothing has."""
        if message != self._shown:
            self._dialog.update(percent, message)
            self._shown = message


def notify(message: str) -> None:
    """Say something for a few seconds, beside whatever is on the screen."""
    xbmcgui.Dialog().notification(name(), message, this().getAddonInfo("icon"))


def tell(runtime: KodiRuntime, message: str) -> None:
    """Say something until it is read."""
    _Confirmation.show_until_answered(runtime, message, yes="", no=xbmc.getLocalizedString(OK))


def ask(runtime: KodiRuntime, message: str, yes: str, careful: bool = False) -> bool:
    """Ask whether to do what the button says. The focus is on it or, for what is not to be done by accident, not."""
    return bool(_Confirmation.show_until_answered(runtime, message, yes, no=_cancel(), focus_yes=not careful))


def type_in(heading: str) -> str:
    """A text from Kodi's keyboard; "" when it was cancelled."""
    return xbmcgui.Dialog().input(heading).strip()


def time_left(seconds: float) -> str:
    """How long there is, in minutes and seconds, the begun second counted."""
    minutes, rest = divmod(ceil(seconds), 60)
    return text(words.TIME_LEFT, f"{minutes}:{rest:02}")


def spaced(code: str) -> str:
    """A code so that each character stands for itself when it is read from across a room."""
    return "    ".join(code)


def _cancel() -> str:
    return xbmc.getLocalizedString(CANCEL)


class _Confirmation(xbmcgui.WindowXMLDialog):
    """The skin's own OK and yes/no dialog, waited for by us.

    Its controls have the same ids in every skin: https://kodi.wiki/view/Skinning_Manual, DialogConfirm.xml.
    """

    FILE = "DialogConfirm.xml"
    HEADING, TEXT, NO, YES, CUSTOM, PROGRESS = 1, 9, 10, 11, 12, 20

    message = yes = no = ""
    focus_yes = False
    window: "Optional[int]" = None
    answer: "Optional[bool]" = None

    @classmethod
    def show_until_answered(
        cls, runtime: KodiRuntime, message: str, yes: str, no: str, focus_yes: bool = False
    ) -> "Optional[bool]":
        """Whether yes was chosen; None when nothing was. yes: "" for no such button."""
        dialog = cls(cls.FILE, this().getAddonInfo("path"))
        dialog.message, dialog.yes, dialog.no, dialog.focus_yes = message, yes, no, focus_yes
        dialog.show()
        while dialog.answer is None and not dialog.was_closed() and not runtime.is_shutting_down():
            runtime.wait(0.1)
        dialog.close()
        return dialog.answer

    def onInit(self) -> None:
        """Kodi has loaded the window."""
        self.window = xbmcgui.getCurrentWindowDialogId()
        heading: "Any" = self.getControl(self.HEADING)
        content: "Any" = self.getControl(self.TEXT)
        no: "Any" = self.getControl(self.NO)
        yes: "Any" = self.getControl(self.YES)
        heading.setLabel(name())
        content.setText(self.message)
        no.setLabel(self.no)
        yes.setLabel(self.yes)
        self.setFocusId(self.YES if self.focus_yes else self.NO)
        # Hidden after that: a press while a button that is not there has the focus would be lost.
        for control, visible in ((self.YES, bool(self.yes)), (self.CUSTOM, False), (self.PROGRESS, False)):
            self.getControl(control).setVisible(visible)

    def onClick(self, controlId: int) -> None:
        """A button was pressed."""
        self.answer = controlId == self.YES

    def onAction(self, action: xbmcgui.Action) -> None:
        """A key was pressed."""
        if action.getId() in (xbmcgui.ACTION_NAV_BACK, xbmcgui.ACTION_PREVIOUS_MENU):
            self.answer = False

    def was_closed(self) -> bool:
        """Whether something else took the window off the screen: Dialog.Close(all), for one."""
        return self.window is not None and not xbmc.getCondVisibility(f"Window.IsVisible({self.window})")
