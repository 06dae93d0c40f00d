# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections for `requests`. Another thread can end them while they are blocked.

Kodi waits for every thread of a script, so a thread must end its request when the user cancels or Kodi quits. requests
cannot end a call from outside. So each connection keeps a duplicate of its socket (dup), and shutting that down makes a
blocked TLS handshake or read return at once. The duplicate is needed because wrapping a socket in TLS detaches the
original. Name look-ups and connects are waited for in short slices: see names.py and addresses.py.

This is the only module that knows the inside of urllib3. The tests run it with urllib3 1.26.9, 1.26.16 and 2.2.3:

    _new_conn() of a connection     returns a connected socket
    _new_conn() of a pool           returns a connection that is not connected yet
    _dns_host of a connection       the host to connect to: the proxy's, if there is one
    _socks_options                  the keyword argument with which urllib3.contrib.socks makes a connection
    pool_classes_by_scheme          public: the pools that a manager makes
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from functools import partial
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, ProxyError

from .addresses import connect_to_first
from .names import look_up

CONNECT_TIMEOUT = 8.0
"""Seconds to connect, and for each step of the TLS handshake."""


class OpenSockets:
    """The sockets of one client, which sends one request at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._duplicates: dict[PlainConnection, socket.socket] = {}
        self._is_closed = self._is_interrupted = self._is_sending = False

    def begin_request(self) -> None:
        """Note that a request begins. Raises ConnectionAbortedError after close()."""
        with self._lock:
            self._is_interrupted, self._is_sending = self._is_closed, False
        self.raise_if_interrupted()

    def watch(self, connection: PlainConnection, sock: socket.socket) -> None:
        """Note a connection's socket. Raises ConnectionAbortedError if the request was interrupted."""
        with self._lock:
            self._forget(connection)
            self.raise_if_interrupted()
            self._duplicates[connection] = sock.dup()

    def begin_sending(self) -> None:
        """Note that a request is about to be sent. Raises ConnectionAbortedError if it was interrupted."""
        with self._lock:
            self.raise_if_interrupted()
            self._is_sending = True

    def end_request(self) -> None:
        """Note that the request has ended, and close the duplicates of closed connections.

        If a connection ends with its answer, http.client closes its own socket before the body is read.
        """
        with self._lock:
            self._is_sending = False
            for connection in [connection for connection in self._duplicates if connection.sock is None]:
                self._forget(connection)

    def raise_if_interrupted(self) -> None:
        """Raise ConnectionAbortedError if the request was interrupted. Called while a look-up or a connect waits."""
        if self._is_interrupted:
            raise ConnectionAbortedError("interrupted")

    def shut_down(self, unless_sent: bool = False) -> None:
        """Make the request end: a handshake, read or write at once, and a look-up or a connect in a tenth of a second.

        unless_sent: leave the request alone if it is being sent already.
        """
        with self._lock:
            if unless_sent and self._is_sending:
                return
            self._is_interrupted = True
            for duplicate in self._duplicates.values():
                with suppress(OSError):  # closed by the other side
                    duplicate.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Shut down and close all of them. From urllib3 1.26.16 on, Session.close() leaves that to the
        garbage collector."""
        self._is_closed = True
        self.shut_down()
        with self._lock:
            for connection in list(self._duplicates):
                self._forget(connection)

    def _forget(self, connection: PlainConnection) -> None:
        if connection in self._duplicates:
            self._duplicates.pop(connection).close()


class PlainConnection(HTTPConnection):
    """urllib3's connection. It notes its socket in OpenSockets before it connects."""

    open_sockets: OpenSockets

    def __init__(self, *args: Any, _socks_options: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """_socks_options: what urllib3.contrib.socks passes for a SOCKS proxy."""
        super().__init__(*args, **kwargs)
        self._socks_options = _socks_options

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request. urllib3 has connected before."""
        self.open_sockets.begin_sending()
        super().request(*args, **kwargs)

    def _new_conn(self) -> socket.socket:
        """Return a connected socket. If there is an HTTP proxy, urllib3 has put its address into _dns_host and port."""
        if self._socks_options:
            return self._new_socks_conn(**self._socks_options)
        on_tick = self.open_sockets.raise_if_interrupted
        host = self._dns_host  # type: ignore[attr-defined]  # missing from urllib3's stubs
        timeout = self.timeout if isinstance(self.timeout, (int, float)) else CONNECT_TIMEOUT
        try:
            sock = connect_to_first(look_up(host, self.port, on_tick), timeout, on_tick)
        except (TimeoutError, socket.timeout):  # one class from Python 3.10 on
            raise ConnectTimeoutError(self, f"no connection within {timeout:g} s") from None
        try:
            self.open_sockets.watch(self, sock)
        except OSError:
            sock.close()
            raise
        sock.settimeout(self.timeout)
        return sock

    def _new_socks_conn(
        self,
        socks_version: int,
        proxy_host: str,
        proxy_port: int,
        username: str | None,
        password: str | None,
        rdns: bool,
    ) -> socket.socket:
        import socks

        host = proxy_host.strip("[]")  # a URL has an IPv6 address in brackets
        try:
            family, _, _, _, proxy = look_up(host, proxy_port, self.open_sockets.raise_if_interrupted)[0]
        except (socket.gaierror, UnicodeError) as error:
            raise ProxyError("SOCKS", error) from error
        sock = socks.socksocket(family)
        sock.set_proxy(socks_version, proxy[0], proxy_port, rdns, username, password)
        try:
            target = self.host if rdns else self._target_of_socks_proxy()
            self.open_sockets.watch(self, sock)
            sock.settimeout(self.timeout)
            sock.connect((target, self.port))
        except socks.ProxyError as error:
            sock.close()
            raise ProxyError("SOCKS", error) from error
        return sock  # type: ignore[no-any-return]

    def _target_of_socks_proxy(self) -> str:
        """Return Simkl's address for a proxy that looks up no names. PySocks would look it up without an end."""
        found = look_up(self.host, self.port, self.open_sockets.raise_if_interrupted)
        addresses = [each[4][0] for each in found if each[0] == socket.AF_INET] or [found[0][4][0]]
        return str(addresses[0])


class Connection(PlainConnection, HTTPSConnection):
    """The same with TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = PlainConnection

    def __init__(self, *args: Any, open_sockets: OpenSockets, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open_sockets = open_sockets

    def _new_conn(self) -> Any:
        connection = super()._new_conn()  # type: ignore[misc]  # missing from urllib3's stubs
        connection.open_sockets = self._open_sockets
        return connection


class _Pool(_PlainPool, HTTPSConnectionPool):
    ConnectionCls = Connection


class InterruptibleAdapter(HTTPAdapter):
    """requests' adapter over these connections. It retries nothing, because Simkl sends an approval only once."""

    def __init__(self, open_sockets: OpenSockets) -> None:
        self._open_sockets = open_sockets
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._use_our_pool(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)  # type: ignore[no-untyped-call]
        self._use_our_pool(manager)
        return manager

    def _use_our_pool(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {
            "http": partial(_PlainPool, open_sockets=self._open_sockets),
            "https": partial(_Pool, open_sockets=self._open_sockets),
        }
