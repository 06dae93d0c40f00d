# SPDX-License-Identifier: GPL-2.0-or-later
"""What Simkl's two ways of signing in have in common on the wire: types, and the checks of what arrives.

Source: https://api.simkl.org. What a server sends is input: sizes, types and ranges are checked here, so that the
rest can trust what it is handed.
"""

import json
import re
from typing import TYPE_CHECKING, Any, Dict, NamedTuple, Protocol, Union

from ..account.store import Grant
from ..errors import Trouble, Unreachable

if TYPE_CHECKING:
    from .transport import Answer  # imports requests: too slow for who only wants the types below

PIN_PAGE = "simkl.com/pin"
"""Where a code is entered, unless Simkl names another page of its own."""

DEFAULT_INTERVAL = 5.0
"""Seconds between polls when Simkl names none (RFC 8628, 3.2)."""

_LONGEST_INTERVAL = 300.0
_LONGEST_LIFE = 86400.0
_USER_CODE = re.compile(r"[A-Za-z0-9-]{1,16}")
_SIMKL_PAGE = re.compile(r"https://((?:[a-z0-9-]+\.)*simkl\.com(?:/[A-Za-z0-9/_-]*)?)")
_SIMKL_LINK = re.compile(_SIMKL_PAGE.pattern + r"(?:\?[A-Za-z0-9=&_-]*)?")
_LONGEST_LINK = 120


class Code(NamedTuple):
    """A code for a person to enter. Secret while it lives: whoever knows it can collect the token."""

    user_code: str
    page: str
    """Where to enter it, without https://. Always a page of simkl.com."""
    expires_in: float
    """Seconds from the request."""
    interval: float
    """Seconds to leave between polls."""
    link: str = ""
    """The page with the code filled in, with https://."""
    device_code: str = ""
    """The device flow's own, which nobody sees: a secret like a token."""

    def __repr__(self) -> str:
        return "Code(...)"  # it would end up in a log


class Pending(NamedTuple):
    """The code has not been entered yet."""

    slow_down: bool = False
    """Simkl wants the polls 5 s further apart from now on."""


class Approved(NamedTuple):
    """The code was entered and approved. Simkl says this once and then deletes the code."""

    grant: Grant


class Denied(NamedTuple):
    """The person declined at Simkl."""


class Gone(NamedTuple):
    """The code is expired, used or unknown."""

    has_expired: bool = False
    """Whether it is known to be the first of these."""


Poll = Union[Pending, Approved, Denied, Gone]


class Flow(Protocol):
    """One way of signing in. Every method blocks, and raises only SimklError."""

    def request_code(self) -> Code:
        """Ask for a new code; raises OtherFlow where the client id may be one for another flow."""
        ...

    def poll(self, code: Code) -> Poll:
        """Ask once whether the code has been approved."""
        ...


def code_of(body: Dict[str, Any], link: str, device_code: str = "") -> Code:
    """The code in an answer to request_code(). link: where it is filled in, with {} for the code."""
    user_code = match(_USER_CODE, body.get("user_code"), "user_code")
    return Code(
        user_code=user_code,
        page=_page(body.get("verification_uri") or body.get("verification_url")),
        expires_in=_seconds(body.get("expires_in"), _LONGEST_LIFE, "expires_in"),
        interval=_seconds(body.get("interval", DEFAULT_INTERVAL), _LONGEST_INTERVAL, "interval"),
        link=_link(body.get("verification_uri_complete")) or link.format(user_code),
        device_code=device_code,
    )


def refuses_token(status: int, body: bytes) -> bool:
    """Whether an answer says that the access token is not accepted. A bare 401 is not Simkl's."""
    return status == 401 and error_of(body) in ("user_token_failed", "invalid_token")


def json_object(answer: "Answer") -> Dict[str, Any]:
    """The body of a good answer; raises Unreachable for every other."""
    if answer.status == 429:
        trouble = Trouble.QUOTA if error_of(answer.body) == USER_LIMIT else Trouble.BUSY
        raise Unreachable(trouble, "HTTP 429", answer.retry_after)
    if answer.status != 200:
        raise Unreachable(Trouble.BAD_ANSWER, f"HTTP {answer.status}", answer.retry_after)
    body = _parse(answer.body)
    if not isinstance(body, dict):
        raise Unreachable(Trouble.BAD_ANSWER, "not a JSON object")
    return body


USER_LIMIT = "user_limit_exceeded"
"""The error of who has used up the requests of a day (free 500, pro 1,000, vip 10,000)."""


def error_of(body: bytes) -> Any:
    """The name of an error, as Simkl's answers have it."""
    value = _parse(body)
    return value.get("error") if isinstance(value, dict) else None


def match(pattern: "re.Pattern[str]", value: Any, field: str) -> str:
    """The value, where it is a string of this form."""
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise Unreachable(Trouble.BAD_ANSWER, f"unusable {field}")


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _seconds(value: Any, most: float, field: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= most:
        return float(value)
    raise Unreachable(Trouble.BAD_ANSWER, f"unusable {field}")


def _page(uri: Any) -> str:
    """The page to show. A page anywhere else than at simkl.com is never shown: the code is only good there."""
    match = _SIMKL_PAGE.fullmatch(uri) if isinstance(uri, str) and len(uri) <= 60 else None
    return match.group(1).rstrip("/") if match else PIN_PAGE


def _link(uri: Any) -> str:
    good = isinstance(uri, str) and len(uri) <= _LONGEST_LINK and _SIMKL_LINK.fullmatch(uri)
    return str(uri) if good else ""
