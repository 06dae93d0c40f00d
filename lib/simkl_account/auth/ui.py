# SPDX-License-Identifier: GPL-2.0-or-later
"""What a sign-in asks of a screen. Kodi's dialogs are one implementation, the tests have another."""

from typing import Protocol

from ..outcome import Outcome
from ..simkl.protocol import Code


class Screen(Protocol):
    """One sign-in as a person sees it. Made already showing "Contacting Simkl"."""

    def show_contacting(self) -> None:
        """Simkl is being asked for a code."""
        ...

    def show_code(self, code: Code) -> None:
        """A code is ready to be entered."""
        ...

    def show_time_left(self, seconds: float) -> None:
        """The code of the last show_code() is good for this long. Called several times a second."""
        ...

    def show_trouble(self, trouble: bool) -> None:
        """Whether Simkl cannot be reached at the moment, while a code is shown."""
        ...

    def show_approved(self) -> None:
        """The sign-in is approved and stored; the rest takes a moment."""
        ...

    def is_cancelled(self) -> bool:
        """Whether the person wants no more of it. Once True, always True."""
        ...

    def ask_again(self, outcome: Outcome) -> bool:
        """Say how a try ended, and ask whether to try again."""
        ...

    def close(self) -> None:
        """Leave nothing on the screen. It may be called again."""
        ...
