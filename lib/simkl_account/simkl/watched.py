# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests in the caller's own thread that end by themselves: when Kodi quits, and at a deadline.

While there is a request, another thread looks every tenth of a second whether it has to end, and then shuts its sockets
down. The requests of the sign-in need no such thread: see background.py.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Callable
from weakref import ref

import requests
from requests.adapters import BaseAdapter

from ..errors import SimklAccountError
from .connections import InterruptibleAdapter, OpenSockets

_INTERVAL = 0.1
"""Seconds between two looks."""


class ShuttingDown(SimklAccountError, requests.ConnectionError):
    """Raised by a request if Kodi quits. Also a requests.ConnectionError, because it says the same to most callers."""


class WatchedAdapter(BaseAdapter):
    """Sends the requests of several threads. The body of an answer, which may be read later, is watched, too."""

    def __init__(self, is_quitting: Callable[[], bool], give_up_at: Callable[[], float]) -> None:
        """give_up_at: returns when the request of this thread has to end, on the clock of time.monotonic()."""
        super().__init__()
        self._is_quitting = is_quitting
        self._give_up_at = give_up_at
        self._lock = threading.Lock()
        self._lines: list[_Line] = []
        self._is_watching = False
        self._look = threading.Event()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request. Raises ShuttingDown if Kodi quits already; if it quits later, a requests.RequestException."""
        if self._is_quitting():
            raise ShuttingDown(request=request)
        line = self._begin(self._give_up_at())
        try:
            line.sockets.begin_request()
            answer = line.adapter.send(request, *args, **options)
            line.body = ref(answer.raw)
            answer.raw.enforce_content_length = True  # urllib3 1.26 takes a body that was cut off for a whole one
            return answer
        finally:
            line.is_sending = False
            self.look()

    def look(self) -> None:
        """Let the other thread look now: it ends if there is no request any more."""
        self._look.set()

    def close(self) -> None:
        """Close the connections that no request uses."""
        with self._lock:
            for line in [line for line in self._lines if line.is_free()]:
                line.sockets.close()
                line.adapter.close()  # type: ignore[no-untyped-call]
                self._lines.remove(line)

    def _begin(self, give_up_at: float) -> _Line:
        with self._lock:
            line = next((line for line in self._lines if line.is_free()), None)
            if not line:
                line = _Line()
                self._lines.append(line)
            line.body, line.give_up_at, line.is_sending = None, give_up_at, True
            if not self._is_watching:
                self._is_watching = True
                threading.Thread(target=self._watch, name="simkl-watch", daemon=True).start()
        return line

    def _watch(self) -> None:
        while True:
            self._look.wait(_INTERVAL)
            self._look.clear()
            with self._lock:
                busy = [line for line in self._lines if not line.is_free()]
                if not busy:
                    self._is_watching = False
                    return
            for line in busy:
                if self._is_quitting() or time.monotonic() >= line.give_up_at:
                    line.sockets.shut_down()


class _Line:
    """Connections that are kept alive, for one request at a time."""

    def __init__(self) -> None:
        self.sockets = OpenSockets()
        self.adapter = InterruptibleAdapter(self.sockets)
        self.is_sending = False
        self.give_up_at = 0.0
        self.body: ref[Any] | None = None
        """urllib3's answer, once it has begun to arrive. The caller may drop it without reading it."""

    def is_free(self) -> bool:
        body = self.body() if self.body else None
        return not self.is_sending and (body is None or body.closed)
