# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTPS requests to api.simkl.com that another thread can end.

Kodi waits for every thread of a script, so a request must never keep one for longer than somebody wants its
answer. requests has no way to end a call from outside; here every connection leaves a second handle on its
socket, and hang_up() shuts the socket down through it: a blocked TLS handshake or read returns at once. (The
handle is a dup: wrapping a socket in TLS detaches the original.) A connect is waited for in short slices, since
not every system lets a socket be shut down before it is connected.
"""

import errno
import os
import socket
import ssl
import threading
import zlib
from email.utils import parsedate_to_datetime
from functools import partial
from time import monotonic, time
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional, Tuple, Type

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ProxyError
from urllib3.util.wait import wait_for_write  # type: ignore[import-untyped]  # left out of its stubs

from ..errors import Trouble, Unreachable

API = "https://api.simkl.com"

CONNECT_TIMEOUT = 8.0
"""Seconds for a connection to come up, the TLS handshake included."""

READ_TIMEOUT = 12.0
"""Seconds between two pieces of an answer. The time for a whole answer is the caller's: see hang_up()."""

LARGEST_ANSWER = 64 * 1024
"""Bytes. Simkl's are below 4 KiB."""


class Answer(NamedTuple):
    """An HTTP answer, whatever its status. Redirects are not followed: they arrive here as they are."""

    status: int
    body: bytes
    retry_after: Optional[float]
    """Seconds from now until Simkl wants to be asked again, where it says so."""


class Transport:
    """One requests Session to api.simkl.com: one connection, kept alive between requests."""

    def __init__(self, app_name: str, app_version: str, proxy: Optional[str] = None) -> None:
        """app_name, app_version: said to Simkl on every request. proxy: a URL as requests takes it."""
        self._app = {"app-name": app_name, "app-version": app_version}
        self._lines = _Lines()
        self._session = requests.Session()
        self._session.trust_env = False  # no credentials from a .netrc file, no other CA bundle
        self._session.headers.update(
            {"User-Agent": f"{app_name}/{app_version}", "Accept": "application/json", "Accept-Encoding": "identity"}
        )
        self._session.proxies = {"https": proxy} if proxy else {}
        self._session.mount(API, _Adapter(self._lines))

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        access_token: Optional[str] = None,
        form: Optional[Mapping[str, str]] = None,
    ) -> Answer:
        """Send one request and return its answer; raises Unreachable when there is none. form: sent as the body."""
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else None
        try:
            with self._session.request(
                method,
                API + path,
                params={**query, **self._app},
                headers=headers,
                data=form,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, _bounded_body(response), retry_after(response))
        except (requests.RequestException, HTTPError, OSError, ValueError, zlib.error) as error:
            # requests lets some of urllib3's own through, and a ValueError where a proxy's name or password is odd.
            trouble, detail = _why(error)
        finally:
            self._lines.forget_closed()
        # Raised outside of the except clause: requests' exceptions hold the URL, and with it the code.
        raise Unreachable(trouble, detail)

    def hang_up(self) -> None:
        """End what another thread is waiting for. It may be called again, and while nothing is under way.

        A name look-up cannot be ended; what comes after it can, so call this until the request has returned.
        """
        self._lines.shut_down()

    def close(self) -> None:
        """Close the connection, for good: a request under way ends, and another can't begin."""
        self._lines.close()
        self._session.close()


class _Lines:
    """The connections, with second handles on their sockets."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: Dict["_Connection", socket.socket] = {}
        self._closed = False
        self.times_hung_up = 0

    def watch(self, connection: "_Connection", sock: socket.socket) -> None:
        """This is the connection's socket from now on."""
        with self._lock:
            self._forget(connection)
            if self._closed:
                raise ConnectionAbortedError("closed")
            self._handles[connection] = sock.dup()

    def forget_closed(self) -> None:
        """Let go of the sockets that nobody reads from any more.

        Between two requests, that is: a connection which ends with its answer closes itself before that is read.
        """
        with self._lock:
            for connection in [connection for connection in self._handles if connection.sock is None]:
                self._forget(connection)

    def shut_down(self) -> None:
        with self._lock:
            self.times_hung_up += 1
            for handle in self._handles.values():
                try:
                    handle.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # not connected any more, or not yet: see _Connection._connect

    def close(self) -> None:
        # From urllib3 1.26.16 on, closing a Session leaves its connections to the garbage collector.
        self._closed = True
        self.shut_down()
        with self._lock:
            for connection in list(self._handles):
                self._forget(connection)

    def _forget(self, connection: "_Connection") -> None:
        if connection in self._handles:
            self._handles.pop(connection).close()


