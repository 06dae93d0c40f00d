# SPDX-License-Identifier: GPL-2.0-or-later
"""The base of the windows that a script shows with show() and waits for on its Monitor.

A modal window (doModal, or Dialog().yesno) does not return when Kodi quits: Kodi waits five seconds for the script and
then kills it.
"""

from __future__ import annotations

import os

import xbmc
import xbmcgui

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from typing import Any

    from .runtime import KodiRuntime

_SCRIPT_WINDOWS = range(13000, 13100)
"""The ids that Kodi gives to the windows of scripts."""

_POLL_INTERVAL = 0.05
"""Seconds between two looks at whether a button was pressed."""

_ID = "id"


class ModelessDialog(xbmcgui.WindowXMLDialog):
    """Base of the sign-in window and of questions. A subclass sets CANCEL."""

    CANCEL: int
    """The button that Back counts as."""

    window_id: int | None = None
    """Kodi's id of this window; None until Kodi has loaded it."""
    pressed: int | None = None
    """The button that was pressed last."""

    def show(self) -> None:
        """Show the window. Kodi loads it a moment later: then window_id is set."""
        self.setProperty(_ID, os.urandom(8).hex())
        super().show()

    def wait_for_press(
        self, runtime: KodiRuntime, seconds: float | None = None, focus: int | None = None
    ) -> int | None:
        """Return the button that is pressed; None if the time is up, another add-on closes it, or Kodi quits.

        focus: the button that gets the focus. Kodi gives the focus only to a control that it has already drawn, so this
        tries until it has worked.
        """
        give_up_at = None if seconds is None else runtime.now() + seconds
        while self.pressed is None and not self.was_closed() and not runtime.is_shutting_down():
            if give_up_at is not None and runtime.now() >= give_up_at:
                break
            if focus is not None:
                self.setFocusId(focus)
                focus = None if self._focused() == focus else focus
            runtime.wait(_POLL_INTERVAL)
        return self.pressed

    def control(self, number: int) -> Any:
        """Return one of the window's controls. Kodi's types do not say which kind it is."""
        return self.getControl(number)

    def was_closed(self) -> bool:
        """Return True if the window is gone although this script has not closed it, for one by Dialog.Close(all)."""
        return self.window_id is not None and not xbmc.getCondVisibility(f"Window.IsVisible({self.window_id})")

    def onInit(self) -> None:
        """Note that Kodi has loaded the window."""
        self.window_id = self._find_window_id()

    def onClick(self, controlId: int) -> None:
        """Note that a button was pressed."""
        self.pressed = controlId

    def onAction(self, action: xbmcgui.Action) -> None:
        """Note that a key was pressed."""
        if action.getId() in (xbmcgui.ACTION_NAV_BACK, xbmcgui.ACTION_PREVIOUS_MENU):
            self.pressed = self.CANCEL

    def _find_window_id(self) -> int | None:
        """Return Kodi's id of this window. It can be below another dialog by now, so compare the random values."""
        candidates = (xbmcgui.getCurrentWindowDialogId(), *_SCRIPT_WINDOWS)
        return next((window_id for window_id in candidates if self._has_window_id(window_id)), None)

    def _has_window_id(self, window_id: int) -> bool:
        try:
            return xbmcgui.Window(window_id).getProperty(_ID) == self.getProperty(_ID)
        except RuntimeError:
            return False  # there is no such window

    def _focused(self) -> int | None:
        try:
            return self.getFocusId()
        except RuntimeError:
            return None  # nothing has the focus
