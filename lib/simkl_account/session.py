# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests to Simkl as the user, for other add-ons: an auth object for requests, and a Session that uses it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from . import wiring
from .account.client_id import current_client_id, known_flow
from .account.pin_retirement import is_for_device_flow, may_be_outdated
from .account.refresh import is_due
from .auth.check import RECHECK_DELAY
from .errors import NotSaved, SignInNeeded, SimklError, Unreachable, UserLimitExceeded
from .kodi import addon
from .kodi.cooldown import Cooldown
from .kodi.dialogs import show_notification
from .kodi.proxy import proxy_url
from .kodi.reminder import is_video_playing, remind
from .kodi.runtime import KodiRuntime
from .kodi.settings import KodiSettings
from .kodi.strings import Text
from .models import Credentials
from .simkl.background import BackgroundClient, Stopped
from .simkl.parsing import USER_LIMIT, error_name, refuses_token
from .simkl.transport import retry_after

REFRESH_COOLDOWN, LONGEST_REFRESH_COOLDOWN = 10.0, 3600.0
"""The shortest and the longest wait after a failed refresh, in seconds. Between them, Retry-After decides."""

OUTDATED_CHECK_INTERVAL = 3600.0
"""Seconds between two checks of whether the sign-in is outdated."""

TIMEOUT = (8.0, 20.0)
"""Seconds for a connection, and between two pieces of an answer."""