class _Connection(HTTPSConnection):
    """urllib3's connection, but for making its socket where it can be seen before it connects."""

    lines: _Lines

    def __init__(self, *args: Any, _socks_options: Optional[Dict[str, Any]] = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._socks_options = _socks_options

    def _new_conn(self) -> socket.socket:
        """A connected socket: to Simkl, or to the HTTP proxy (urllib3 has put that in place of the host)."""
        if self._socks_options:
            return self._new_socks_conn(**self._socks_options)
        failure: OSError = socket.gaierror("no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self._dns_host,  # type: ignore[attr-defined]  # urllib3's, which its stubs leave out
            self.port,
            type=socket.SOCK_STREAM,
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                self.lines.watch(self, sock)
                self._connect(sock, address)
                return sock
            except OSError as error:
                failure = error
                sock.close()
        raise failure

    def _connect(self, sock: socket.socket, address: Any) -> None:
        """connect(), ended by hang_up() on every system: Windows shuts no socket down that is not connected yet."""
        hung_up, deadline = self.lines.times_hung_up, monotonic() + CONNECT_TIMEOUT
        sock.setblocking(False)
        result = sock.connect_ex(address)
        if result in _CONNECTING:
            while not wait_for_write(sock, _SLICE):
                if self.lines.times_hung_up != hung_up:
                    raise ConnectionAbortedError("hung up")
                if monotonic() > deadline:
                    raise socket.timeout("connect")
            result = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if result:
            raise OSError(result, os.strerror(result))
        sock.settimeout(self.timeout)

    def _new_socks_conn(
        self,
        socks_version: int,
        proxy_host: str,
        proxy_port: int,
        username: Optional[str],
        password: Optional[str],
        rdns: bool,
    ) -> socket.socket:
        import socks

        host = proxy_host.strip("[]")  # as an IPv6 address stands in a URL
        try:
            family = socket.getaddrinfo(host, proxy_port, type=socket.SOCK_STREAM)[0][0]
        except (socket.gaierror, UnicodeError) as error:
            raise ProxyError("SOCKS", error) from error
        sock = socks.socksocket(family)
        sock.set_proxy(socks_version, host, proxy_port, rdns, username, password)
        try:
            self.lines.watch(self, sock)
            sock.settimeout(self.timeout)
            sock.connect((self.host, self.port))
        except socks.ProxyError as error:
            sock.close()
            raise ProxyError("SOCKS", error) from error
        return sock  # type: ignore[no-any-return]


_CONNECTING = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, 10035)
"""What connect_ex() says when it has begun; the last is Windows' WSAEWOULDBLOCK."""

_SLICE = 0.1
"""Seconds between two looks at whether somebody has hung up on a connect."""


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection

    def __init__(self, *args: Any, lines: _Lines, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines = lines

    def _new_conn(self) -> Any:
        connection = super()._new_conn()  # type: ignore[misc]  # urllib3's, which its stubs leave out
        connection.lines = self._lines
        return connection


class _Adapter(HTTPAdapter):
    """requests' adapter (no retries: an approval is only answered once), over the connections above."""

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._use_our_pool(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)  # type: ignore[no-untyped-call]
        self._use_our_pool(manager)
        return manager

    def _use_our_pool(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {"https": partial(_Pool, lines=self._lines)}


def _bounded_body(response: requests.Response) -> bytes:
    """The body, never more than LARGEST_ANSWER of it in memory, packed or unpacked."""
    body = b""
    for piece in response.raw.stream(4096, decode_content=False):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise requests.ConnectionError("the answer does not end")
    if len(body) < (_number(response.headers.get("Content-Length", "")) or 0):
        raise requests.ConnectionError("the answer was cut off")  # urllib3 1.26 lets it pass
    packing = response.headers.get("Content-Encoding", "identity").lower()
    if packing == "gzip":  # not asked for, but sent all the same by some who stand between here and Simkl
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, LARGEST_ANSWER)
    if packing != "identity":
        raise requests.exceptions.ContentDecodingError("unknown")
    return body


def retry_after(response: requests.Response) -> Optional[float]:
    """Retry-After as seconds from now; it comes as seconds or as a date (RFC 9110, 10.2.3)."""
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


def _number(value: str) -> Optional[int]:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _why(error: BaseException) -> Tuple[Trouble, str]:
    """What an exception of requests' says about the cause, and its name for the log (never its text)."""
    causes = list(_causes(error))
    name = type([error, *(cause for cause in causes if isinstance(cause, OSError))][-1]).__name__

    def one_is(*types: Type[BaseException]) -> bool:
        return any(isinstance(cause, types) for cause in causes)

    if one_is(requests.exceptions.InvalidSchema):  # requests' word for a SOCKS proxy without PySocks
        return Trouble.NO_SOCKS, name
    if one_is(requests.exceptions.ProxyError, ProxyError, requests.exceptions.InvalidURL, UnicodeError):
        # The one URL with anything but constants in it is the proxy's.
        return Trouble.PROXY, name
    if one_is(ssl.SSLEOFError, ssl.SSLZeroReturnError):  # cut off within TLS
        return Trouble.NO_ANSWER, name
    if one_is(ssl.SSLError, requests.exceptions.SSLError):
        return Trouble.INSECURE, name
    if one_is(socket.gaierror) or any(isinstance(cause, OSError) and cause.errno in _NO_ROUTE for cause in causes):
        return Trouble.NO_NETWORK, name
    return Trouble.NO_ANSWER, name


_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it was made from, outermost first: requests and urllib3 keep them in several places."""
    waiting, seen = [error], set()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting += [part for part in inner if isinstance(part, BaseException)]
