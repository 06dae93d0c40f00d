# SPDX-License-Identifier: GPL-2.0-or-later
"""ui.Screen for a television: a window with the code as tall as a hand, and with its QR code.

It is shown with show() and waited for on the script's own Monitor: see dialogs.py.
"""

from contextlib import suppress
from uuid import uuid4

import xbmc
import xbmcgui

from . import dialogs
from . import strings as words
from .addon import text, this
from .runtime import KodiRuntime

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the window is on the screen: see script.py
    from concurrent.futures import Future
    from typing import Any, Optional

    from ..outcome import Outcome
    from ..simkl.protocol import Code
    from .qr import Picture

_FILE = "script-simkl-account-sign-in.xml"
_BAR, _PICTURE, _CANCEL, _AGAIN, _CELLS = 4, 5, 10, 11, 100
"""Controls in it."""

_WIDTH, _BAR_LEFT, _BAR_WIDTH = 1120, 60, 1000
_CELL, _CELL_SHAPE, _CODE_TOP, _CODE_HEIGHT = 150, 216 / 136, 340, 260
"""A character's largest width, its height to that, and the room for the code. All in the XML's pixels."""

_NUMBERS_OF_SCRIPTS = range(13000, 13100)

_OPENING_PATIENCE = 3.0
"""Seconds that Kodi may take to open the window."""

_RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "yi")

_FLUSH = 0.01
"""Seconds of waiting, in which Kodi hands over the keys that were pressed meanwhile."""

_BOUNCE = 0.4
"""Seconds within which a press of Cancel is still one of New code: that button goes, and Cancel gets its focus."""

_SIGNED_IN_FOR = 2.0
"""Seconds for which the end is shown that everybody hopes for."""


