# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests to Simkl as the user, for other add-ons.

A request is signed at the last moment, in a copy. So no request or answer that a caller keeps or logs holds the token.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Container
from urllib.parse import urlencode, urlsplit, urlunsplit
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from . import wiring
from .account.client_id import current_client_id, known_flow
from .account.pin_retirement import is_for_device_flow, may_be_outdated
from .account.retries import Verdict, send_with_retries, tries
from .errors import AppLimitExceeded, NotSaved, SignInNeeded, SimklError, UserLimitExceeded
from .kodi import addon
from .kodi.cooldown import Cooldown
from .kodi.dialogs import show_notification
from .kodi.proxy import proxy_url
from .kodi.reminder import is_video_playing, remind
from .kodi.runtime import KodiRuntime
from .kodi.settings import KodiSettings
from .kodi.strings import Text
from .models import Credentials
from .outcome import Cause
from .simkl.background import BackgroundClient, Stopped
from .simkl.daily_limit import LIMITS, seconds_until_end
from .simkl.parsing import OUTDATED_TOKEN, error_name, refuses_token
from .simkl.transport import API, retry_after

OUTDATED_CHECK_INTERVAL = 3600.0
"""Seconds between two checks of whether the sign-in is outdated."""

TIMEOUT = (8.0, 20.0)
"""Seconds for a connection, and between two pieces of an answer."""

_SIMKL = (f"{API}/", f"{API}:443/")
"""How URLs begin that get the token. No other place gets it."""

_CATALOGUE = re.compile(r"/(movies|tv|anime|tv/episodes|anime/episodes)/(\d+|tt\d+)")
"""The paths that Simkl serves to everybody from a cache, without a user: https://api.simkl.org, "Rate limits"."""


_ABOUT_USER = ("/sync/", "/users/", "/scrobble/", "/checkin", "/ratings/")
"""How paths begin that Simkl answers only with a token. Elsewhere, a success says nothing about the token."""


class Session(requests.Session):
    """A requests.Session that sends as the user, with Kodi's proxy and a timeout on every request.

    Each request to https://api.simkl.com gets the access token, client_id, and the calling add-on's id and version as
    app-name, app-version and User-Agent. The answer's request is the caller's: it has none of these. A look-up in the
    catalogue gets no token, and needs no user. A redirect to another host gets nothing, and a request that begins at
    another host is never signed: no other host can make this Kodi send a request as the user.

    The account is read for each request, so a Session can be kept for any time. Several threads may use it.

    A request raises SignInNeeded if nobody is signed in or the sign-in has ended: see docs/for-add-ons.md. It raises
    UserLimitExceeded or AppLimitExceeded if the requests for the day are used up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # use no .netrc file: requests would take its password for a redirect
        proxy = proxy_url()
        if proxy:
            self.proxies = {"http": proxy, "https": proxy}
        self._unsigned: WeakSet[requests.PreparedRequest] = WeakSet()
        """The requests to Simkl that another host redirected there."""
        adapter = _SigningAdapter(self._unsigned)
        for prefix in _SIMKL:
            self.mount(prefix, adapter)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request, with TIMEOUT unless the caller gives a timeout."""
        if options.get("timeout") is None:
            options["timeout"] = TIMEOUT
        return super().send(request, **options)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Note a redirect that must not be signed."""
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        if not response.url.lower().startswith(_SIMKL) or response.request in self._unsigned:
            self._unsigned.add(prepared_request)

    def rebuild_proxies(self, prepared_request: requests.PreparedRequest, proxies: Any) -> Any:
        """Remove the proxy's password from a redirect: requests before 2.31 sent it to the target (CVE-2023-32681)."""
        found = super().rebuild_proxies(prepared_request, proxies)  # type: ignore[no-untyped-call]
        prepared_request.headers.pop("Proxy-Authorization", None)
        return found


