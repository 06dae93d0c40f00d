# SPDX-License-Identifier: GPL-2.0-or-later
"""Check what Simkl sends. Sizes, types and ranges are checked here, so that the other modules can rely on them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..errors import Unreachable, WrongFlow
from ..models import Code
from ..outcome import Cause
from .daily_limit import LIMITS, seconds_until_end
from .protocol import PIN_PAGE

if TYPE_CHECKING:
    from .transport import Answer

REFUSED = (400, 401, 403)
"""The statuses of a request that Simkl refuses."""

RATE_LIMIT = "rate_limit"
"""The error of a 429 if there were more than 10 GETs or one POST in a second. Its Retry-After must be ignored: it says
when the day's limit ends (https://api.simkl.org, "Rate limits")."""

BLOCK_DELAY = 300.0
"""Seconds to leave Simkl alone after a 412 for a client id that has worked: after too many POSTs, Simkl blocks a client
id for a while, and more requests prolong that."""

PREVIOUS_WRITE_RUNS = "RATE_LIMIT"
"""The error of a 400 while the user's previous write is still running."""

OUTDATED_TOKEN = "oauth2_token_required"  # noqa: S105  # the name of an error
"""The error of a 403 if the token is the PIN flow's, and the request needs one of the device flow."""

DEFAULT_INTERVAL = 5.0
"""Seconds between polls if Simkl names none (RFC 8628, 3.2)."""

_LONGEST_POLL_INTERVAL = 300.0
_LONGEST_CODE_LIFE = 86400.0
_LONGEST_PAGE = 60
_LONGEST_LINK = 120
_LONGEST_NAME = 50
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_USER_CODE = re.compile(r"[A-Za-z0-9-]{1,16}")
_SIMKL_PAGE = re.compile(r"https://((?:[a-z0-9-]+\.)*simkl\.com(?:/[A-Za-z0-9/_-]*)?)")
_SIMKL_LINK = re.compile(_SIMKL_PAGE.pattern + r"(?:\?[A-Za-z0-9=&_-]*)?")


def parse_body(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of a successful answer. Raises Unreachable for any other answer."""
    status, error = f"HTTP {answer.status}", error_name(answer.body)
    if answer.status == 412:
        raise Unreachable(Cause.BUSY, status, BLOCK_DELAY, answer.status)
    if answer.status == 429 and error in LIMITS:
        raise Unreachable(LIMITS[error], status, seconds_until_end(answer.retry_after))
    if answer.status == 429 or (answer.status == 400 and error == PREVIOUS_WRITE_RUNS):
        raise Unreachable(Cause.BUSY, status, answer.retry_after if error != RATE_LIMIT else None)
    if answer.status != 200:
        raise Unreachable(Cause.BAD_ANSWER, status, answer.retry_after, answer.status)
    body = _parse(answer.body)
    if not isinstance(body, dict):
        raise Unreachable(Cause.BAD_ANSWER, "not a JSON object")
    return body


def error_name(body: bytes) -> str | None:
    """Return "error" of the JSON object in a body; None if there is none."""
    value = _parse(body)
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, str) else None


def raise_if_wrong_flow(answer: Answer) -> None:
    """Raise WrongFlow if a request for a code was refused because of the client id."""
    if answer.status in (*REFUSED, 404) and error_name(answer.body) not in (None, PREVIOUS_WRITE_RUNS):
        raise WrongFlow(f"HTTP {answer.status}")


def refusal(answer: Answer) -> str | None:
    """Return the error's name if Simkl refused the request, else None.

    A 400, 401 or 403 without an "error" is not Simkl's: it can come from a proxy or a hotel's login page.
    """
    error = error_name(answer.body) if answer.status in REFUSED else None
    return None if error == PREVIOUS_WRITE_RUNS else error


def refuses_token(status: int, body: bytes) -> bool:
    """Return True if an answer says that Simkl does not accept the access token."""
    return status == 401 and error_name(body) in ("user_token_failed", "invalid_token")


def parse_code(body: dict[str, Any], link: str, device_code: str = "") -> Code:
    """Return the code in an answer to request_code().

    link: a URL with {} in place of the code, for the QR code. It is used if Simkl sends no link.
    """
    user_code = require(_USER_CODE, body.get("user_code"), "user_code")
    return Code(
        user_code=user_code,
        page=_page(body.get("verification_uri") or body.get("verification_url")),
        expires_in=_seconds(body.get("expires_in"), _LONGEST_CODE_LIFE, "expires_in"),
        interval=_seconds(body.get("interval", DEFAULT_INTERVAL), _LONGEST_POLL_INTERVAL, "interval"),
        link=_link(body.get("verification_uri_complete")) or link.format(user_code),
        device_code=device_code,
    )


def require(pattern: re.Pattern[str], value: Any, field: str) -> str:
    """Return the value if it is a string that the whole pattern matches. Raises Unreachable, naming the field."""
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise Unreachable(Cause.BAD_ANSWER, f"unusable {field}")


def display_name(name: Any) -> str:
    """Return a user's name as one line without label markup: Kodi would act on [COLOR red] and $INFO[...].

    Returns "" if the user has none. Raises Unreachable if the name is not a string.
    """
    if not isinstance(name, str):
        raise Unreachable(Cause.BAD_ANSWER, "unusable name")
    printable = "".join(c if c.isprintable() else " " for c in name[: 4 * _LONGEST_NAME])
    return " ".join(printable.replace("[", "(").replace("]", ")").split())[:_LONGEST_NAME].rstrip()


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def number(value: Any) -> float:
    """Return a number of seconds, also if Simkl sends it as a string. Anything else is NaN, which is in no range."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else float("nan")


def _seconds(value: Any, most: float, field: str) -> float:
    seconds = number(value)
    if 1 <= seconds <= most:
        return float(seconds)
    raise Unreachable(Cause.BAD_ANSWER, f"unusable {field}")


def _page(uri: Any) -> str:
    """Return the page to show. Only a page of simkl.com is shown, because the code works nowhere else."""
    found = _SIMKL_PAGE.fullmatch(uri) if isinstance(uri, str) and len(uri) <= _LONGEST_PAGE else None
    return found.group(1).rstrip("/") if found else PIN_PAGE


def _link(uri: Any) -> str:
    is_good = isinstance(uri, str) and len(uri) <= _LONGEST_LINK and _SIMKL_LINK.fullmatch(uri)
    return str(uri) if is_good else ""
