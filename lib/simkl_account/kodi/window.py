# SPDX-License-Identifier: GPL-2.0-or-later
"""The sign-in window for a television: a large code, a QR code and the time left, as auth.ui.Screen."""

from __future__ import annotations

import xbmc
import xbmcgui

from . import dialogs
from .addon import cached_addon, is_right_to_left, text
from .modeless import ModelessDialog
from .strings import Text, message, retry_label_id, still_trying_id

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from concurrent.futures import Future

    from ..errors import Unreachable
    from ..models import Code
    from ..outcome import Outcome
    from .qr import Picture
    from .runtime import KodiRuntime

_FILE = "script-simkl-account-sign-in.xml"
_BAR, _QR_CODE, _CANCEL, _RETRY, _FIRST_CELL = 4, 5, 10, 11, 100
"""Ids of controls in that file. The characters of the code are in _FIRST_CELL and the following ones."""

_LONGEST_CODE = 16
_WIDTH, _BAR_LEFT, _BAR_WIDTH = 1120, 60, 1000
"""The width of the column with the code, and where its progress bar is. In the file's pixels."""

_CELL_WIDTH, _CELL_RATIO, _CODE_TOP, _CODE_HEIGHT = 150, 216 / 136, 340, 260
"""The largest width of a character, its height divided by its width, and where the code is. In the file's pixels."""

_OPEN_TIMEOUT = 3.0
"""Seconds that Kodi may take to open the window."""

_OPEN_INTERVAL = 0.01
"""Seconds between two looks at whether the window is open."""

_KEY_DELAY = 0.01
"""Seconds to let Kodi deliver key presses from before a question, so that they do not answer it."""

_BOUNCE_TIME = 0.4
"""Seconds after a press of New code or Try again in which Cancel is ignored. That button disappears and Cancel gets its
focus, so a key that bounces would press Cancel."""

_SIGNED_IN_TIME = 7.0
"""Seconds to show "Signed in as ..." before the window closes by itself. The user is still looking at the phone."""

_NO_KEYS = (xbmcgui.ACTION_NONE, xbmcgui.ACTION_MOUSE_MOVE, xbmcgui.ACTION_NOOP)
"""Actions that no key has caused."""

_LONG_CODE = 7
"""A code of so many characters is shown with a gap in the middle, unless it has a hyphen."""


