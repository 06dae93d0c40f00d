# SPDX-License-Identifier: GPL-2.0-or-later
"""Simkl's PIN flow ("AUTH V1"), which Simkl retires around April 2027: https://api.simkl.org, "PIN flow".

It is older than RFC 8628 and differs from it. Its token lasts until the user revokes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ClientIdRefused, Unreachable
from ..models import ACCESS_TOKEN_SHAPE, Code, Credentials
from ..outcome import Cause
from .parsing import parse_body, parse_code, raise_if_wrong_flow, refusal, require
from .protocol import PIN_PAGE, Approved, CodeInvalid, Pending, PollResult

if TYPE_CHECKING:
    from .transport import Answer, Transport

_LINK = f"https://{PIN_PAGE}/{{}}"


class PinFlow:
    """Sign in by the PIN flow: implements protocol.Flow."""

    def __init__(self, client_id: str, transport: Transport) -> None:
        self._client_id = client_id
        self._transport = transport

    def request_code(self) -> Code:
        """Request a new code."""
        answer = self._get("/oauth/pin")
        raise_if_wrong_flow(answer)
        return parse_code(parse_body(answer), _LINK)

    def poll(self, code: Code) -> PollResult:
        """Ask once whether the user has approved the code."""
        answer = self._get("/oauth/pin/" + code.user_code)
        if refusal(answer) is not None:
            raise ClientIdRefused(f"HTTP {answer.status}")
        body = parse_body(answer)
        if "access_token" in body:
            token = require(ACCESS_TOKEN_SHAPE, body["access_token"], "access_token")
            return Approved(Credentials(token, self._client_id))
        if "device_code" in body and body.get("user_code") != code.user_code:
            return CodeInvalid()  # Simkl does not know the code, and answers as if a new one had been requested
        message = body.get("message")
        if body.get("result") == "KO" and message == "Authorization pending":
            return Pending()
        if body.get("result") == "KO" and message == "Slow down":
            return Pending(slow_down=True)
        raise Unreachable(Cause.BAD_ANSWER, "unknown state")

    def _get(self, path: str) -> Answer:
        return self._transport.request("GET", path, {"client_id": self._client_id})
