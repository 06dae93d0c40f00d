# SPDX-License-Identifier: GPL-2.0-or-later
"""The client for one client id: sign in by either flow, and ask who is signed in.

A client id is for one of the two flows. Which one is found out by requesting a code: first by the flow that worked
for this client id before, or else by the device flow; then by the other one if there is no code in the answer. Nobody
knows what Simkl will answer by the PIN flow once that is retired. So every answer leads on to the other flow, except
"too many requests".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from ..errors import ClientIdRefused, ScopeInsufficient, SimklError, TokenOutdated, TokenRefused, Unreachable, WrongFlow
from ..models import Code, Credentials, User
from ..outcome import Cause
from .device_flow import DeviceFlow
from .parsing import OUTDATED_TOKEN, display_name, parse_body, refusal, refuses_token
from .pin_flow import PinFlow
from .protocol import Flow, PollResult

if TYPE_CHECKING:
    from .transport import Transport

PIN, DEVICE = "pin", "device"
"""Names of the flows, as they are stored in Setting.FLOW."""

_ACCOUNT_TYPES = ("free", "pro", "vip")


class Simkl:
    """A client for Simkl's API. Every method blocks, and raises only SimklError."""

    def __init__(
        self,
        client_id: str,
        transport: Transport,
        first: str = DEVICE,
        remember: Callable[[str], None] = lambda flow: None,
    ) -> None:
        """first: the flow to try first. remember: called with the flow that worked."""
        self.client_id = client_id
        self._transport = transport
        self._first = first
        self._remember = remember
        self._has_worked = False
        self._device_flow = DeviceFlow(client_id, transport)
        self._flows: dict[str, Flow] = {PIN: PinFlow(client_id, transport), DEVICE: self._device_flow}
        self.flow = first
        """The flow of the last code."""

    def request_code(self) -> Code:
        """Request a new code. Raises ClientIdRefused if neither flow accepts the client id."""
        failures: dict[str, SimklError] = {}
        for name in sorted(self._flows, key=lambda name: name != self._first):
            self.flow = name
            try:
                code = self._flows[name].request_code()
            except WrongFlow as error:
                failures[name] = error
                continue
            except Unreachable as error:
                is_maybe_refusal = error.is_block and not self._has_worked
                if error.cause is not Cause.BAD_ANSWER and not is_maybe_refusal:
                    raise
                failures[name] = WrongFlow(str(error)) if is_maybe_refusal else error
                continue
            self._has_worked = True
            self._first = name
            self._remember(name)
            return code
        raise _failure_of_both(failures[PIN], failures[DEVICE])

    def poll(self, code: Code) -> PollResult:
        """Ask once whether the user has approved the code."""
        return self._flows[self.flow].poll(code)

    def user(self, access_token: str) -> User:
        """Ask whom the access token belongs to. Raises TokenRefused, TokenOutdated or ScopeInsufficient."""
        answer = self._transport.request("GET", "/users/settings", {"client_id": self.client_id}, access_token)
        status, refused_for = f"HTTP {answer.status}", refusal(answer)
        if refuses_token(answer.status, answer.body):
            raise TokenRefused(status)
        if refused_for == OUTDATED_TOKEN:
            raise TokenOutdated(status)
        if refused_for == "insufficient_scope":
            raise ScopeInsufficient(status)
        body = parse_body(answer)
        user, account = body.get("user"), body.get("account")
        number, kind = (account.get("id"), account.get("type")) if isinstance(account, dict) else (None, None)
        return User(
            name=display_name(user.get("name") if isinstance(user, dict) else None),
            id=number if type(number) is int else None,
            type=kind if kind in _ACCOUNT_TYPES else "",
        )

    def refresh(self, credentials: Credentials) -> Credentials:
        """Exchange the refresh token: see DeviceFlow.refresh()."""
        return self._device_flow.refresh(credentials)

    def revoke(self, credentials: Credentials) -> None:
        """End the grant at Simkl: see DeviceFlow.revoke()."""
        self._device_flow.revoke(credentials)

    def interrupt(self, unless_sent: bool = False) -> None:
        """End the request that another thread is waiting for: see Transport.interrupt()."""
        self._transport.interrupt(unless_sent)

    def close(self) -> None:
        """End a request that is under way, and close the connection. Later requests fail."""
        self._transport.close()


def _failure_of_both(by_pin: SimklError, by_device: SimklError) -> SimklError:
    """Return the error to raise if neither flow has sent a code.

    A client id that the device flow refuses is one for the PIN flow, or wrong. Nobody can sign in with it if Simkl
    refuses it by the PIN flow, too, or has retired that flow. A fault says nothing about the client id.
    """
    if not isinstance(by_device, WrongFlow):
        return by_device
    is_retired = isinstance(by_pin, Unreachable) and by_pin.is_final
    return ClientIdRefused("by both flows") if is_retired or isinstance(by_pin, WrongFlow) else by_pin
