# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests to Simkl as the user, by any add-on: an auth object for requests, and a Session that has it."""

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from . import wiring
from .account.pin_retirement import is_for_device_flow, may_be_outdated
from .account.refresh import is_due
from .account.store import Grant
from .errors import NotSaved, SignInNeeded, SimklError, Unreachable, UserLimitExceeded
from .kodi import addon
from .kodi import strings as words
from .kodi.cooldown import Pause
from .kodi.proxy import proxy_url
from .kodi.reminder import is_video_playing, remind, say
from .kodi.runtime import KodiRuntime
from .simkl.background import Asking, Ended
from .simkl.client import Simkl
from .simkl.protocol import USER_LIMIT, error_of, refuses_token
from .simkl.transport import retry_after

RECHECK_PAUSE = 3.0
"""Seconds before a refused token is tried once more: one refusal alone can be a passing fault of Simkl's."""

REFRESH_PAUSE = 10.0
"""Seconds before another try to get a new token, where Simkl names none."""

LOOK_PAUSE = 3600.0
"""Seconds before another look whether the sign-in is outdated; and the longest of the other pause."""

TIMEOUT = (8.0, 20.0)
"""Seconds for a connection, and between two pieces of an answer."""


class SimklAuth(AuthBase):
    """Signs requests to https://api.simkl.com as the account of this Kodi, and leaves all others alone.

    requests.get("https://api.simkl.com/sync/activities", auth=SimklAuth())

    On every request to Simkl: the token, client_id, and the id and version of the calling add-on as app-name,
    app-version and User-Agent. On a redirect to another host: none of these. What begins at another host stays
    unsigned where that redirects to Simkl: nobody else can have a request sent as the user.

    The account is read for each request, so one object stays good through any number of sign-ins. Several threads may
    use it.

    A request raises SignInNeeded when nobody is signed in, or when Simkl has refused the token twice. In between,
    for RECHECK_PAUSE, it waits. A token that is near its end is exchanged for a new one first, and so is one that Simkl
    refuses. A request raises UserLimitExceeded when the requests of the day are used up.
    """

    def __init__(self) -> None:
        self._runtime = KodiRuntime()
        self._accounts = wiring.accounts()
        self._app_name, self._app_version = addon.caller()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if _is_simkl(request.url):
            user_agent = request.headers.get("User-Agent")
            self._sign(request, self._grant_ahead_of_its_end())
            request.register_hook("response", partial(self._answered, user_agent))  # type: ignore[no-untyped-call]
        return request

    def _grant(self) -> Grant:
        try:
            return self._accounts.grant()
        except SignInNeeded:
            if self._accounts.load():
                remind()
            raise

    def _grant_ahead_of_its_end(self) -> Grant:
        """Where Simkl cannot be reached for a new one, the old one may be good yet: the clock may be wrong."""
        grant = self._grant()
        self._look_whether_outdated(grant)
        return (self._refresh(grant) if is_due(grant) else None) or grant

    def _look_whether_outdated(self, grant: Grant) -> None:
        """Say once that Simkl retires the way that this sign-in was made, when a new build has a client id for another.

        Not over a playing video: there will be another request.
        """
        pause = Pause("outdated")
        if grant.refresh_token or not pause.is_over() or is_video_playing():
            return
        pause.begin(LOOK_PAUSE)
        account, client_id = self._accounts.load(), wiring.client_id()
        if not may_be_outdated(grant, client_id) or not account or account.is_outdated:
            return
        if is_for_device_flow(client_id, wiring.known_flow(client_id), self._asking):
            with suppress(NotSaved):
                if self._accounts.set_outdated(grant):
                    say(words.NEW_WAY)

    def _asking(self, client_id: str) -> "Asking[Simkl]":
        return Asking(lambda: wiring.connect(client_id), lambda: None, self._runtime)

    def _refresh(self, grant: Grant) -> Optional[Grant]:
        """The grant to use in place of this one; None where there is none to be had now."""
        pause = Pause("refresh")
        if not pause.is_over():
            return None
        simkl = self._asking(grant.client_id)
        try:
            return wiring.refresh_in_this_kodi(simkl, grant, self._runtime)
        except SignInNeeded:
            if self._accounts.load():
                remind()
            raise
        except (SimklError, NotSaved, Ended) as error:
            addon.log(f"no refresh: {error}")
            wanted = error.retry_after if isinstance(error, Unreachable) else None
            pause.begin(min(max(REFRESH_PAUSE, wanted or 0), LOOK_PAUSE))
            return None
        finally:
            simkl.close()

    def _sign(self, request: requests.PreparedRequest, grant: Grant) -> None:
        request.headers["Authorization"] = f"Bearer {grant.access_token}"
        request.headers["User-Agent"] = f"{self._app_name}/{self._app_version}"
        request.url = _with_query(request.url or "", self._query(grant))

    def _query(self, grant: Grant) -> Dict[str, str]:
        return {"client_id": grant.client_id, "app-name": self._app_name, "app-version": self._app_version}

    def _answered(self, user_agent: Optional[str], response: requests.Response, **options: Any) -> requests.Response:
        """requests' hook for an answer. It stays on the requests that are made of redirects: not all are signed."""
        vars(response.request).pop("copy", None)
        if not _is_simkl(response.request.url) or "Authorization" not in response.request.headers:
            return response
        if _is_refusal(response):
            response = self._try_again(response, options)
        if response.status_code == 429 and error_of(response.content) == USER_LIMIT:
            raise UserLimitExceeded(_ends_at(response))
        if response.is_redirect:
            self._prepare_redirect(response, user_agent)
        return response

    def _prepare_redirect(self, response: requests.Response, user_agent: Optional[str]) -> None:
        """requests makes the next request of the answer's Location and of a copy of the request that was sent."""
        sent, target = response.request, urljoin(response.url, response.headers["Location"])
        ours = {name: value for name, value in _query_of(sent.url) if name in _OURS}
        if _is_simkl(target):
            response.headers["Location"] = _with_query(target, ours)
            return
        theirs = [parameter for parameter in _query_of(target) if parameter not in ours.items()]
        if theirs != _query_of(target):  # Simkl's Location has what it was asked
            response.headers["Location"] = urlunsplit(urlsplit(target)._replace(query=urlencode(theirs)))

        def unsigned_copy() -> requests.PreparedRequest:
            unsigned = requests.PreparedRequest.copy(sent)
            del unsigned.headers["Authorization"], unsigned.headers["User-Agent"]
            if user_agent:
                unsigned.headers["User-Agent"] = user_agent
            return unsigned

        sent.copy = unsigned_copy  # type: ignore[method-assign]  # until the next answer to it

    def _try_again(self, refused: requests.Response, options: Dict[str, Any]) -> requests.Response:
        """After a refused token: the request with a newer token, where there is one, and once more after a pause.

        Where there is to be a newer one and it cannot be had now, nothing is known but that this one has ended.
        """
        grant = self._newer_grant(refused)
        if not grant or not _can_be_sent_again(refused.request):
            return refused
        if not _has(refused, grant):
            refused = self._send_again(refused, grant, options)
            if not _is_refusal(refused):
                return refused
        self._runtime.wait(RECHECK_PAUSE)
        if self._runtime.is_shutting_down():
            return refused
        is_still_stored = _has(refused, self._grant())
        grant = self._newer_grant(refused)
        if not grant:
            return refused
        response = self._send_again(refused, grant, options)
        if is_still_stored and _is_refusal(response):
            self._give_up(grant)
        return response

    def _newer_grant(self, refused: requests.Response) -> Optional[Grant]:
        """What to use after a refusal: what is stored by now, or what that can be exchanged for."""
        grant = self._grant()
        return self._refresh(grant) if grant.refresh_token and _has(refused, grant) else grant

    def _send_again(self, refused: requests.Response, grant: Grant, options: Dict[str, Any]) -> requests.Response:
        """Send the request of an answer again, for another grant."""
        request = refused.request
        refused.request = request.copy()
        _can_be_sent_again(request)  # from its beginning
        self._sign(request, grant)
        refused.close()
        response: requests.Response = refused.connection.send(request, **options)  # type: ignore[attr-defined]
        response.history += [*refused.history, refused]
        return response

    def _give_up(self, grant: Grant) -> None:
        """Simkl has refused it twice. Raises SignInNeeded, unless somebody has signed in anew meanwhile."""
        with suppress(NotSaved):
            self._accounts.set_needs_sign_in(grant)
        if self._accounts.last_grant() == grant:
            remind()
            raise SignInNeeded("the sign-in is no longer valid")


