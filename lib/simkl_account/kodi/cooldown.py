# SPDX-License-Identifier: GPL-2.0-or-later
"""Keep all interpreters of this Kodi from doing something too often."""

from __future__ import annotations

import time

from .shared import get_shared, set_shared


class Cooldown:
    """A cooldown with a name. It is measured on the clock that never jumps, and ends with Kodi."""

    def __init__(self, name: str) -> None:
        self._key = f"cooldown.{name}"

    def was_started(self) -> bool:
        """Return True if the cooldown was started, whether it is over or not."""
        return bool(get_shared(self._key))

    def is_over(self) -> bool:
        """Return True if no cooldown is running."""
        until = get_shared(self._key)
        return not until or time.monotonic() >= float(until)

    def start(self, seconds: float) -> None:
        """Start a cooldown of these seconds."""
        set_shared(self._key, str(time.monotonic() + seconds))

    def clear(self) -> None:
        """Make it as if the cooldown had not been started."""
        if self.was_started():
            set_shared(self._key, "")
