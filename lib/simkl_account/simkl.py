# SPDX-License-Identifier: GPL-2.0-or-later
"""Simkl's wire format: requests out, types back. The only place that knows a JSON key.

Source: https://api.simkl.org, "PIN flow" and "Users". What a server sends is input: sizes, types and ranges
are checked here, so that the rest can trust what it is handed.
"""

import json
import re
from typing import TYPE_CHECKING, Any, Dict, Mapping, NamedTuple, Optional, Union

from .account import ACCESS_TOKEN_SHAPE, Grant
from .errors import ClientIdRefused, TokenRefused, Trouble, Unreachable

if TYPE_CHECKING:
    from .transport import Answer, Transport  # imports requests: too slow for who only wants the types below

PIN_PAGE = "simkl.com/pin"
"""Where a code is entered, unless Simkl names another page of its own."""

DEFAULT_INTERVAL = 5.0
"""Seconds between polls when Simkl names none (RFC 8628, 3.2)."""

_LONGEST_INTERVAL = 300.0
_LONGEST_LIFE = 86400.0
_LONGEST_NAME = 50
_ACCOUNT_TYPES = ("free", "pro", "vip")
_USER_CODE = re.compile(r"[A-Za-z0-9-]{1,16}")
_SIMKL_PAGE = re.compile(r"https://((?:[a-z0-9-]+\.)*simkl\.com(?:/[A-Za-z0-9/_-]*)?)")


class Code(NamedTuple):
    """A code for a person to enter. Secret while it lives: whoever knows it can collect the token."""

    user_code: str
    page: str
    """Where to enter it, without https://. Always a page of simkl.com."""
    expires_in: float
    """Seconds from the request."""
    interval: float
    """Seconds to leave between polls."""


class Pending(NamedTuple):
    """The code has not been entered yet."""

    slow_down: bool = False
    """Simkl wants the polls 5 s further apart from now on."""


class Approved(NamedTuple):
    """The code was entered and approved. Simkl says this once and then deletes the code."""

    grant: Grant


class Gone(NamedTuple):
    """The code is expired, used or unknown."""


Poll = Union[Pending, Approved, Gone]


class User(NamedTuple):
    """Who an access token belongs to."""

    name: str
    """For display: one line of at most 50 characters, without Kodi label markup."""
    id: Optional[int] = None
    """Simkl's number of the account; None where it did not say."""
    type: str = ""
    """"free", "pro" or "vip"; "" where Simkl said something else."""


