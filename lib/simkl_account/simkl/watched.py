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
        self._newest = threading.local()
        """Its request is the last one of this thread."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request. Raises ShuttingDown or ReadTimeout if it is too late to send it.

        If it is ended later, that raises another requests.RequestException, or cuts the body off: see was_ended().
        """
        give_up_at = self._give_up_at()
        if self._is_quitting():
            raise ShuttingDown(request=request)
        if time.monotonic() >= give_up_at:
            raise requests.ReadTimeout("the deadline is over", request=request)
        line = self._begin(give_up_at)
        try:
            line.sockets.begin_request()
            answer = line.adapter.send(request, *args, **options)
            line.body = ref(answer.raw)
            answer.raw.enforce_content_length = True  # urllib3 1.26 takes a body that was cut off for a whole one
            answer.connection = self  # type: ignore[attr-defined]  # some of requests' helpers send with it
            return answer
        finally:
            line.is_sending = False
            self.look()

    def was_ended(self) -> bool:
        """Return True if the last request of this thread was ended before its answer was read."""
        request = getattr(self._newest, "request", None)
        return bool(request and request.was_ended)

    def look(self) -> None:
        """Let the other thread look now: it ends if there is no request any more."""
        self._look.set()

    def close(self) -> None:
        """Close the connections that no request uses."""
        with self._lock:
            for line in [line for line in self._lines if line.is_free()]:
                self._remove(line)

    def _begin(self, give_up_at: float) -> _Line:
        with self._lock:
            line = next((line for line in self._lines if line.is_free()), None)
            if not line:
                line = _Line()
                self._lines.append(line)
            if not self._is_watching:
                threading.Thread(target=self._watch, name="simkl-watch", daemon=True).start()
                self._is_watching = True
            line.begin(give_up_at)
            self._newest.request = line.request
        return line

    def _watch(self) -> None:
        while True:
            self._look.wait(_INTERVAL)
            self._look.clear()
            with self._lock:
                for line in list(self._lines):
                    self._end_if_over(line)
                if all(line.is_free() for line in self._lines):
                    self._is_watching = False
                    return

    def _end_if_over(self, line: _Line) -> None:
        if line.is_free():
            line.sockets.end_request()
        elif self._is_quitting() or time.monotonic() >= line.request.give_up_at:
            line.request.was_ended = True
            line.sockets.shut_down()
            if not line.is_sending:  # nobody may ever read this body
                self._remove(line)

    def _remove(self, line: _Line) -> None:
        line.sockets.close()
        line.adapter.close()  # type: ignore[no-untyped-call]
        self._lines.remove(line)


class _Request:
    def __init__(self, give_up_at: float) -> None:
        self.give_up_at = give_up_at
        self.was_ended = False


class _Line:
    """Connections that are kept alive, for one request at a time."""

    def __init__(self) -> None:
        self.sockets = OpenSockets()
        self.adapter = InterruptibleAdapter(self.sockets)
        self.is_sending = False
        self.request = _Request(0.0)
        self.body: ref[Any] | None = None
        """urllib3's answer, once it has begun to arrive. The caller may drop it without reading it."""

    def begin(self, give_up_at: float) -> None:
        self.body, self.request, self.is_sending = None, _Request(give_up_at), True

    def is_free(self) -> bool:
        body = self.body() if self.body else None
        return not self.is_sending and (body is None or body.closed)