class WindowScreen:
    """Show a sign-in in this add-on's own window: implements auth.ui.Screen. Raises RuntimeError if it cannot open."""

    def __init__(self, runtime: KodiRuntime, title: str) -> None:
        self._runtime = runtime
        self._title = title
        self._code: Code | None = None
        self._failure: Unreachable | None = None
        self._picture: Picture | None = None
        self._drawing: Future[str] | None = None
        self._open()

    def show_contacting(self) -> None:
        self._show(message=text(Text.CONTACTING))

    def show_code(self, code: Code) -> None:
        self._show(code)
        self._failure = None
        dialogs.keep_awake(True)
        self._start_drawing(code.link)
        self.show_time_left(code.expires_in)

    def show_time_left(self, seconds: float) -> None:
        if not self._code:
            return
        if seconds <= 0:  # the user must not type this code any more, although a last poll may be under way
            return self.show_contacting()
        if self._window.put("time", dialogs.time_left(seconds)):
            self._draw_bar(seconds / self._code.expires_in)
        if self._window.put("state", text(still_trying_id(self._failure) if self._failure else Text.WAITING)):
            self._say(text(still_trying_id(self._failure)) if self._failure else _spoken(self._code))
        if self._drawing and self._drawing.done():
            self._show_picture(self._drawing.result())

    def show_unreachable(self, error: Unreachable | None) -> None:
        self._failure = error

    def show_approved(self) -> None:
        self._show(message=text(Text.APPROVED))

    def look(self) -> None:
        self._was_closed = self._window.was_closed()

    def is_cancelled(self) -> bool:
        return self._was_closed or self._window.pressed == _CANCEL

    def ask_again(self, outcome: Outcome) -> bool:
        question, yes = message(outcome), text(retry_label_id(outcome))
        self._runtime.wait(_KEY_DELAY)
        self._show(message=question, again=yes)
        pressed = self._window.wait_for_press(self._runtime, focus=_RETRY)
        if pressed is None and outcome.has_unsaved_token and not self._runtime.is_shutting_down():
            return self._ask_in_dialog(question, yes)
        return pressed == _RETRY

    def show_message(self, message: str) -> None:
        """Show that the sign-in has worked, for some seconds or until the user presses any key."""
        try:
            self._open()
        except RuntimeError:
            return dialogs.show_message(self._runtime, message)
        self._show(message=message, cancel=xbmc.getLocalizedString(dialogs.OK_TEXT))
        self._window.put("done", "yes")
        self._window.is_closed_by_any_key = True
        self._window.wait_for_press(self._runtime, _SIGNED_IN_TIME, focus=_CANCEL)
        self.close()

    def close(self) -> None:
        self._forget_code()
        self._window.close()

    def _ask_in_dialog(self, question: str, yes: str) -> bool:
        """Ask once more, because another add-on has closed the window and the user has not answered."""
        if not dialogs.confirm(self._runtime, question, yes):
            return False
        try:
            self._open()
        except RuntimeError:
            pass  # the token is stored without a window
        return True

    def _open(self) -> None:
        self._was_closed = False
        path = cached_addon().getAddonInfo("path")
        self._window: _Window = _Window(_FILE, path, "default", "1080i")
        self._window.put("title", self._title)
        self.show_contacting()
        self._window.open(self._runtime)

    def _show(self, code: Code | None = None, message: str = "", again: str = "", cancel: str = "") -> None:
        """Show one state of the window. What is not given is hidden; cancel: "" for Kodi's word for Cancel."""
        self._forget_code()
        self._code = code
        put = self._window.put
        if code:
            self._lay_out(code.user_code)
        put("state", text(Text.WAITING) if code else "")
        put("message", message)
        put("instructions", text(Text.ENTER_CODE, code.page) if code else "")
        put("code", _letters(code) if code else "")
        put("shows_code", "yes" if code else "")
        put("time", "")
        put("again", again)
        put("cancel", cancel or xbmc.getLocalizedString(dialogs.CANCEL_TEXT))
        self._say(_spoken(code) if code else message)
        if again or cancel:
            self._window.pressed = None  # an earlier press does not answer this question

    def _say(self, said: str) -> None:
        """Let a screen reader say this. It says the label of the button with the focus each time that it changes."""
        for button in ("cancel", "again"):
            word = self._window.texts.get(button)
            self._window.put(f"{button}_spoken", f"{said.rstrip('.…')}. {word}" if word else "")

    def _lay_out(self, user_code: str) -> None:
        """Put the pictures of the characters side by side, as large as fits."""
        gap = 0.5 if len(user_code) >= _LONG_CODE and "-" not in user_code else 0.0
        width = min(_CELL_WIDTH, int(_WIDTH / (len(user_code) + gap)))
        height = int(width * _CELL_RATIO)
        left, top = int(_WIDTH - width * (len(user_code) + gap)) // 2, _CODE_TOP + (_CODE_HEIGHT - height) // 2
        for place in range(_LONGEST_CODE):
            control = self._window.control(_FIRST_CELL + place)
            if place < len(user_code):
                control.setImage(f"simkl-account-code-{ord(user_code[place]):02x}.png")
                is_second_half = place >= (len(user_code) + 1) // 2
                control.setPosition(left + int((place + gap * is_second_half) * width), top)
                control.setWidth(width)
                control.setHeight(height)
            control.setVisible(place < len(user_code))

    def _draw_bar(self, share: float) -> None:
        bar = self._window.control(_BAR)
        width = int(_BAR_WIDTH * min(1.0, share))
        bar.setWidth(width)
        bar.setPosition(_BAR_LEFT + (_BAR_WIDTH - width if is_right_to_left() else 0), bar.getY())

    def _forget_code(self) -> None:
        if self._code:
            dialogs.keep_awake(False)
        self._code = None
        self._stop_drawing()

    def _start_drawing(self, link: str) -> None:
        from .qr import Picture, remove_all

        remove_all()
        self._picture = picture = Picture()
        self._drawing = self._runtime.start(lambda: picture.draw(link))

    def _show_picture(self, path: str) -> None:
        self._drawing = None
        if path and self._code:
            self._window.control(_QR_CODE).setImage(path, False)
            self._window.put("instructions", text(Text.SCAN_OR_ENTER_CODE, self._code.page))
            self._window.put("layout", "rtl" if is_right_to_left() else "ltr")

    def _stop_drawing(self) -> None:
        self._window.put("layout", "")
        self._drawing = None
        if self._picture:
            self._picture.remove()
            self._picture = None


class _Window(ModelessDialog):
    """The window itself. Its texts are window properties, which the XML file shows."""

    CANCEL = _CANCEL

    is_closed_by_any_key = False

    _retry_at = float("-inf")
    """When New code or Try again was pressed."""

    def __init__(self, *arguments: str) -> None:
        super().__init__(*arguments)
        self.texts: dict[str, str] = {}
        """What put() has set. Asking Kodi could take as long as Kodi takes to draw a frame."""

    def open(self, runtime: KodiRuntime) -> None:
        """Show the window and wait until Kodi has opened it. Raises RuntimeError if Kodi does not."""
        self._runtime = runtime
        self.show()
        give_up_at = runtime.now() + _OPEN_TIMEOUT
        while self.window_id is None and not runtime.is_shutting_down():
            if runtime.now() >= give_up_at:
                self.close()
                raise RuntimeError("the window does not open")
            runtime.wait(_OPEN_INTERVAL)
        try:
            self.getControl(_CANCEL)
        except RuntimeError:
            self.close()  # Kodi also opens a window whose XML file it cannot read, without controls
            raise

    def put(self, name: str, value: str) -> bool:
        """Set one of the window's texts. Returns True if the text has changed."""
        if self.texts.get(name, "") == value:
            return False
        self.texts[name] = value
        self.setProperty(name, value)
        return True

    def onClick(self, controlId: int) -> None:
        """Note that a button was pressed, unless a key has bounced."""
        now = self._runtime.now()
        if controlId == _CANCEL and now - self._retry_at < _BOUNCE_TIME:
            return
        if controlId == _RETRY:
            self._retry_at = now
        super().onClick(controlId)

    def onAction(self, action: xbmcgui.Action) -> None:
        """Note that a key was pressed."""
        super().onAction(action)
        if self.is_closed_by_any_key and action.getId() not in _NO_KEYS:
            self.pressed = self.CANCEL


def _letters(code: Code) -> str:
    """Return a code as a screen reader has to get it, so that it does not say "eighty-nine" for "89"."""
    return ", ".join(code.user_code)


def _spoken(code: Code) -> str:
    return f"{text(Text.ENTER_CODE, code.page)}. {_letters(code)}"
