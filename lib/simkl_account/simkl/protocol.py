# SPDX-License-Identifier: GPL-2.0-or-later
"""What Simkl's two flows have in common: the results of a poll, and the methods of a flow."""

from __future__ import annotations

from typing import NamedTuple, Protocol, Union

from ..models import Code, Credentials

PIN_PAGE = "simkl.com/pin"
"""Where the user enters a code, unless Simkl names another page of simkl.com."""


class Pending(NamedTuple):
    """The user has not approved the code yet."""

    slow_down: bool = False
    """Whether Simkl wants 5 seconds more between polls from now on (RFC 8628, 3.5)."""


class Approved(NamedTuple):
    """The user approved the code. Simkl sends this answer once and then deletes the code."""

    credentials: Credentials


class Denied(NamedTuple):
    """The user said no at Simkl."""


class CodeInvalid(NamedTuple):
    """Simkl does not accept the code: it is expired, used or unknown."""

    has_expired: bool = False
    """Whether Simkl said that the code has expired."""


PollResult = Union[Pending, Approved, Denied, CodeInvalid]


class Flow(Protocol):
    """One way to sign in. Every method blocks, and raises only SimklError."""

    def request_code(self) -> Code:
        """Request a new code. Raises WrongFlow if the client id may be for the other flow."""

    def poll(self, code: Code) -> PollResult:
        """Ask once whether the user has approved the code."""
