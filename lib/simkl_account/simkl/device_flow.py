# SPDX-License-Identifier: GPL-2.0-or-later
"""Simkl's OAuth 2.0 device flow (RFC 8628), and the refreshing and revoking of what it grants (RFC 6749, RFC 7009).

Simkl published it in September 2026. Strict in what is sent, generous in what is accepted: where only the access
token of an answer is usable, that is still a sign-in.
"""

import re
from time import time
from typing import TYPE_CHECKING, Any, Callable, Dict

from ..account.store import ACCESS_TOKEN_SHAPE, Grant
from ..errors import ClientIdRefused, FlowFailed, GrantRefused, OtherFlow
from .protocol import PIN_PAGE, Approved, Code, Denied, Gone, Pending, Poll, code_of, error_of, json_object, match

if TYPE_CHECKING:
    from .transport import Answer, Transport

SCOPE = "media:read media:write"

NOTHING = "nothing"
"""The scope of a grant that allows nothing that is known here."""

_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
_DEVICE_CODE = re.compile(r"[\x21-\x7e]{1,512}")
_LINK = f"https://{PIN_PAGE}?user_code={{}}"
_LONGEST_TOKEN_LIFE = 10 * 365 * 86400.0

_STATES: Dict[str, Poll] = {
    "authorization_pending": Pending(),
    "slow_down": Pending(slow_down=True),
    "expired_token": Gone(has_expired=True),
    "invalid_grant": Gone(),
    "access_denied": Denied(),
}
_CLIENT_ID_ERRORS = ("invalid_client", "unauthorized_client")


class DeviceFlow:
    """wire.Flow, for one client id."""

    def __init__(self, client_id: str, transport: "Transport", now: Callable[[], float] = time) -> None:
        """now: the wall clock, in seconds since 1970; it may be wrong."""
        self._client_id = client_id
        self._transport = transport
        self._now = now

    def request_code(self) -> Code:
        """Ask for a new code."""
        answer = self._post("/oauth2/device", scope=SCOPE)
        if answer.status in (400, 401, 403, 404) and error_of(answer.body) is not None:
            raise OtherFlow(f"HTTP {answer.status}")
        body = _body(answer)
        return code_of(body, _LINK, match(_DEVICE_CODE, body.get("device_code"), "device_code"))

    def poll(self, code: Code) -> Poll:
        """Ask once whether the code has been approved; raises FlowFailed for an end that has no name here."""
        answer = self._post("/oauth2/token", grant_type=_GRANT_TYPE, device_code=code.device_code)
        error = error_of(answer.body) if answer.status != 200 else None
        if isinstance(error, str) and error in _STATES:
            return _STATES[error]
        if answer.status in (400, 401, 403) and error is not None:
            if error in _CLIENT_ID_ERRORS:
                raise ClientIdRefused(f"HTTP {answer.status}")
            raise FlowFailed(f"HTTP {answer.status}")  # RFC 8628, 3.5: stop
        return Approved(self._grant_of(_body(answer), refresh_token=""))

    def refresh(self, grant: Grant) -> Grant:
        """Exchange the refresh token; the old access token is dead from then on.

        Raises GrantRefused where the grant is no more.
        """
        answer = self._post("/oauth2/token", grant_type="refresh_token", refresh_token=grant.refresh_token)
        error = error_of(answer.body)
        if answer.status in (400, 401, 403) and error == "invalid_grant":
            raise GrantRefused(f"HTTP {answer.status}")
        if answer.status in (400, 401, 403) and error in _CLIENT_ID_ERRORS:
            raise ClientIdRefused(f"HTTP {answer.status}")
        return self._grant_of(_body(answer), grant.refresh_token, grant.scope)

    def revoke(self, grant: Grant) -> None:
        """End the whole grant at Simkl."""
        answer = self._post("/oauth2/revoke", token=grant.refresh_token)
        if answer.status != 200:
            _body(answer)

    def _post(self, path: str, **form: str) -> "Answer":
        return self._transport.request("POST", path, {}, form={"client_id": self._client_id, **form})

    def _grant_of(self, body: Dict[str, Any], refresh_token: str, scope: str = SCOPE) -> Grant:
        """refresh_token, scope: what holds where the answer names none (RFC 6749, 5.1 and 6)."""
        found, life, now = body.get("refresh_token"), body.get("expires_in"), self._now()
        has_life = isinstance(life, (int, float)) and not isinstance(life, bool) and 0 < life <= _LONGEST_TOKEN_LIFE
        return Grant(
            access_token=match(ACCESS_TOKEN_SHAPE, body.get("access_token"), "access_token"),
            client_id=self._client_id,
            refresh_token=found if isinstance(found, str) and ACCESS_TOKEN_SHAPE.fullmatch(found) else refresh_token,
            issued_at=float(now) if has_life else 0.0,
            expires_at=float(now + life) if has_life and life else 0.0,
            scope=_scope_of(body["scope"]) if "scope" in body else scope,
        )


def _scope_of(value: Any) -> str:
    """What Simkl says that it allows: where that makes no sense, as little as possible is believed."""
    words = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return " ".join(word for word in words if word in SCOPE.split()) or NOTHING


def _body(answer: "Answer") -> Dict[str, Any]:
    if answer.status == 412:
        raise ClientIdRefused("HTTP 412")
    return json_object(answer)