class Simkl:
    """Simkl's sign-in, for one client id. Every method blocks, and raises only SimklError."""

    def __init__(self, client_id: str, transport: "Transport") -> None:
        self.client_id = client_id
        self._transport = transport

    def request_code(self) -> Code:
        """Ask for a new code."""
        body = self._ask_about_code("/oauth/pin")
        return Code(
            user_code=_match(_USER_CODE, body.get("user_code"), "user_code"),
            page=_page(body.get("verification_uri") or body.get("verification_url")),
            expires_in=_seconds(body.get("expires_in"), _LONGEST_LIFE, "expires_in"),
            interval=_seconds(body.get("interval", DEFAULT_INTERVAL), _LONGEST_INTERVAL, "interval"),
        )

    def poll(self, code: Code) -> Poll:
        """Ask once whether the code has been approved."""
        body = self._ask_about_code("/oauth/pin/" + code.user_code)
        if "access_token" in body:
            return Approved(Grant(_match(ACCESS_TOKEN_SHAPE, body["access_token"], "access_token"), self.client_id))
        if "device_code" in body and body.get("user_code") != code.user_code:
            # For a code that it no longer knows, Simkl answers as if a new one had been asked for.
            return Gone()
        message = body.get("message")
        if body.get("result") == "KO" and message == "Authorization pending":
            return Pending()
        if body.get("result") == "KO" and message == "Slow down":
            return Pending(slow_down=True)
        raise Unreachable(Trouble.BAD_ANSWER, "unknown state")

    def user(self, access_token: str) -> User:
        """Ask who the access token belongs to.

        Raises TokenRefused where Simkl does not accept it: once alone, that can be a passing fault.
        """
        answer = self._transport.request("POST", "/users/settings", self._query(), access_token)
        if refuses_token(answer.status, answer.body):
            raise TokenRefused(f"HTTP {answer.status}")
        if answer.status == 412:
            raise ClientIdRefused(f"HTTP {answer.status}")
        body = _json_object(answer)
        user, account = body.get("user"), body.get("account")
        number, kind = (account.get("id"), account.get("type")) if isinstance(account, dict) else (None, None)
        return User(
            name=_display_name(user.get("name") if isinstance(user, dict) else None),
            id=number if type(number) is int else None,
            type=kind if kind in _ACCOUNT_TYPES else "",
        )

    def hang_up(self) -> None:
        """End a request that is under way in another thread: it raises Unreachable at once."""
        self._transport.hang_up()

    def close(self) -> None:
        """End a request that is under way, close the connection, and send nothing more."""
        self._transport.close()

    def _ask_about_code(self, path: str) -> Dict[str, Any]:
        answer = self._transport.request("GET", path, self._query())
        if _refuses_client_id(answer):
            raise ClientIdRefused(f"HTTP {answer.status}")
        return _json_object(answer)

    def _query(self) -> Mapping[str, str]:
        return {"client_id": self.client_id}


def refuses_token(status: int, body: bytes) -> bool:
    """Whether an answer says that the access token is not accepted. A bare 401 is not Simkl's."""
    return status == 401 and _error(body) == "user_token_failed"


def _refuses_client_id(answer: "Answer") -> bool:
    """Whether an answer to a request without a token says that the client id is not accepted.

    A bare 400, 401 or 403 can also come from something between here and Simkl; Simkl's own has an "error".
    """
    if answer.status in (400, 401, 403):
        return _error(answer.body) is not None
    return answer.status == 412


def _json_object(answer: "Answer") -> Dict[str, Any]:
    if answer.status == 429:
        raise Unreachable(Trouble.BUSY, "HTTP 429", answer.retry_after)
    if answer.status != 200:
        raise Unreachable(Trouble.BAD_ANSWER, f"HTTP {answer.status}", answer.retry_after)
    body = _parse(answer.body)
    if not isinstance(body, dict):
        raise Unreachable(Trouble.BAD_ANSWER, "not a JSON object")
    return body


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _error(body: bytes) -> Any:
    """The name of an error, as Simkl's answers have it."""
    value = _parse(body)
    return value.get("error") if isinstance(value, dict) else None


def _match(pattern: "re.Pattern[str]", value: Any, field: str) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise Unreachable(Trouble.BAD_ANSWER, f"unusable {field}")


def _seconds(value: Any, most: float, field: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= most:
        return float(value)
    raise Unreachable(Trouble.BAD_ANSWER, f"unusable {field}")


def _page(uri: Any) -> str:
    """The page to show. A page anywhere else than at simkl.com is never shown: the code is only good there."""
    match = _SIMKL_PAGE.fullmatch(uri) if isinstance(uri, str) and len(uri) <= 60 else None
    return match.group(1).rstrip("/") if match else PIN_PAGE


def _display_name(name: Any) -> str:
    """One line without markup: Kodi's labels would act on [COLOR red] and $INFO[...]."""
    if not isinstance(name, str):
        raise Unreachable(Trouble.BAD_ANSWER, "unusable name")
    printable = "".join(c if c.isprintable() else " " for c in name[: 4 * _LONGEST_NAME])
    plain = " ".join(printable.replace("[", "(").replace("]", ")").split())[:_LONGEST_NAME].rstrip()
    if not plain:
        raise Unreachable(Trouble.BAD_ANSWER, "empty name")
    return plain
