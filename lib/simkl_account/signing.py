# SPDX-License-Identifier: GPL-2.0-or-later
"""Sign the requests of other add-ons to Simkl, each at the last moment and in a copy.

So no request or answer that a caller keeps or logs holds the token.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from random import random
from typing import Any, Callable, Container
from urllib.parse import urlencode, urlsplit, urlunsplit
from weakref import WeakSet

import requests
from requests.adapters import BaseAdapter
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from . import wiring
from .account.client_id import current_client_id
from .account.retries import Verdict, send_with_retries, tries
from .errors import AppLimitExceeded, NotSaved, SignInNeeded, SimklError, UserLimitExceeded
from .kodi import addon
from .kodi.dialogs import show_notification
from .kodi.reminder import is_video_playing, remind
from .kodi.runtime import KodiRuntime, is_quitting
from .kodi.settings import KodiSettings
from .kodi.strings import Text
from .models import Credentials
from .outcome import Cause
from .simkl.background import BackgroundClient, Stopped
from .simkl.backoff import jitter
from .simkl.daily_limit import LIMITS, seconds_until_end
from .simkl.parsing import OUTDATED_TOKEN, error_name, refuses_token
from .simkl.transport import API, retry_after
from .simkl.watched import ShuttingDown, WatchedAdapter

SIMKL = (f"{API}/", f"{API}:443/")
"""How URLs begin that get the token. No other place gets it."""

_CATALOGUE = re.compile(r"/(movies|tv|anime|tv/episodes|anime/episodes)/(\d+|tt\d+)")
"""The paths that Simkl serves to everybody from a cache, without a user: https://api.simkl.org, "Rate limits"."""

_ABOUT_USER = ("/sync/", "/users/", "/scrobble/", "/checkin", "/ratings/")
"""How paths begin that Simkl answers only with a token. Elsewhere, a success says nothing about the token."""

_RATE_LIMITS = ((429, "rate_limit"), (400, "RATE_LIMIT"))
"""What Simkl answers to too many requests in a second, or while an earlier change of the user's is not done."""

_RATE_LIMIT_DELAY = 1.0
"""Seconds before such a request is sent once more; up to twice as long, so that many Kodis do not return together."""

Send = Callable[[requests.PreparedRequest], requests.Response]


def is_look_up(request: requests.PreparedRequest) -> bool:
    """Return True for a look-up in Simkl's catalogue."""
    return request.method == "GET" and bool(_CATALOGUE.fullmatch(urlsplit(request.url or "").path))


class SigningAdapter(BaseAdapter):
    """Signs a copy of each request, and sends it again if Simkl refuses the token."""

    def __init__(self, watched: WatchedAdapter, unsigned: WeakSet[requests.PreparedRequest]) -> None:
        """unsigned: requests that are sent as they are."""
        super().__init__()
        self._watched = watched
        self._unsigned = unsigned
        self._runtime = KodiRuntime()
        self._accounts = wiring.accounts()
        self._app_name, self._app_version = addon.caller()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request, and return the answer with the request as the caller made it.

        Raises ValueError for a GET with a body, which Simkl takes for a change (https://api.simkl.org, "Scopes").
        """

        def send(request: requests.PreparedRequest) -> requests.Response:
            return self._watched.send(request, *args, **options)

        if request in self._unsigned:
            return send(request)
        if request.method == "GET" and request.body:
            raise ValueError("a GET to Simkl has no body: put the values into params")
        if is_look_up(request):
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

    def _send_as_user(self, request: requests.PreparedRequest, send: Send) -> tuple[requests.Response, Credentials]:
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

        send_with_retries(tries(self._accounts, self._refresh, wiring.cooldown), send_as, verdict)
        return sent[-1]

    def _send_signed(
        self, request: requests.PreparedRequest, send: Send, client_id: str, access_token: str | None
    ) -> requests.Response:
        """Send a signed copy. Send it once more if there were too many requests, which passes in a second or two."""
        answer = self._send_copy(request, send, client_id, access_token)
        if _is_rate_limited(answer) and not is_quitting() and _rewind(request):
            self._runtime.wait(jitter(_RATE_LIMIT_DELAY, random, 1.0))
            answer = self._send_copy(request, send, client_id, access_token)
        return answer

    def _send_copy(
        self, request: requests.PreparedRequest, send: Send, client_id: str, access_token: str | None
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
            answer = send(signed)
        except requests.RequestException as error:
            error.request = request
            raise
        answer.request, answer.url = request, request.url or ""
        answer.connection = self  # type: ignore[attr-defined]  # some of requests' helpers send with it
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
        simkl = BackgroundClient(lambda: wiring.connect(credentials.client_id), self._runtime)
        try:
            return wiring.refresh_in_this_kodi(simkl, credentials, self._accounts, self._runtime)
        except (SimklError, NotSaved, Stopped) as error:
            if is_quitting():
                raise ShuttingDown from None
            addon.log(f"no refresh: {error}")
            return credentials
        finally:
            simkl.close()

    def _set_outdated(self, credentials: Credentials) -> None:
        with suppress(NotSaved):
            if self._accounts.set_outdated(credentials):
                show_notification(addon.text(Text.SIGN_IN_OUTDATED))

    def close(self) -> None:
        """Close the connections."""
        self._watched.close()


def _rewind(request: requests.PreparedRequest) -> bool:
    """Set a file that is sent back to where it was. Returns False if the body cannot be sent once more."""
    if request.body is None or isinstance(request.body, (str, bytes)):
        return True
    try:
        rewind_body(request)
    except UnrewindableBodyError:
        return False
    return True


def _is_rate_limited(answer: requests.Response) -> bool:
    return answer.status_code in (400, 429) and (answer.status_code, error_name(answer.content)) in _RATE_LIMITS


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
