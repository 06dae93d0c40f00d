# SPDX-License-Identifier: GPL-2.0-or-later
"""Time and threads as a script in Kodi has them: auth.Runtime."""

import time

import xbmc

from .addon import is_gone

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from concurrent.futures import Future
    from typing import Callable, TypeVar

    T = TypeVar("T")

_SHORTEST_WAIT = 0.001  # waitForAbort(0) waits until Kodi ends


class KodiRuntime:
    """One for a whole run: a Monitor made after the abort never hears of it."""

    def __init__(self) -> None:
        self._monitor = xbmc.Monitor()

    def now(self) -> float:
        """Seconds on a clock that never jumps."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Let time pass; shorter when Kodi begins to quit."""
        if self._monitor.abortRequested():
            time.sleep(seconds)  # waitForAbort returns at once now: a loop around it would spin
        else:
            self._monitor.waitForAbort(max(seconds, _SHORTEST_WAIT))

    def is_shutting_down(self) -> bool:
        """Whether Kodi is quitting, or has taken this add-on away."""
        return self._monitor.abortRequested() or is_gone()

    def start(self, call: "Callable[[], T]") -> "Future[T]":
        """Run a call in a thread of its own."""
        import threading
        from concurrent.futures import Future

        future: "Future[T]" = Future()

        def run() -> None:
            try:
                future.set_result(call())
            except BaseException as error:  # the caller is in the other thread: everything goes there
                future.set_exception(error)

        threading.Thread(target=run, name="simkl-request", daemon=True).start()
        return future
