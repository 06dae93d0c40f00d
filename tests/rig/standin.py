# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for Simkl: both sign-in flows over TLS as api.simkl.com, and the page where the user enters the code.

It records every request. A test can have it answer the next requests of a kind with faults. It uses the standard
library's server, because the faults need the socket itself, which a web framework hides.

What it answers, and where Simkl documents that (https://api.simkl.org):

| request | answer | page |
| --- | --- | --- |
| without User-Agent, app-name or app-version | 400 | Headers |
| unknown client id | 412 `client_id_failed`; at /oauth2/*: 401 `invalid_client` | Errors; OAuth 2.0 |
| GET /oauth/pin | 200 with a code; 400 `unauthorized_client` to a client id for the device flow | PIN flow |
| GET /oauth/pin/CODE | 200: pending, the token (once), or a new code if CODE is not valid | PIN flow |
| the same, with pin_is_retired | that fault. Simkl has not said what it will answer | Migration |
| POST /oauth2/device | 200 with a code; 401 `invalid_client` to a client id for the PIN flow | Device flow |
| POST /oauth2/token, device_code | 200 with the tokens; 400 `authorization_pending`, `slow_down` (a poll before its interval), `expired_token` (also for an unknown code). RFC 8628 has `access_denied`; Simkl does not send it | Device flow |
| POST /oauth2/token, refresh_token | 200, and the old access token ends at once; 400 `invalid_grant` | Tokens |
| POST /oauth2/revoke, either token | 200, also for an unknown token | Tokens |
| a request about a user, without a token | 401 `user_token_required` | Errors |
| ... with a wrong token | 401 `user_token_failed` (PIN flow), `invalid_token` (device flow) | Errors |
| ... beyond the scope; every request but a GET is a write | 403 `insufficient_scope` | Scopes |
| ... beyond requests_left, or with debug_limit=user or app | 429 `user_limit_exceeded`, `app_limit_exceeded`, with Retry-After | Rate limits |
| ... that counts, in the device flow | X-RateLimit-Limit, X-RateLimit-Remaining | Rate limits |
| GET /movies/ID and the other look-ups of the catalogue | 200 without a token | Rate limits |
| GET /users/settings | 200 with name, account id and type | Users |
"""  # noqa: E501  # a row of a table is one line

from __future__ import annotations

import html
import json
import re
import secrets
import socket
import ssl
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Sequence
from urllib.parse import parse_qs, urlsplit

import trustme

from .faults import Fault

CLIENT_ID = "client-id-of-the-stand-in"
DEVICE_CLIENT_ID = "client-id-for-the-device-flow"
HOSTS = ("api.simkl.com", "simkl.com")


@dataclass
class Request:
    """A request as it arrived."""

    kind: str
    """"code" (of the PIN flow), "device" (a code of the device flow), "poll", "refresh", "revoke", "user", "page",
    "activities", "catalogue" or "other"."""
    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    connection: tuple[str, int]
    """The client's address and port, which are the same for all requests of one connection."""
    at: float
    """time.monotonic() on arrival."""
    answered_at: float = 0.0
    """time.monotonic() just before the answer was sent."""


@dataclass
class IssuedCode:
    """A code that was sent to a client."""

    user_code: str
    expires_at: float
    approved_by: str | None = None
    device_code: str = ""
    """"" for the PIN flow."""
    scope: str = ""
    is_declined: bool = False
    polled_at: float = -1e9


@dataclass
class DeviceGrant:
    """A grant of the device flow."""

    name: str
    scope: str
    access_token: str
    expires_at: float


@dataclass
class StandIn:
    """Simkl's state and its servers.

    A test may change expires_in and interval, in seconds: the change counts for later codes.
    """

    authority: trustme.CA = field(default_factory=trustme.CA)
    expires_in: float = 900
    interval: float = 1
    requests: list[Request] = field(default_factory=list)
    codes: dict[str, IssuedCode] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    """The user's name by access token."""
    names: dict[str, str] = field(default_factory=dict)
    """The user's name by access token, also for tokens that have ended."""
    grants: dict[str, DeviceGrant] = field(default_factory=dict)
    """The grants of the device flow, by refresh token. Their access tokens are in tokens, too."""
    token_life: float = 604800
    """Seconds until an access token of the device flow expires."""
    next_user_code: str = ""
    """The code that the PIN flow sends; "" for a random one."""
    scope: str | None = None
    """The scope of the next codes; None for the scope that the client asks for."""
    requests_left: dict[str, int] = field(default_factory=dict)
    """How many requests a user has left today, by name. A user who is not in it has no limit."""
    client_id_of: dict[str, str] = field(default_factory=dict)
    """The client id that asked for a token, by access token."""
    secrets: list[str] = field(default_factory=list)
    """Every code and token that was sent."""
    types: dict[str, str] = field(default_factory=dict)
    """The type of an account, by the user's name. A user who is not in it has a "free" account."""
    pin_is_retired: Fault | None = None
    """What every request of the PIN flow is answered with once Simkl has retired it; None before that."""
    closed: threading.Event = field(default_factory=threading.Event)
    """Set by close(), for faults that wait for it."""

    def __post_init__(self) -> None:
        self._faults: dict[str, deque[Fault]] = {}
        self._lock = threading.RLock()
        self._servers: list[ThreadingHTTPServer] = []

    # The servers

    @property
    def port(self) -> int:
        """The port of the first server."""
        return int(self._servers[0].server_address[1])

    def serve_tls(self, port: int = 443, names: Sequence[str] = HOSTS, host: str = "127.0.0.1") -> None:
        """Serve by TLS on loopback, with a certificate for these host names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names).configure_cert(context)
        self._serve(_Server((host, port), Handler, self, context))

    def serve_page(self, listener: socket.socket) -> None:
        """Serve without TLS on a listening socket, for a browser outside of the tests' network."""
        server = _Server(listener.getsockname()[:2], Handler, self, None, listener)
        self._serve(server)

    def close(self) -> None:
        """Stop serving."""
        self.closed.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _serve(self, server: ThreadingHTTPServer) -> None:
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    # What a test calls

    def fault(self, kind: str, *faults: Fault) -> None:
        """Answer the next requests of this kind with these faults, one request with each fault."""
        with self._lock:
            self._faults.setdefault(kind, deque()).extend(faults)

    def of_kind(self, *kinds: str) -> list[Request]:
        """Return the requests of these kinds so far."""
        with self._lock:
            return [request for request in self.requests if request.kind in kinds]

    def newest_code(self) -> str | None:
        """Return the last code that was sent; None if it is not valid any more."""
        with self._lock:
            newest = list(self.codes)[-1] if self.codes else ""
            return newest if self._valid_code(newest) else None

    def approve(self, user_code: str, user_name: str) -> bool:
        """Approve a code, as the user does at simkl.com/pin. Returns False if the code is not valid."""
        with self._lock:
            code = self._valid_code(user_code.replace(" ", "").upper())
            if code:
                code.approved_by = user_name
            return bool(code)

    def revoke(self, token: str) -> None:
        """Revoke an access token, as the user does at simkl.com/settings/connected-apps."""
        with self._lock:
            del self.tokens[token]

    def decline(self, user_code: str) -> None:
        """Deny a code, as the user does at simkl.com/pin."""
        with self._lock:
            self.codes[user_code].is_declined = True

    def clear_faults(self) -> None:
        """Remove the faults that no request has been answered with."""
        with self._lock:
            self._faults.clear()

    def close_listener(self) -> None:
        """Stop accepting connections. Open connections stay open."""
        for server in self._servers:
            server.shutdown()
            server.socket.close()

    def no_more_requests(self) -> bool:
        """Wait for two intervals, and return True if no request arrives in that time."""
        count = len(self.requests)
        time.sleep(2 * self.interval)
        return len(self.requests) == count

    def expire(self) -> None:
        """Let every code expire now. The add-on does not know that yet."""
        with self._lock:
            self.codes.clear()

    # What the servers call

    def take(self, request: Request) -> Fault | None:
        """Record a request. Returns the fault to answer it with, if there is one."""
        with self._lock:
            self.requests.append(request)
            faults = self._faults.get(request.kind)
            if faults:
                return faults.popleft()
            return self.pin_is_retired if request.path.startswith("/oauth/pin") else None

    def answer(self, request: Request) -> tuple[int, Any]:
        """Return the status and the JSON that Simkl answers with."""
        with self._lock:
            if not request.headers.get("User-Agent") or not {"app-name", "app-version"} <= set(request.query):
                return 400, {"error": "missing_parameters", "code": 400}
            client_id = request.form.get("client_id") or request.query.get("client_id")
            if request.path.startswith("/oauth2/"):
                return self._device_flow(request, client_id)
            if client_id not in (CLIENT_ID, DEVICE_CLIENT_ID):
                return _error(412, "client_id_failed")
            if request.path.startswith("/oauth/") and client_id != CLIENT_ID:
                return _error(400, "unauthorized_client")
            if request.kind == "code" and request.method == "GET":
                return 200, self._new_code()
            if request.kind == "poll" and request.method == "GET":
                return 200, self._poll(request.path.rpartition("/")[2])
            limit = request.query.get("debug_limit")
            if limit in ("user", "app"):
                return _error(429, f"{limit}_limit_exceeded")
            if request.kind == "catalogue" and request.method == "GET":
                return 200, {"title": "A film"}
            return self._about_user(request)

    def _about_user(self, request: Request) -> tuple[int, Any]:
        token = _token_of(request)
        name = self._user_name(request)
        if not token:
            return _error(401, "user_token_required")
        if name is None:
            return _error(401, "invalid_token" if token.startswith("simkl_at_") else "user_token_failed")
        if name in self.requests_left:
            self.requests_left[name] -= 1
            if self.requests_left[name] < 0:
                return _error(429, "user_limit_exceeded")
        needed = "media:read" if request.method == "GET" else "media:write"
        if any(grant.access_token == token and needed not in grant.scope for grant in self.grants.values()):
            return _error(403, "insufficient_scope")
        if request.kind == "user" and request.method in ("GET", "POST"):
            return self._user(name)
        if request.kind == "activities" and request.method in ("GET", "POST"):
            return 200, {"all": "2026-11-01T12:00:00Z"}
        return _error(404, "url_failed")

    def _new_code(self) -> dict[str, Any]:
        user_code = self.next_user_code or "".join(secrets.choice("GHJKLMNPQRSTUVWXYZ23456789") for _ in range(6))
        self.secrets.append(user_code)
        self.codes[user_code] = IssuedCode(user_code, time.monotonic() + self.expires_in)
        return {
            "result": "OK",
            "device_code": "DEVICE_CODE",
            "user_code": user_code,
            "verification_uri": "https://simkl.com/pin",
            "verification_url": "https://simkl.com/pin",
            "expires_in": self.expires_in,
            "interval": self.interval,
        }

    def _poll(self, user_code: str) -> dict[str, Any]:
        code = self._valid_code(user_code)
        if not code:
            return self._new_code()
        if code.approved_by is None:
            return {"result": "KO", "message": "Authorization pending"}
        del self.codes[user_code]
        for token, name in self.tokens.items():
            if name == code.approved_by and self.client_id_of[token] == CLIENT_ID:
                return {"result": "OK", "access_token": token}  # each sign-in of a user gives the same token
        token = secrets.token_hex(32)
        self.secrets.append(token)
        self.tokens[token] = self.names[token] = code.approved_by
        self.client_id_of[token] = CLIENT_ID
        return {"result": "OK", "access_token": token}

    def _user_name(self, request: Request) -> str | None:
        """Return the name of the user whose token a request has; None if the token or its client id is wrong."""
        token = _token_of(request)
        for grant in self.grants.values():
            if grant.access_token == token and grant.expires_at <= time.monotonic():
                return None
        if self.client_id_of.get(token, CLIENT_ID) != request.query.get("client_id"):
            return None
        return self.tokens.get(token)

    def _device_flow(self, request: Request, client_id: str | None) -> tuple[int, Any]:
        """Answer by RFC 8628, RFC 6749 and RFC 7009, as Simkl does."""
        if client_id != DEVICE_CLIENT_ID or request.method != "POST":
            return 401, {"error": "invalid_client"}
        form = request.form
        if request.kind == "device":
            return 200, self._new_device_code(form.get("scope", ""))
        if request.kind == "poll":
            return self._poll_device(form.get("device_code", ""))
        if request.kind == "refresh":
            grant = self.grants.get(form.get("refresh_token", ""))
            if not grant:
                return 400, {"error": "invalid_grant"}
            return 200, self._new_tokens(form["refresh_token"], grant)
        if request.kind == "revoke":
            for refresh_token, grant in list(self.grants.items()):
                if form.get("token") in (refresh_token, grant.access_token):
                    del self.grants[refresh_token]
                    self.tokens.pop(grant.access_token, None)
            return 200, {}
        return 400, {"error": "unsupported_grant_type"}

    def _new_device_code(self, scope: str) -> dict[str, Any]:
        letters = [secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8)]
        user_code = "".join(letters[:4]) + "-" + "".join(letters[4:])
        device_code = secrets.token_urlsafe(32)
        self.secrets += [user_code, device_code]
        granted = scope if self.scope is None else self.scope
        expires_at = time.monotonic() + self.expires_in
        self.codes[user_code] = IssuedCode(user_code, expires_at, device_code=device_code, scope=granted)
        return {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": "https://simkl.com/pin",
            "verification_uri_complete": f"https://simkl.com/pin?user_code={user_code}",
            "expires_in": self.expires_in,
            "interval": self.interval,
        }

    def _poll_device(self, device_code: str) -> tuple[int, Any]:
        code = next((code for code in self.codes.values() if code.device_code == device_code), None)
        if code and code.is_declined:
            return 400, {"error": "access_denied"}
        if not code or not self._valid_code(code.user_code):
            return 400, {"error": "expired_token"}
        polled_before, code.polled_at = code.polled_at, time.monotonic()
        if code.polled_at - polled_before < self.interval - 0.05:
            return 400, {"error": "slow_down"}
        if code.approved_by is None:
            return 400, {"error": "authorization_pending"}
        del self.codes[code.user_code]
        refresh_token = "simkl_rt_" + secrets.token_hex(17)
        self.secrets.append(refresh_token)
        self.grants[refresh_token] = DeviceGrant(code.approved_by, code.scope, "", 0)
        return 200, self._new_tokens(refresh_token, self.grants[refresh_token])

    def _new_tokens(self, refresh_token: str, grant: DeviceGrant) -> dict[str, Any]:
        """Issue a new access token. The old access token stops working at once."""
        self.tokens.pop(grant.access_token, None)
        grant.access_token = "simkl_at_" + secrets.token_hex(17)
        grant.expires_at = time.monotonic() + self.token_life
        self.secrets.append(grant.access_token)
        self.tokens[grant.access_token] = self.names[grant.access_token] = grant.name
        self.client_id_of[grant.access_token] = DEVICE_CLIENT_ID
        return {
            "access_token": grant.access_token,
            "refresh_token": refresh_token,
            "expires_in": self.token_life,
            "token_type": "Bearer",
            "scope": grant.scope,
        }

    def headers_of(self, request: Request, status: int) -> dict[str, str]:
        """Return the headers of an answer that are not the same for all."""
        if status == 429:
            return {"Retry_After": "7200"}
        left = self.requests_left.get(self._user_name(request) or "")
        return {} if left is None else {"X_RateLimit_Limit": "500", "X_RateLimit_Remaining": str(max(0, left))}

    def _user(self, name: str) -> tuple[int, Any]:
        account = {"id": account_id(name), "timezone": "UTC", "type": self.types.get(name, "free")}
        return 200, {"user": {"name": name}, "account": account}

    def _valid_code(self, user_code: str) -> IssuedCode | None:
        code = self.codes.get(user_code)
        return code if code and code.expires_at > time.monotonic() and not code.is_declined else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        address: Any,
        handler: Any,
        standin: StandIn,
        context: ssl.SSLContext | None,
        listener: socket.socket | None = None,
    ) -> None:
        super().__init__(address, handler, bind_and_activate=listener is None)
        self.standin = standin
        self._context = context
        if listener:
            self.socket.close()
            self.socket = listener

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection, with the TLS handshake: in this thread, a slow handshake blocks no other connection."""
        if self._context:
            request = self._context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: in many tests the client closes its connection."""


class Handler(BaseHTTPRequestHandler):
    """One connection to the stand-in."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing: StandIn.requests has every request."""

    @property
    def standin(self) -> StandIn:
        return self.server.standin

    def _handle(self) -> None:
        url = urlsplit(self.path)
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = {name: values[0] for name, values in parse_qs(self.body.decode(errors="replace")).items()}
        request = Request(
            kind=_kind(url.path, form),
            form=form,
            method=self.command,
            path=url.path,
            query={name: values[0] for name, values in parse_qs(url.query).items()},
            headers=dict(self.headers.items()),
            connection=self.client_address,
            at=time.monotonic(),
        )
        self.current_request = request
        fault = self.standin.take(request)
        if fault:
            fault(self)
        elif request.kind == "page":
            self._page()
        else:
            status, body = self.standin.answer(request)
            request.answered_at = time.monotonic()
            self.send(status, json.dumps(body).encode(), **self.standin.headers_of(request, status))

    def send(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        """Send a complete answer. A header's name has "_" for "-"."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _page(self) -> None:
        form = self.current_request.form
        message = ""
        if self.command == "POST":
            is_approved = self.standin.approve(form.get("code", ""), form.get("name") or "Someone")
            message = "Done. Look at the TV." if is_approved else "This code is not valid, or not valid any more."
        self.send(200, _PAGE.format(message=html.escape(message)).encode(), "text/html; charset=utf-8")


def _error(status: int, name: str) -> tuple[int, Any]:
    return status, {"error": name, "code": status, "message": "A text"}


def _token_of(request: Request) -> str:
    return request.headers.get("Authorization", "").rpartition(" ")[2]


def account_id(name: str) -> int:
    """Return the id of the account with this name."""
    return zlib.crc32(name.encode())


_PAGE = """<!doctype html><meta name=viewport content="width=device-width"><title>Enter the code</title>
<body style="font: 1.3em sans-serif; max-width: 22em; margin: 3em auto; padding: 0 1em">
<h1>A stand-in for simkl.com/pin</h1><form method=post>
<p><label>The code on the TV<br><input name=code autofocus autocomplete=off style="font-size: 2em; width: 8em"></label>
<p><label>Sign in as<br><input name=name value="Ada Lovelace"></label>
<p><button>Approve</button></form><p><strong>{message}</strong>"""


def _kind(path: str, form: dict[str, str]) -> str:
    if re.fullmatch(r"/(movies|tv|anime|tv/episodes|anime/episodes)/\w+", path):
        return "catalogue"
    if path == "/oauth2/token":
        return "refresh" if form.get("grant_type") == "refresh_token" else "poll"
    if path == "/oauth2/revoke":
        return "revoke"
    if path.startswith("/oauth/pin/"):
        return "poll"
    return {
        "/oauth/pin": "code",
        "/oauth2/device": "device",
        "/users/settings": "user",
        "/pin": "page",
        "/sync/activities": "activities",
    }.get(path, "other")
