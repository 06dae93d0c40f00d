# SPDX-License-Identifier: GPL-2.0-or-later
"""Simkl's PIN flow, which it retires around March 2027: https://api.simkl.org, "PIN flow". Not RFC 8628."""

from typing import TYPE_CHECKING, Any, Dict

from ..account.store import ACCESS_TOKEN_SHAPE, Grant
from ..errors import ClientIdRefused, OtherFlow, Trouble, Unreachable
from .protocol import PIN_PAGE, Approved, Code, Gone, Pending, Poll, code_of, error_of, json_object, match

if TYPE_CHECKING:
    from .transport import Answer, Transport

_LINK = f"https://{PIN_PAGE}/{{}}"


class PinFlow:
    """wire.Flow, for one client id."""

    def __init__(self, client_id: str, transport: "Transport") -> None:
        self._client_id = client_id
        self._transport = transport

    def request_code(self) -> Code:
        """Ask for a new code."""
        answer = self._ask("/oauth/pin")
        if answer.status in (400, 401, 403, 404):
            raise OtherFlow(f"HTTP {answer.status}")
        return code_of(_body(answer), _LINK)

    def poll(self, code: Code) -> Poll:
        """Ask once whether the code has been approved."""
        answer = self._ask("/oauth/pin/" + code.user_code)
        # A bare 400, 401 or 403 can also come from something between here and Simkl; Simkl's own has an "error".
        if answer.status in (400, 401, 403) and error_of(answer.body) is not None:
            raise ClientIdRefused(f"HTTP {answer.status}")
        body = _body(answer)
        if "access_token" in body:
            token = match(ACCESS_TOKEN_SHAPE, body["access_token"], "access_token")
            return Approved(Grant(token, self._client_id))
        if "device_code" in body and body.get("user_code") != code.user_code:
            # For a code that it no longer knows, Simkl answers as if a new one had been asked for.
            return Gone()
        message = body.get("message")
        if body.get("result") == "KO" and message == "Authorization pending":
            return Pending()
        if body.get("result") == "KO" and message == "Slow down":
            return Pending(slow_down=True)
        raise Unreachable(Trouble.BAD_ANSWER, "unknown state")

    def _ask(self, path: str) -> "Answer":
        return self._transport.request("GET", path, {"client_id": self._client_id})


def _body(answer: "Answer") -> Dict[str, Any]:
    if answer.status == 412:
        raise ClientIdRefused("HTTP 412")
    return json_object(answer)