class WindowScreen:
    """ui.Screen in a window of our own. Raises RuntimeError where Kodi cannot open it."""

    def __init__(self, runtime: KodiRuntime, title: str) -> None:
        self._runtime = runtime
        self._title = title
        self._code: "Optional[Code]" = None
        self._trouble = False
        self._picture: "Optional[Picture]" = None
        self._drawing: "Optional[Future[str]]" = None
        self._open()

    def show_contacting(self) -> None:
        self._show(message=text(words.CONTACTING))

    def show_code(self, code: "Code") -> None:
        self._show(code)
        self._trouble = False
        self._start_drawing(code.link)
        self.show_time_left(code.expires_in)

    def show_time_left(self, seconds: float) -> None:
        if not self._code:
            return
        if seconds <= 0:  # a last poll may still be under way, but this code is not to be typed any more
            return self.show_contacting()
        if self._window.put("time", dialogs.time_left(seconds)):
            self._draw_bar(seconds / self._code.expires_in)
        self._window.put("state", text(words.STILL_TRYING if self._trouble else words.WAITING))
        if self._drawing and self._drawing.done():
            self._show_picture(self._drawing.result())

    def show_trouble(self, trouble: bool) -> None:
        self._trouble = trouble

    def show_approved(self) -> None:
        self._show(message=text(words.APPROVED))

    def is_cancelled(self) -> bool:
        return self._window.pressed == _CANCEL or self._window.was_closed()

    def ask_again(self, outcome: "Outcome") -> bool:
        question, yes = text(words.what_happened(outcome)), text(words.next_try(outcome))
        self._runtime.wait(_FLUSH)  # a press from before the question is no answer to it
        self._show(message=question, again=yes)
        answer = self._window.wait_for_press(self._runtime, focus=_AGAIN)
        if answer is not None or outcome.end.name != "NOT_SAVED" or self._runtime.is_shutting_down():
            return answer == _AGAIN
        # There is a token in hand, and somebody else has closed the window: that is no answer.
        if dialogs.ask(self._runtime, question, yes):
            with suppress(RuntimeError):  # and it has to be saved with a window or without
                self._open()
            return True
        return False

    def tell(self, message: str) -> None:
        """Say how it ended, for a moment or until it is read."""
        try:
            self._open()
        except RuntimeError:
            return dialogs.tell(self._runtime, message)
        self._show(message=message, cancel=xbmc.getLocalizedString(dialogs.OK))
        self._window.wait_for_press(self._runtime, _SIGNED_IN_FOR)
        self.close()

    def close(self) -> None:
        self._stop_drawing()
        self._window.close()

    def _open(self) -> None:
        path = this().getAddonInfo("path")
        self._window = _Window(_FILE, path, "default", "1080i")
        self._window.put("title", self._title)
        self.show_contacting()
        self._window.open(self._runtime)

    def _show(self, code: "Optional[Code]" = None, message: str = "", again: str = "", cancel: str = "") -> None:
        """Show one state of the window, all of it."""
        self._code = code
        self._stop_drawing()
        put = self._window.put
        if code:
            self._lay_out(code.user_code)
        put("state", text(words.WAITING) if code else "")
        put("message", message)
        put("instructions", text(words.ENTER_CODE, code.page) if code else "")
        put("code", code.user_code if code else "")
        put("shows_code", "yes" if code else "")
        put("time", "")
        put("again", again)
        put("cancel", cancel or xbmc.getLocalizedString(dialogs.CANCEL))
        if again or cancel:
            self._window.pressed = None  # from here on it is the answer to something else

    def _lay_out(self, user_code: str) -> None:
        """Put the characters beside each other, as large as there is room for."""
        width = min(_CELL, _WIDTH // len(user_code))
        height = int(width * _CELL_SHAPE)
        left, top = (_WIDTH - width * len(user_code)) // 2, _CODE_TOP + (_CODE_HEIGHT - height) // 2
        for place in range(16):
            control = self._window.control(_CELLS + place)
            if place < len(user_code):
                control.setImage(f"simkl-account-code-{ord(user_code[place]):02x}.png")
                control.setPosition(left + place * width, top)
                control.setWidth(width)
                control.setHeight(height)
            control.setVisible(place < len(user_code))

    def _draw_bar(self, share: float) -> None:
        bar = self._window.control(_BAR)
        width = int(_BAR_WIDTH * min(1.0, share))
        bar.setWidth(width)
        bar.setPosition(_BAR_LEFT + (_BAR_WIDTH - width if _reads_from_the_right() else 0), bar.getY())

    def _start_drawing(self, link: str) -> None:
        from .qr import Picture, remove_all

        remove_all()
        self._picture = picture = Picture()
        self._drawing = self._runtime.start(lambda: picture.draw(link))

    def _show_picture(self, path: str) -> None:
        self._drawing = None
        if path and self._code:
            self._window.control(_PICTURE).setImage(path, False)
            self._window.put("instructions", text(words.SCAN_OR_ENTER_CODE, self._code.page))
            self._window.put("layout", "rtl" if _reads_from_the_right() else "ltr")

    def _stop_drawing(self) -> None:
        self._window.put("layout", "")
        self._drawing = None
        if self._picture:
            self._picture.remove()
            self._picture = None


class _Window(xbmcgui.WindowXMLDialog):
    """The window itself, as Kodi has it."""

    number: "Optional[int]" = None
    """Kodi's number of it, once it is open."""
    pressed: "Optional[int]" = None
    """The button pressed last."""

    def open(self, runtime: KodiRuntime) -> None:
        """Show it; raises RuntimeError where Kodi does not."""
        self._runtime = runtime
        self._again_at = float("-inf")
        self.put("id", uuid4().hex)
        self.show()
        give_up_at = runtime.now() + _OPENING_PATIENCE
        while self.number is None and not runtime.is_shutting_down():
            if runtime.now() >= give_up_at:
                self.close()
                raise RuntimeError("the window does not open")
            runtime.wait(0.01)
        try:
            self.getControl(_CANCEL)
        except RuntimeError:
            self.close()  # Kodi says that it is open, also where it could not read the XML
            raise

    def put(self, name: str, value: str) -> bool:
        """Set what a text of the window is made of; returns whether that is something new."""
        if self.getProperty(name) == value:
            return False
        self.setProperty(name, value)
        return True

    def control(self, number: int) -> "Any":
        """One of its controls."""
        return self.getControl(number)

    def wait_for_press(
        self, runtime: KodiRuntime, seconds: "Optional[float]" = None, focus: int = _CANCEL
    ) -> "Optional[int]":
        """The button that is pressed; None when the window is closed by others, Kodi quits, or time is up.

        focus: the button to begin with. Kodi gives it to none that is not drawn yet.
        """
        has_focus = False
        give_up_at = runtime.now() + seconds if seconds is not None else None
        while self.pressed is None and not self.was_closed() and not runtime.is_shutting_down():
            if give_up_at is not None and runtime.now() >= give_up_at:
                break
            if not has_focus:
                self.setFocusId(focus)
                has_focus = self._focused() == focus
            runtime.wait(0.05)
        return self.pressed

    def _focused(self) -> "Optional[int]":
        try:
            return self.getFocusId()
        except RuntimeError:
            return None

    def was_closed(self) -> bool:
        """Whether something else took it off the screen: Dialog.Close(all), for one."""
        return self.number is not None and not xbmc.getCondVisibility(f"Window.IsVisible({self.number})")

    def onInit(self) -> None:
        """Kodi has loaded it."""
        self.number = self._find_number()

    def onClick(self, controlId: int) -> None:
        """A button was pressed."""
        now = self._runtime.now()
        if controlId == _CANCEL and now - self._again_at < _BOUNCE:
            return
        if controlId == _AGAIN:
            self._again_at = now
        self.pressed = controlId

    def _find_number(self) -> "Optional[int]":
        """Kodi's number of this window; by now another dialog may be on top of it."""
        numbers = (xbmcgui.getCurrentWindowDialogId(), *_NUMBERS_OF_SCRIPTS)
        return next((number for number in numbers if self._is_mine(number)), None)

    def _is_mine(self, number: int) -> bool:
        try:
            return xbmcgui.Window(number).getProperty("id") == self.getProperty("id")
        except RuntimeError:
            return False

    def onAction(self, action: xbmcgui.Action) -> None:
        """A key was pressed."""
        if action.getId() in (xbmcgui.ACTION_NAV_BACK, xbmcgui.ACTION_PREVIOUS_MENU):
            self.pressed = _CANCEL


def _reads_from_the_right() -> bool:
    return xbmc.getLanguage(xbmc.ISO_639_1) in _RIGHT_TO_LEFT