class Session(requests.Session):
    """A requests Session that sends as the user: with SimklAuth, Kodi's proxy, and a timeout on every request."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = SimklAuth()
        self.trust_env = False  # no credentials from a .netrc file on a redirect
        proxy = proxy_url()
        if proxy:
            self.proxies = {"http": proxy, "https": proxy}

    def request(self, *args: Any, **options: Any) -> requests.Response:
        """As requests has it; timeout: TIMEOUT where none is given."""
        options.setdefault("timeout", TIMEOUT)
        return super().request(*args, **options)

    def rebuild_proxies(self, prepared_request: requests.PreparedRequest, proxies: Any) -> Any:
        """On a redirect: requests before 2.31 gave the proxy's password to the target (CVE-2023-32681)."""
        found = super().rebuild_proxies(prepared_request, proxies)  # type: ignore[no-untyped-call]
        prepared_request.headers.pop("Proxy-Authorization", None)
        return found


def _can_be_sent_again(request: requests.PreparedRequest) -> bool:
    """Whether its body can be had once more; a file is put back to where it was."""
    if request.body is None or isinstance(request.body, (str, bytes)):
        return True
    try:
        rewind_body(request)
    except UnrewindableBodyError:
        return False
    return True


def _is_refusal(response: requests.Response) -> bool:
    return response.status_code == 401 and refuses_token(401, response.content)


def _has(response: requests.Response, grant: Grant) -> bool:
    """Whether this grant's token was sent."""
    return bool(response.request.headers.get("Authorization") == f"Bearer {grant.access_token}")


def _ends_at(response: requests.Response) -> Optional[datetime]:
    seconds = retry_after(response)
    try:
        return None if seconds is None else datetime.now(timezone.utc) + timedelta(seconds=seconds)
    except OverflowError:
        return None


_OURS = ("client_id", "app-name", "app-version")


def _is_simkl(url: Optional[str]) -> bool:
    """Whether this is the one place that may see the token."""
    try:
        parts = urlsplit(url or "")
        return (parts.scheme, parts.hostname, parts.port or 443) == ("https", "api.simkl.com", 443)
    except ValueError:
        return False


def _with_query(url: str, query: Dict[str, str]) -> str:
    """The URL with these parameters, in place of what it has by their names."""
    parts = urlsplit(url)
    others = [(name, value) for name, value in _query_of(url) if name not in query]
    return urlunsplit(parts._replace(query=urlencode([*others, *query.items()])))


def _query_of(url: Optional[str]) -> List[Tuple[str, str]]:
    return parse_qsl(urlsplit(url or "").query, keep_blank_values=True)
