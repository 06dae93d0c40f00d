# SPDX-License-Identifier: GPL-2.0-or-later
"""Send HTTPS requests to api.simkl.com with the library requests. Another thread can end them: see connections.py.

An answer is read up to a limit, redirects are not followed, and an error never carries the URL of the request.
"""

from __future__ import annotations

import errno
import socket
import ssl
import zlib
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Iterator, Mapping, NamedTuple

import requests
from urllib3.exceptions import HTTPError, ProxyError

from ..errors import Unreachable
from ..outcome import Cause
from .connections import CONNECT_TIMEOUT, InterruptibleAdapter, OpenSockets

API = "https://api.simkl.com"

READ_TIMEOUT = 12.0
"""Seconds between two pieces of an answer. The caller limits the whole answer: see Transport.interrupt()."""

LARGEST_ANSWER = 64 * 1024
"""Bytes. Simkl's answers are below 4 KiB."""


class Answer(NamedTuple):
    """An HTTP answer with any status, a redirect's included."""

    status: int
    body: bytes
    retry_after: float | None
    """Seconds from now, as Retry-After says; None without that header."""


class Transport:
    """A requests session for api.simkl.com, with one connection that is kept alive between requests."""

    def __init__(self, app_name: str, app_version: str, proxy: str | None = None) -> None:
        """app_name, app_version: sent with every request. proxy: a URL in requests' form."""
        self._app = {"app-name": app_name, "app-version": app_version}
        self._sockets = OpenSockets()
        self._session = requests.Session()
        self._session.trust_env = False  # use no .netrc file, no proxy and no CA bundle of the environment
        self._session.headers.update(
            {"User-Agent": f"{app_name}/{app_version}", "Accept": "application/json", "Accept-Encoding": "identity"}
        )
        self._session.proxies = {"https": proxy} if proxy else {}
        self._session.mount(API, _Adapter(self._sockets))

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        access_token: str | None = None,
        form: Mapping[str, str] | None = None,
        read_timeout: float | None = None,
    ) -> Answer:
        """Send a request and return its answer, with any status. Raises Unreachable if there is no answer.

        form: sent as the body, URL-encoded. read_timeout: seconds, instead of READ_TIMEOUT.
        """
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else None
        try:
            self._sockets.begin_request()
            with self._session.request(
                method,
                API + path,
                params={**query, **self._app},
                headers=headers,
                data=form,
                timeout=(CONNECT_TIMEOUT, read_timeout or READ_TIMEOUT),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = b"" if 300 <= response.status_code < 400 else _read_body(response)
                return Answer(response.status_code, body, retry_after(response))
        except (requests.RequestException, HTTPError, OSError, ValueError, zlib.error) as error:
            # Not all errors are requests' own: it lets some of urllib3's through, and raises ValueError for a proxy's
            # user name or password that it cannot encode.
            cause, detail = _cause_of(error)
        finally:
            self._sockets.end_request()
        # This is outside the except clause, because requests' exceptions hold the URL, and with it the code.
        raise Unreachable(cause, detail)

    def interrupt(self, unless_sent: bool = False) -> None:
        """End the request that another thread is waiting for.

        unless_sent: only if no byte of the request has been sent, so that Simkl cannot have acted on it.
        """
        self._sockets.shut_down(unless_sent)

    def close(self) -> None:
        """End a request that is under way, and close the connection. Later requests fail."""
        self._sockets.close()
        self._session.close()


class _Adapter(InterruptibleAdapter):
    def build_response(self, req: Any, resp: Any) -> Any:
        """Drop the Location of a redirect: requests would read the whole body to prepare the next request."""
        response = super().build_response(req, resp)  # type: ignore[no-untyped-call]
        response.headers.pop("Location", None)
        return response


def retry_after(response: requests.Response) -> float | None:
    """Return Retry-After as seconds from now. It is sent as seconds or as a date (RFC 9110, 10.2.3)."""
    value = response.headers.get("Retry-After", "").strip()
    seconds = _number(value)
    if seconds is not None:
        return float(seconds)
    try:
        until = parsedate_to_datetime(value).timestamp()
        now = parsedate_to_datetime(response.headers["Date"]).timestamp() if "Date" in response.headers else time()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return max(0.0, until - now)


def _read_body(response: requests.Response) -> bytes:
    """Return the body. Raises ConnectionError if it is longer than LARGEST_ANSWER; unpacked, it is cut there."""
    body = b""
    for piece in response.raw.stream(4096, decode_content=False):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise requests.ConnectionError("the answer is too long")
    if len(body) < (_number(response.headers.get("Content-Length", "")) or 0):
        raise requests.ConnectionError("the answer was cut off")  # urllib3 1.26 does not notice
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding == "gzip":  # some proxies compress although the request does not allow it
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, LARGEST_ANSWER)
    if encoding != "identity":
        raise requests.exceptions.ContentDecodingError("unknown encoding")
    return body


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _cause_of(error: BaseException) -> tuple[Cause, str]:
    """Return the cause that an exception of requests tells of, and the exception's name for the log, not its text."""
    chain = list(_chain(error))
    innermost = [error, *(part for part in chain if isinstance(part, OSError))][-1]
    name = type(innermost).__name__

    def has(*types: type[BaseException]) -> bool:
        return any(isinstance(part, types) for part in chain)

    if has(requests.exceptions.InvalidSchema):  # what requests raises for a SOCKS proxy without PySocks
        return Cause.NO_SOCKS, name
    if has(requests.exceptions.ProxyError, ProxyError, requests.exceptions.InvalidURL, UnicodeError):
        return Cause.PROXY, name  # only the proxy's URL can be invalid, because Simkl's is a constant
    if has(ssl.SSLEOFError, ssl.SSLZeroReturnError):  # the connection was cut off, which is no fault of the certificate
        return Cause.NO_ANSWER, name
    if has(ssl.SSLError, requests.exceptions.SSLError):
        return Cause.INSECURE, name
    if has(socket.gaierror) or any(isinstance(part, OSError) and part.errno in _NO_ROUTE for part in chain):
        return Cause.NO_NETWORK, name
    return Cause.NO_ANSWER, name


_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that caused it. requests and urllib3 keep them in several attributes."""
    waiting, seen = [error], set()
    while waiting:
        part = waiting.pop(0)
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        inner = (part.__cause__, part.__context__, getattr(part, "reason", None), *part.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]
