# SPDX-License-Identifier: GPL-2.0-or-later
"""Simkl's OAuth 2.0 device flow ("AUTH V2", RFC 8628), and refreshing and revoking its tokens (RFC 6749, RFC 7009).

If an answer with an access token has other fields that cannot be used, it is still a sign-in.
"""

from __future__ import annotations

import re
from time import time
from typing import TYPE_CHECKING, Any, Callable

from ..errors import ClientIdRefused, RefreshRefused, SignInFailed
from ..models import ACCESS_TOKEN_SHAPE, MEDIA_READ, MEDIA_WRITE, Code, Credentials
from .parsing import error_name, number, parse_body, parse_code, raise_if_wrong_flow, refusal, require
from .protocol import PIN_PAGE, Approved, CodeInvalid, Denied, Pending, PollResult

if TYPE_CHECKING:
    from .transport import Answer, Transport

SCOPE = f"{MEDIA_READ} {MEDIA_WRITE}"

NO_SCOPE = "nothing"
"""The scope of credentials that allow nothing that this add-on knows."""

REFRESH_READ_TIMEOUT = 60.0
"""Seconds to wait for the answer to a refresh. It is not given up soon, because Simkl may have ended the old token."""

_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
_DEVICE_CODE = re.compile(r"[\x21-\x7e]{1,512}")
_LINK = f"https://{PIN_PAGE}?user_code={{}}"
_LONGEST_TOKEN_LIFE = 10 * 365 * 86400.0

_POLL_RESULTS: dict[str, PollResult] = {
    "authorization_pending": Pending(),
    "slow_down": Pending(slow_down=True),
    "expired_token": CodeInvalid(has_expired=True),
    "invalid_grant": CodeInvalid(),
    "access_denied": Denied(),
}
_CLIENT_ID_ERRORS = ("invalid_client", "unauthorized_client")


class DeviceFlow:
    """Sign in by the device flow: implements protocol.Flow."""

    def __init__(self, client_id: str, transport: Transport, now: Callable[[], float] = time) -> None:
        """now: the device's clock, in seconds since 1970. It may be wrong."""
        self._client_id = client_id
        self._transport = transport
        self._now = now

    def request_code(self) -> Code:
        """Request a new code."""
        answer = self._post("/oauth2/device", scope=SCOPE)
        raise_if_wrong_flow(answer)
        body = parse_body(answer)
        return parse_code(body, _LINK, require(_DEVICE_CODE, body.get("device_code"), "device_code"))

    def poll(self, code: Code) -> PollResult:
        """Ask once whether the user has approved the code. Raises SignInFailed for an unknown error."""
        answer = self._post("/oauth2/token", grant_type=_GRANT_TYPE, device_code=code.device_code)
        result = _POLL_RESULTS.get(error_name(answer.body) or "") if answer.status != 200 else None
        if result is not None:
            return result
        self._raise_if_client_id_refused(answer)
        if refusal(answer) is not None:
            raise SignInFailed(f"HTTP {answer.status}")
        return Approved(self._credentials(parse_body(answer), refresh_token=""))

    def refresh(self, credentials: Credentials) -> Credentials:
        """Exchange the refresh token for a new access token. Simkl ends the old access token at once.

        Raises RefreshRefused if the grant has ended.
        """
        answer = self._post(
            "/oauth2/token",
            REFRESH_READ_TIMEOUT,
            grant_type="refresh_token",
            refresh_token=credentials.refresh_token,
        )
        if refusal(answer) == "invalid_grant":
            raise RefreshRefused(f"HTTP {answer.status}")
        self._raise_if_client_id_refused(answer)
        return self._credentials(parse_body(answer), credentials.refresh_token, credentials.scope)

    def revoke(self, credentials: Credentials) -> None:
        """End the grant at Simkl, and both of its tokens with it."""
        answer = self._post("/oauth2/revoke", client_id=credentials.client_id, token=credentials.refresh_token)
        if answer.status != 200:
            parse_body(answer)  # raises the error of this status

    def _post(self, path: str, read_timeout: float | None = None, **form: str) -> Answer:
        form = {"client_id": self._client_id, **form}
        return self._transport.request("POST", path, {}, form=form, read_timeout=read_timeout)

    def _raise_if_client_id_refused(self, answer: Answer) -> None:
        if refusal(answer) in _CLIENT_ID_ERRORS:
            raise ClientIdRefused(f"HTTP {answer.status}")

    def _credentials(self, body: dict[str, Any], refresh_token: str, scope: str = SCOPE) -> Credentials:
        """Return the tokens of an answer.

        refresh_token, scope: used if the answer has none (RFC 6749, 5.1 and 6).
        """
        found, life, now = body.get("refresh_token"), number(body.get("expires_in")), self._now()
        has_life = 0 < life <= _LONGEST_TOKEN_LIFE
        return Credentials(
            access_token=require(ACCESS_TOKEN_SHAPE, body.get("access_token"), "access_token"),
            client_id=self._client_id,
            refresh_token=found if isinstance(found, str) and ACCESS_TOKEN_SHAPE.fullmatch(found) else refresh_token,
            issued_at=float(now) if has_life else 0.0,
            expires_at=float(now + life) if has_life else 0.0,
            scope=_scope(body["scope"]) if "scope" in body else scope,
        )


def _scope(value: Any) -> str:
    """Return what the tokens allow. A value that cannot be read counts as allowing nothing."""
    words: list[Any] = []
    if isinstance(value, str):
        words = value.replace(",", " ").split()  # RFC 6749 separates by spaces, and Simkl may do so by commas
    elif isinstance(value, list):
        words = value
    return " ".join(word for word in words if word in (MEDIA_READ, MEDIA_WRITE)) or NO_SCOPE
