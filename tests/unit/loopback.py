# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for requests over real sockets and TLS: Simkl's stand-in on loopback, and a Transport that finds it there.

A test module imports the four fixture functions. Its tests name the fixtures without the word "fixture".
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import trustme

from lib.simkl_account.errors import Unreachable
from lib.simkl_account.simkl.transport import Answer, Transport
from tests.rig.standin import CLIENT_ID, StandIn


@pytest.fixture(name="authority", scope="module")
def fixture_authority() -> trustme.CA:
    """Return the authority that the stand-in's certificate is from."""
    return trustme.CA()


@pytest.fixture(name="standin")
def fixture_standin(authority: trustme.CA) -> Iterator[StandIn]:
    """Run the stand-in on a free port."""
    standin = StandIn(authority=authority)
    standin.serve_tls(port=0)
    yield standin
    standin.close()


@pytest.fixture(name="route")
def fixture_route(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that takes a port of loopback, at which api.simkl.com is found from then on."""

    def route(port: int) -> None:
        def look_up(host: str, wanted: int, *args: Any, **kwargs: Any) -> Any:
            assert (host, wanted) == ("api.simkl.com", 443)
            return [address(port)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return route


@pytest.fixture(name="transport")
def fixture_transport(standin: StandIn, route: Callable[[int], None], tmp_path: Path) -> Iterator[Transport]:
    """Return a transport whose requests reach the stand-in. At the end, all of its sockets must be closed."""
    route(standin.port)
    transport = Transport("an-app", "1.2.3")
    bundle = tmp_path / "ca.pem"
    standin.authority.cert_pem.write_to_path(str(bundle))
    transport._session.verify = str(bundle)
    yield transport
    transport.close()
    assert not transport._sockets._duplicates, "the duplicate of a socket is still open"


def address(port: int) -> Any:
    """Return a port of loopback in the form of getaddrinfo()."""
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))


def closed_port() -> int:
    """Return a port of loopback at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def get(transport: Transport, path: str = "/oauth/pin") -> Answer:
    """Send a GET and return its answer."""
    return transport.request("GET", path, {"client_id": CLIENT_ID})


def get_error(transport: Transport, path: str = "/oauth/pin") -> Unreachable:
    """Send a GET that must fail, and return its error."""
    with pytest.raises(Unreachable) as caught:
        get(transport, path)
    return caught.value
