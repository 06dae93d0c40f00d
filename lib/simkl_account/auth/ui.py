# SPDX-License-Identifier: GPL-2.0-or-later
"""The UI adapter: what a sign-in and a check need of a screen. Kodi's are in kodi/window.py and kodi/dialogs.py."""

from __future__ import annotations

from typing import Protocol

from ..errors import Unreachable
from ..models import Code
from ..outcome import Outcome


class Screen(Protocol):
    """What the user sees of one sign-in. A new Screen shows "Contacting Simkl"."""

    def show_contacting(self) -> None:
        """Say that Simkl is being asked for a code."""

    def show_code(self, code: Code) -> None:
        """Show a code that the user can enter now."""

    def show_time_left(self, seconds: float) -> None:
        """Show how long the code is still valid. Called at every tick; 0 takes the code off the screen."""

    def show_unreachable(self, error: Unreachable | None) -> None:
        """Say, beside the code, why Simkl sends no usable answer; or, if error is None, remove that again."""

    def show_approved(self) -> None:
        """Say that the sign-in is approved and stored, and that the user's name is being fetched."""

    def look(self) -> None:
        """Notice if another add-on has closed the dialog. This takes as long as Kodi takes to draw a frame."""

    def is_cancelled(self) -> bool:
        """Return True, at once, if the user has cancelled, or if look() has noticed that the dialog is closed."""

    def ask_again(self, outcome: Outcome) -> bool:
        """Say how a try ended, ask whether to try again, and return the answer."""

    def close(self) -> None:
        """Remove everything from the screen. It may be called more than once."""
