# SPDX-License-Identifier: GPL-2.0-or-later
"""Time and threads in a Kodi script: implements simkl.background.Runtime."""

from __future__ import annotations

import time

from .addon import is_removed, monitor

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from concurrent.futures import Future
    from typing import Any, Callable, TypeVar

    T = TypeVar("T")

_SHORTEST_WAIT = 0.001  # waitForAbort(0) waits until Kodi ends


def is_quitting() -> bool:
    """Return True if Kodi is quitting."""
    return monitor().abortRequested()


class KodiRuntime:
    """Make one at the start of a run: see addon.monitor()."""

    def __init__(self) -> None:
        self._monitor = monitor()

    def now(self) -> float:
        """Return seconds on a clock that never jumps."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait. Returns early when Kodi begins to quit."""
        if self._monitor.abortRequested():
            time.sleep(seconds)  # waitForAbort would return at once, and a loop around it would use a whole core
        else:
            self._monitor.waitForAbort(max(seconds, _SHORTEST_WAIT))

    def wait_for(self, answer: Future[Any], seconds: float) -> bool:
        """Wait until the answer is there, at most so long, and return True if it is.

        Kodi tells the script what the user has pressed only while the script waits on its Monitor.
        """
        from concurrent.futures import wait

        wait([answer], seconds)
        self._monitor.waitForAbort(_SHORTEST_WAIT)
        return answer.done()

    def is_shutting_down(self) -> bool:
        """Return True if Kodi is quitting, or if this add-on was disabled or uninstalled."""
        return self._monitor.abortRequested() or is_removed()

    def start(self, call: Callable[[], T]) -> Future[T]:
        """Run the call in another thread."""
        import threading
        from concurrent.futures import Future

        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(call())
            except BaseException as error:  # the caller gets every error from the future
                future.set_exception(error)

        threading.Thread(target=run, name="simkl-request", daemon=True).start()  # Kodi waits for daemon threads, too
        return future
