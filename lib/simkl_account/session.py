# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests to Simkl as the user, for other add-ons. signing.py has what is done to each request to Simkl."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator
from weakref import WeakSet

import requests

from .errors import SimklAccountError
from .kodi.proxy import proxy_url
from .kodi.runtime import is_quitting
from .signing import SIMKL, SigningAdapter, is_look_up
from .simkl.watched import ShuttingDown, WatchedAdapter

TIMEOUT = (8.0, 20.0)
"""Seconds for a connection, and between two pieces of an answer."""

DEADLINE = 60.0
"""Seconds for a whole request."""

_LINE_INTERVAL = 0.1
"""Seconds between two looks at whether Kodi quits."""

_line = threading.RLock()
"""Held while a request is under way that Simkl does not answer from its cache: see Session."""


class Session(requests.Session):
    """A requests.Session that sends as the user, with Kodi's proxy and a timeout on every request.

    Each request to https://api.simkl.com gets the access token, client_id, and the calling add-on's id and version as
    app-name, app-version and User-Agent. The answer's request is the caller's: it has none of these. A look-up in the
    catalogue gets no token, and needs no user. A redirect to another host gets nothing, and a request that begins at
    another host is never signed: no other host can make this Kodi send a request as the user.

    The account is read for each request, so a Session can be kept for any time. Several threads may use it. But Simkl
    wants one request at a time (https://api.simkl.org, "Rate limits"), except for look-ups in the catalogue. So all
    other requests of an interpreter wait for each other.

    A request raises SignInNeeded if nobody is signed in or the sign-in has ended, UserLimitExceeded or
    AppLimitExceeded if the requests for the day are used up, ShuttingDown within half a second if Kodi quits, and
    requests.ReadTimeout after the deadline. See docs/for-add-ons.md.
    """

    def __init__(self) -> None:
        super().__init__()
        self.deadline = DEADLINE
        """Seconds for each request, from its start to the last byte of the answer, with waits and redirects."""
        self.trust_env = False  # use no .netrc file: requests would take its password for a redirect
        proxy = proxy_url()
        if proxy:
            self.proxies = {"http": proxy, "https": proxy}
        self._unsigned: WeakSet[requests.PreparedRequest] = WeakSet()
        """The requests to Simkl that another host redirected there."""
        self._current = threading.local()
        """Its give_up_at says when the request of this thread has to end, on the clock of time.monotonic()."""
        self._watched = WatchedAdapter(is_quitting, self._give_up_at)
        for scheme in ("https://", "http://"):
            self.mount(scheme, self._watched)
        for prefix in SIMKL:
            self.mount(prefix, SigningAdapter(self._watched, self._unsigned))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request, with TIMEOUT unless the caller gives a timeout."""
        if options.get("timeout") is None:
            options["timeout"] = TIMEOUT
        outer = getattr(self._current, "give_up_at", None)  # requests sends a redirected request within the first one
        give_up_at = self._current.give_up_at = self._give_up_at()
        try:
            with _in_line(request, give_up_at):
                answer = super().send(request, **options)
            if not options.get("stream") and self._watched.was_ended():  # a body that was cut off can look complete
                self._raise_if_over(request, give_up_at)
            return answer
        except requests.exceptions.InvalidURL:  # the URL of the proxy, which is in the message with its password
            raise requests.exceptions.InvalidProxyURL("the proxy in Kodi's settings", request=request) from None
        except SimklAccountError:
            self._raise_if_quitting(request)
            raise
        except requests.RequestException:
            self._raise_if_over(request, give_up_at)
            raise
        finally:
            self._current.give_up_at = outer
            self._watched.look()

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Note a redirect that must not be signed."""
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        if not response.url.lower().startswith(SIMKL) or response.request in self._unsigned:
            self._unsigned.add(prepared_request)

    def rebuild_proxies(self, prepared_request: requests.PreparedRequest, proxies: Any) -> Any:
        """Remove the proxy's password from a redirect: requests before 2.31 sent it to the target (CVE-2023-32681)."""
        found = super().rebuild_proxies(prepared_request, proxies)  # type: ignore[no-untyped-call]
        prepared_request.headers.pop("Proxy-Authorization", None)
        return found

    def _give_up_at(self) -> float:
        return getattr(self._current, "give_up_at", None) or time.monotonic() + self.deadline

    def _raise_if_over(self, request: requests.PreparedRequest, give_up_at: float) -> None:
        """Raise the reason why the request had to end, in place of the error that this has led to."""
        self._raise_if_quitting(request)
        if time.monotonic() >= give_up_at:
            raise requests.ReadTimeout(f"no whole answer in {self.deadline:g} s", request=request) from None

    def _raise_if_quitting(self, request: requests.PreparedRequest) -> None:
        if is_quitting():
            raise ShuttingDown(request=request) from None


@contextmanager
def _in_line(request: requests.PreparedRequest, give_up_at: float) -> Iterator[None]:
    """Wait until no other thread has a request to Simkl under way, except for look-ups in the catalogue."""
    if is_look_up(request) or not (request.url or "").lower().startswith(SIMKL):
        yield
        return
    while not _line.acquire(timeout=_LINE_INTERVAL):
        if is_quitting() or time.monotonic() >= give_up_at:
            raise requests.ReadTimeout("other requests of this add-on are still under way", request=request)
    try:
        yield
    finally:
        _line.release()
