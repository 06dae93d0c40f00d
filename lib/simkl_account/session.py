# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests to Simkl as the user, by any add-on: an auth object for requests, and a Session that has it."""

from contextlib import suppress
from functools import partial
from typing import Any, Dict, Optional
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from .account import AccountStore, Grant
from .errors import NotSaved, SignInNeeded
from .kodi import addon
from .kodi.proxy import proxy_url
from .kodi.reminder import remind
from .kodi.runtime import KodiRuntime
from .kodi.settings import KodiSettings
from .simkl import refuses_token

RECHECK_PAUSE = 3.0
"""Seconds before a refused token is tried once more: one refusal alone can be a passing fault of Simkl's."""

TIMEOUT = (8.0, 20.0)
"""Seconds for a connection, and between two pieces of an answer."""


class SimklAuth(AuthBase):
    """Signs requests to https://api.simkl.com as the account of this Kodi, and leaves all others alone.

    requests.get("https://api.simkl.com/sync/activities", auth=SimklAuth())

    On every request to Simkl: the token, client_id, and the id and version of the calling add-on as app-name,
    app-version and User-Agent. On a redirect to another host: none of these. The account is read for each request,
    so one object stays good through any number of sign-ins; it may be used by several threads.

    A request raises SignInNeeded when nobody is signed in, or when Simkl has refused the token twice. In between,
    for RECHECK_PAUSE, it waits.
    """

    def __init__(self) -> None:
        self._runtime = KodiRuntime()
        self._accounts = AccountStore(KodiSettings(), addon.warn_once)
        self._app_name, self._app_version = addon.caller()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if _is_simkl(request.url):
            user_agent = request.headers.get("User-Agent")
            self._sign(request, self._grant())
            request.register_hook("response", partial(self._answered, user_agent))  # type: ignore[no-untyped-call]
        return request

    def _grant(self) -> Grant:
        try:
            return self._accounts.grant()
        except SignInNeeded:
            if self._accounts.load():
                remind()
            raise

    def _sign(self, request: requests.PreparedRequest, grant: Grant) -> None:
        request.headers["Authorization"] = f"Bearer {grant.access_token}"
        request.headers["User-Agent"] = f"{self._app_name}/{self._app_version}"
        request.url = _with_query(request.url or "", self._query(grant))

    def _query(self, grant: Grant) -> Dict[str, str]:
        return {"client_id": grant.client_id, "app-name": self._app_name, "app-version": self._app_version}

    def _answered(self, user_agent: Optional[str], response: requests.Response, **options: Any) -> requests.Response:
        """requests' hook for an answer; requests keeps it on the requests that it makes of redirects."""
        if not _is_simkl(response.request.url):
            return response
        if response.is_redirect:
            self._prepare_redirect(response, user_agent)
        elif response.status_code == 401 and refuses_token(401, response.content):
            return self._try_once_more(response, options)
        return response

    def _prepare_redirect(self, response: requests.Response, user_agent: Optional[str]) -> None:
        """requests makes the next request of the one that was sent and of the answer's Location: change these."""
        target = urljoin(response.url, response.headers["Location"])
        if _is_simkl(target):
            sent = dict(parse_qsl(urlsplit(response.request.url or "").query))
            response.headers["Location"] = _with_query(target, {name: sent[name] for name in _OURS})
            return
        origin = response.request
        response.request = origin.copy()  # what was sent stays as it was
        del origin.headers["Authorization"], origin.headers["User-Agent"]
        if user_agent:
            origin.headers["User-Agent"] = user_agent

    def _try_once_more(self, refused: requests.Response, options: Dict[str, Any]) -> requests.Response:
        """After a refused token: the same request again, with what is stored by then."""
        self._runtime.wait(RECHECK_PAUSE)
        if self._runtime.is_shutting_down():
            return refused
        grant, request = self._grant(), refused.request.copy()
        if request.body is not None and not isinstance(request.body, (str, bytes)):
            try:
                rewind_body(request)
            except UnrewindableBodyError:
                return refused
        self._sign(request, grant)
        refused.close()
        response: requests.Response = refused.connection.send(request, **options)  # type: ignore[attr-defined]
        response.history.append(refused)
        response.request = request
        same_token = request.headers["Authorization"] == refused.request.headers["Authorization"]
        if same_token and response.status_code == 401 and refuses_token(401, response.content):
            with suppress(NotSaved):
                self._accounts.set_needs_sign_in(grant)
            remind()
            raise SignInNeeded("the sign-in is no longer valid")
        return response


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
    others = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in query]
    return urlunsplit(parts._replace(query=urlencode([*others, *query.items()])))