class SimklAuth(AuthBase):
    """Sign requests to https://api.simkl.com as the user of this Kodi, and leave other requests as they are.

    requests.get("https://api.simkl.com/sync/activities", auth=SimklAuth())

    Each request to Simkl gets the access token, client_id, and the calling add-on's id and version as app-name,
    app-version and User-Agent. A redirect to another host gets none of these. A request that begins at another host is
    never signed, even if that host redirects it to Simkl: no other host can make this Kodi send a request as the user.

    The account is read for each request, so an object can be kept for any time. Several threads may use it.

    A request raises SignInNeeded if nobody is signed in, or if Simkl refuses the sign-in twice, 3 seconds apart. In the
    device flow, a token that expires soon is refreshed first, and so is one that Simkl refuses. A request raises
    UserLimitExceeded if the user's requests for the day are used up.
    """

    def __init__(self) -> None:
        self._runtime = KodiRuntime()
        self._accounts = wiring.accounts()
        self._app_name, self._app_version = addon.caller()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if _is_simkl(request.url):
            user_agent = request.headers.get("User-Agent")
            self._sign(request, self._fresh_credentials())
            request.register_hook("response", partial(self._on_answer, user_agent))  # type: ignore[no-untyped-call]
        return request

    def _credentials(self) -> Credentials:
        try:
            return self._accounts.valid_credentials()
        except SignInNeeded:
            if self._accounts.load():
                remind()
            raise

    def _fresh_credentials(self) -> Credentials:
        """Return the credentials, refreshed if the token expires soon.

        If the refresh fails, return the old ones: the device's clock can be wrong, and they can still be good.
        """
        credentials = self._credentials()
        self._mark_if_outdated(credentials)
        return (self._refresh(credentials) if is_due(credentials) else None) or credentials

    def _mark_if_outdated(self, credentials: Credentials) -> None:
        """Find out whether the sign-in is outdated (see pin_retirement.py), and tell the user once.

        This happens once in OUTDATED_CHECK_INTERVAL, and not while a video plays.
        """
        cooldown = Cooldown("outdated")
        if credentials.refresh_token or not cooldown.is_over() or is_video_playing():
            return
        cooldown.start(OUTDATED_CHECK_INTERVAL)
        account, client_id = self._accounts.load(), current_client_id(KodiSettings())
        if not may_be_outdated(credentials, client_id) or not account or account.is_outdated:
            return
        if is_for_device_flow(client_id, known_flow(KodiSettings(), client_id), self._background_client):
            with suppress(NotSaved):
                if self._accounts.set_outdated(credentials):
                    show_notification(addon.text(Text.SIGN_IN_OUTDATED))

    def _background_client(self, client_id: str) -> BackgroundClient:
        return BackgroundClient(lambda: wiring.connect(client_id), on_tick=lambda: None, runtime=self._runtime)

    def _refresh(self, credentials: Credentials) -> Credentials | None:
        """Return the refreshed credentials; None if they cannot be refreshed now."""
        cooldown = Cooldown("refresh")
        if not cooldown.is_over():
            return None
        simkl = self._background_client(credentials.client_id)
        try:
            return wiring.refresh_in_this_kodi(simkl, credentials, self._runtime)
        except SignInNeeded:
            if self._accounts.load():
                remind()
            raise
        except (SimklError, NotSaved, Stopped) as error:
            addon.log(f"no refresh: {error}")
            wanted = error.retry_after if isinstance(error, Unreachable) else None
            cooldown.start(min(max(REFRESH_COOLDOWN, wanted or 0), LONGEST_REFRESH_COOLDOWN))
            return None
        finally:
            simkl.close()

    def _sign(self, request: requests.PreparedRequest, credentials: Credentials) -> None:
        request.headers["Authorization"] = f"Bearer {credentials.access_token}"
        request.headers["User-Agent"] = f"{self._app_name}/{self._app_version}"
        app = {"app-name": self._app_name, "app-version": self._app_version}
        request.url = _with_query(request.url or "", {"client_id": credentials.client_id, **app})

    def _on_answer(self, user_agent: str | None, response: requests.Response, **options: Any) -> requests.Response:
        """Handle an answer. requests copies this hook to requests that follow a redirect; not all of those are signed.

        user_agent: the caller's own.
        """
        vars(response.request).pop("copy", None)  # this request is sent again: undo _prepare_redirect()
        if not _is_simkl(response.request.url) or "Authorization" not in response.request.headers:
            return response
        if _is_refusal(response):
            response = self._try_again(response, options)
        if response.status_code == 429 and error_name(response.content) == USER_LIMIT:
            raise UserLimitExceeded(_ends_at(response))
        if response.is_redirect:
            self._prepare_redirect(response, user_agent)
        return response

    def _prepare_redirect(self, response: requests.Response, user_agent: str | None) -> None:
        """Sign a redirect to Simkl, and remove what is ours from a redirect to another host.

        requests builds the next request from the Location and a copy of the request that was sent.
        """
        sent, target = response.request, urljoin(response.url, response.headers["Location"])
        ours = {name: value for name, value in _query_of(sent.url) if name in _OUR_PARAMETERS}
        if _is_simkl(target):
            response.headers["Location"] = _with_query(target, ours)
            return
        theirs = [parameter for parameter in _query_of(target) if parameter not in ours.items()]
        if theirs != _query_of(target):  # Simkl has repeated our parameters in its Location
            response.headers["Location"] = urlunsplit(urlsplit(target)._replace(query=urlencode(theirs)))

        def unsigned_copy() -> requests.PreparedRequest:
            unsigned = requests.PreparedRequest.copy(sent)
            del unsigned.headers["Authorization"], unsigned.headers["User-Agent"]
            if user_agent:
                unsigned.headers["User-Agent"] = user_agent
            return unsigned

        sent.copy = unsigned_copy  # type: ignore[method-assign]  # removed at the next answer to this request

    def _try_again(self, refused: requests.Response, options: dict[str, Any]) -> requests.Response:
        """Send a refused request again: at once if there is a newer token, and once more after RECHECK_DELAY.

        If the token cannot be refreshed right now, return the refusal and leave the account as it is.
        """
        credentials = self._credentials_for_retry(refused)
        if not credentials or not _rewind(refused.request):
            return refused
        if not _has_token_of(refused, credentials):
            refused = self._send_again(refused, credentials, options)
            if not _is_refusal(refused):
                return refused
        self._runtime.wait(RECHECK_DELAY)
        if self._runtime.is_shutting_down():
            return refused
        is_still_stored = _has_token_of(refused, self._credentials())
        credentials = self._credentials_for_retry(refused)
        if not credentials:
            return refused
        response = self._send_again(refused, credentials, options)
        if is_still_stored and _is_refusal(response):
            self._give_up(credentials)
        return response

    def _credentials_for_retry(self, refused: requests.Response) -> Credentials | None:
        """Return what to send after a refusal: the stored credentials, refreshed if they are the refused ones."""
        credentials = self._credentials()
        if credentials.refresh_token and _has_token_of(refused, credentials):
            return self._refresh(credentials)
        return credentials

    def _send_again(
        self, refused: requests.Response, credentials: Credentials, options: dict[str, Any]
    ) -> requests.Response:
        """Send the request of an answer again with other credentials."""
        request = refused.request
        refused.request = request.copy()
        _rewind(request)
        self._sign(request, credentials)
        refused.close()
        response: requests.Response = refused.connection.send(request, **options)  # type: ignore[attr-defined]
        response.history += [*refused.history, refused]
        return response

    def _give_up(self, credentials: Credentials) -> None:
        """Store that Simkl refuses the sign-in, and raise SignInNeeded. Do neither if there is a new sign-in."""
        with suppress(NotSaved):
            self._accounts.set_needs_sign_in(credentials)
        if self._accounts.credentials() == credentials:
            remind()
            raise SignInNeeded("the sign-in is no longer valid")