class _SigningAdapter(HTTPAdapter):
    """Signs a copy of each request, and sends it again if Simkl refuses the token."""

    def __init__(self, unsigned: WeakSet[requests.PreparedRequest]) -> None:
        """unsigned: requests that are sent as they are."""
        super().__init__()
        self._unsigned = unsigned
        self._runtime = KodiRuntime()
        self._accounts = wiring.accounts()
        self._app_name, self._app_version = addon.caller()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request, and return the answer with the request as the caller made it."""
        if request in self._unsigned:
            return super().send(request, *args, **options)
        send = partial(super().send, *args, **options)
        if request.method == "GET" and _CATALOGUE.fullmatch(urlsplit(request.url or "").path):
            answer = self._send_signed(request, send, self._client_id(), None)
            _raise_if_limited(answer)
            return answer
        try:
            answer, credentials = self._send_as_user(request, send)
        except SignInNeeded:
            account = self._accounts.load()
            if account:
                remind(account.is_client_id_refused)
            raise
        _raise_if_limited(answer)
        if answer.status_code == 403 and error_name(answer.content) == OUTDATED_TOKEN and not is_video_playing():
            self._set_outdated(credentials)
        return answer

    def _send_as_user(self, request: requests.PreparedRequest, send: Any) -> tuple[requests.Response, Credentials]:
        """Send a request, again if Simkl refuses the token, and return the last answer and what it was sent with."""
        sent: list[tuple[requests.Response, Credentials]] = []

        def send_as(credentials: Credentials) -> bool:
            """Return True if the request was sent: not every body can be sent again."""
            can_be_sent = not sent or _rewind(request)
            if can_be_sent:
                answer = self._send_signed(request, send, credentials.client_id, credentials.access_token)
                sent.append((answer, credentials))
            return can_be_sent

        def verdict(was_sent: bool) -> Verdict:
            return _verdict(sent[-1][0]) if was_sent else Verdict.UNKNOWN

        self._mark_if_outdated()
        send_with_retries(tries(self._accounts, self._refresh, wiring.cooldown), send_as, verdict)
        return sent[-1]

    def _send_signed(
        self, request: requests.PreparedRequest, send: Any, client_id: str, access_token: str | None
    ) -> requests.Response:
        signed = request.copy()
        signed.headers.pop("Authorization", None)
        if access_token:
            signed.headers["Authorization"] = f"Bearer {access_token}"
        signed.headers.pop("simkl-api-key", None)  # another client id, which would contradict ours
        signed.headers["User-Agent"] = self._user_agent(request.headers.get("User-Agent") or "")
        ours = {"client_id": client_id, "app-name": self._app_name, "app-version": self._app_version}
        signed.url = _with_query(request.url or "", ours, without=ours)
        try:
            answer: requests.Response = send(signed)
        except requests.RequestException as error:
            error.request = request
            raise
        answer.request, answer.url = request, request.url or ""
        if "Location" in answer.headers:  # Simkl may have repeated our parameters there, which are for nobody else
            answer.headers["Location"] = _with_query(answer.headers["Location"], {}, without=ours)
        return answer

    def _user_agent(self, callers: str | bytes) -> str:
        ours = f"{self._app_name}/{self._app_version}"
        callers = callers.decode("latin-1") if isinstance(callers, bytes) else callers
        return ours if not callers or callers.startswith("python-requests/") else f"{ours} {callers}"

    def _client_id(self) -> str:
        """Return the client id of the account, or else the one that a sign-in would use."""
        credentials = self._accounts.credentials()
        client_id = credentials.client_id if credentials else current_client_id(KodiSettings())
        if not client_id:
            raise SignInNeeded("there is no client id")
        return client_id

    def _refresh(self, credentials: Credentials) -> Credentials:
        """Return the refreshed credentials; the same ones if they cannot be refreshed now.

        The device's clock can be wrong, so these can still be good.
        """
        simkl = self._background_client(credentials.client_id)
        try:
            return wiring.refresh_in_this_kodi(simkl, credentials, self._accounts, self._runtime)
        except (SimklError, NotSaved, Stopped) as error:
            addon.log(f"no refresh: {error}")
            return credentials
        finally:
            simkl.close()

    def _mark_if_outdated(self) -> None:
        """Find out whether the sign-in is outdated (see pin_retirement.py), and tell the user once.

        This happens once in OUTDATED_CHECK_INTERVAL, and not while a video plays.
        """
        cooldown = Cooldown("outdated")
        credentials = self._accounts.credentials()
        if not credentials or credentials.refresh_token or not cooldown.is_over() or is_video_playing():
            return
        cooldown.start(OUTDATED_CHECK_INTERVAL)
        account, client_id = self._accounts.load(), current_client_id(KodiSettings())
        if not may_be_outdated(credentials, client_id) or not account or account.is_outdated:
            return
        if is_for_device_flow(client_id, known_flow(KodiSettings(), client_id), self._background_client):
            self._set_outdated(credentials)

    def _set_outdated(self, credentials: Credentials) -> None:
        with suppress(NotSaved):
            if self._accounts.set_outdated(credentials):
                show_notification(addon.text(Text.SIGN_IN_OUTDATED))

    def _background_client(self, client_id: str) -> BackgroundClient:
        return BackgroundClient(lambda: wiring.connect(client_id), self._runtime)


def _rewind(request: requests.PreparedRequest) -> bool:
    """Set a file that is sent back to where it was. Returns False if the body cannot be sent once more."""
    if request.body is None or isinstance(request.body, (str, bytes)):
        return True
    try:
        rewind_body(request)
    except UnrewindableBodyError:
        return False
    return True


def _verdict(answer: requests.Response) -> Verdict:
    if answer.status_code == 401 and refuses_token(401, answer.content):
        return Verdict.REFUSED
    is_about_user = urlsplit(answer.url).path.startswith(_ABOUT_USER)
    return Verdict.ACCEPTED if is_about_user and 200 <= answer.status_code < 300 else Verdict.UNKNOWN


def _raise_if_limited(answer: requests.Response) -> None:
    """Raise UserLimitExceeded or AppLimitExceeded if the requests for the day are used up."""
    cause = LIMITS.get(error_name(answer.content) or "") if answer.status_code == 429 else None
    if cause:
        ends_at = datetime.now(timezone.utc) + timedelta(seconds=seconds_until_end(retry_after(answer)))
        raise (UserLimitExceeded if cause is Cause.USER_LIMIT else AppLimitExceeded)(ends_at)


def _with_query(url: str, added: dict[str, str], without: Container[str]) -> str:
    """Return the URL without the parameters of some names, and with the added ones. The others stay as they are."""
    parts = urlsplit(url)
    kept = [part for part in parts.query.split("&") if part.partition("=")[0] not in without] if parts.query else []
    return urlunsplit(parts._replace(query="&".join([*kept, urlencode(added)] if added else kept)))
