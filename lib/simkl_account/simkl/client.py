# SPDX-License-Identifier: GPL-2.0-or-later
"""Simkl, for one client id: its two ways of signing in, and who has signed in.

Which way a client id is for is found out: the one that was right the last time first, or else the PIN flow.
"""

from typing import TYPE_CHECKING, Any, Callable, Dict, NamedTuple, Optional

from ..account.store import Grant
from ..errors import ClientIdRefused, OtherFlow, TokenRefused, Trouble, Unreachable
from .device_flow import DeviceFlow
from .pin_flow import PinFlow
from .protocol import Code, Flow, Poll, json_object, refuses_token

if TYPE_CHECKING:
    from .transport import Transport  # imports requests: too slow for who only wants the types below

PIN, DEVICE = "pin", "device"

_LONGEST_NAME = 50
_ACCOUNT_TYPES = ("free", "pro", "vip")


class User(NamedTuple):
    """Who an access token belongs to."""

    name: str
    """For display: one line of at most 50 characters, without Kodi label markup."""
    id: Optional[int] = None
    """Simkl's number of the account; None where it did not say."""
    type: str = ""
    """"free", "pro" or "vip"; "" where Simkl said something else."""


class Simkl:
    """Every method blocks, and raises only SimklError."""

    def __init__(
        self,
        client_id: str,
        transport: "Transport",
        first: str = PIN,
        remember: Callable[[str], None] = lambda flow: None,
    ) -> None:
        """first: the flow to try first. remember: takes the one that was right, for the next time."""
        self.client_id = client_id
        self._transport = transport
        self._first = first
        self._remember = remember
        self._device = DeviceFlow(client_id, transport)
        self._flows: Dict[str, Flow] = {PIN: PinFlow(client_id, transport), DEVICE: self._device}
        self.flow = PIN
        """The flow of the last code."""

    def request_code(self) -> Code:
        """Ask for a new code; raises ClientIdRefused where the client id is for neither flow."""
        for name in sorted(self._flows, key=lambda name: name != self._first):
            self.flow = name
            try:
                code = self._flows[name].request_code()
            except OtherFlow:
                continue
            self._first = name
            self._remember(name)
            return code
        raise ClientIdRefused("by both flows")

    def poll(self, code: Code) -> Poll:
        """Ask once whether the code has been approved."""
        return self._flows[self.flow].poll(code)

    def user(self, access_token: str) -> User:
        """Ask who the access token belongs to.

        Raises TokenRefused where Simkl does not accept it: once alone, that can be a passing fault.
        """
        answer = self._transport.request("POST", "/users/settings", {"client_id": self.client_id}, access_token)
        if refuses_token(answer.status, answer.body):
            raise TokenRefused(f"HTTP {answer.status}")
        if answer.status == 412:
            raise ClientIdRefused(f"HTTP {answer.status}")
        body = json_object(answer)
        user, account = body.get("user"), body.get("account")
        number, kind = (account.get("id"), account.get("type")) if isinstance(account, dict) else (None, None)
        return User(
            name=_display_name(user.get("name") if isinstance(user, dict) else None),
            id=number if type(number) is int else None,
            type=kind if kind in _ACCOUNT_TYPES else "",
        )

    def refresh(self, grant: Grant) -> Grant:
        """Exchange the refresh token: see device.DeviceFlow."""
        return self._device.refresh(grant)

    def revoke(self, grant: Grant) -> None:
        """End the grant at Simkl: see device.DeviceFlow."""
        self._device.revoke(grant)

    def hang_up(self) -> None:
        """End a request that is under way in another thread: it raises Unreachable at once."""
        self._transport.hang_up()

    def close(self) -> None:
        """End a request that is under way, close the connection, and send nothing more."""
        self._transport.close()


def _display_name(name: Any) -> str:
    """One line without markup: Kodi's labels would act on [COLOR red] and $INFO[...]."""
    if not isinstance(name, str):
        raise Unreachable(Trouble.BAD_ANSWER, "unusable name")
    printable = "".join(c if c.isprintable() else " " for c in name[: 4 * _LONGEST_NAME])
    plain = " ".join(printable.replace("[", "(").replace("]", ")").split())[:_LONGEST_NAME].rstrip()
    if not plain:
        raise Unreachable(Trouble.BAD_ANSWER, "empty name")
    return plain