class Session(requests.Session):
    """A requests.Session that sends as the user: with SimklAuth, Kodi's proxy, and a timeout on every request."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = SimklAuth()
        self.trust_env = False  # use no .netrc file: requests would take its password for a redirect
        proxy = proxy_url()
        if proxy:
            self.proxies = {"http": proxy, "https": proxy}

    def request(self, *args: Any, **options: Any) -> requests.Response:
        """Send a request, with TIMEOUT unless the caller gives a timeout."""
        options.setdefault("timeout", TIMEOUT)
        return super().request(*args, **options)

    def rebuild_proxies(self, prepared_request: requests.PreparedRequest, proxies: Any) -> Any:
        """Remove the proxy's password from a redirect: requests before 2.31 sent it to the target (CVE-2023-32681)."""
        found = super().rebuild_proxies(prepared_request, proxies)  # type: ignore[no-untyped-call]
        prepared_request.headers.pop("Proxy-Authorization", None)
        return found


def _rewind(request: requests.PreparedRequest) -> bool:
    """Set a file that is sent back to where it was. Returns False if the body cannot be sent once more."""
    if request.body is None or isinstance(request.body, (str, bytes)):
        return True
    try:
        rewind_body(request)
    except UnrewindableBodyError:
        return False
    return True


def _is_refusal(response: requests.Response) -> bool:
    return response.status_code == 401 and refuses_token(401, response.content)


def _has_token_of(response: requests.Response, credentials: Credentials) -> bool:
    """Return True if the answered request had the token of these credentials."""
    return bool(response.request.headers.get("Authorization") == f"Bearer {credentials.access_token}")


def _ends_at(response: requests.Response) -> datetime | None:
    seconds = retry_after(response)
    try:
        return None if seconds is None else datetime.now(timezone.utc) + timedelta(seconds=seconds)
    except OverflowError:
        return None


_OUR_PARAMETERS = ("client_id", "app-name", "app-version")


def _is_simkl(url: str | None) -> bool:
    """Return True for https://api.simkl.com, the only place that gets the token."""
    try:
        parts = urlsplit(url or "")
        return (parts.scheme, parts.hostname, parts.port or 443) == ("https", "api.simkl.com", 443)
    except ValueError:
        return False


def _with_query(url: str, query: dict[str, str]) -> str:
    """Return the URL with these parameters, instead of those that have the same names."""
    parts = urlsplit(url)
    others = [(name, value) for name, value in _query_of(url) if name not in query]
    return urlunsplit(parts._replace(query=urlencode([*others, *query.items()])))


def _query_of(url: str | None) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url or "").query, keep_blank_values=True)
