# SPDX-License-Identifier: GPL-2.0-or-later
"""A sign-in that works, but was made in a way that Simkl retires.

A client id is for one flow for ever, and a token is only good with the client id that it was given to. So a PIN
sign-in is outdated once this build has another client id, and that one is for the device flow.
"""

from typing import Callable, Protocol

from ..errors import SimklError
from ..simkl.background import Asking, Ended, Line
from ..simkl.client import DEVICE
from ..simkl.protocol import Code
from .store import Grant


class Client(Line, Protocol):
    """What finding out asks of Simkl: see simkl.Simkl."""

    flow: str

    def request_code(self) -> Code: ...


def may_be_outdated(grant: Grant, client_id: str) -> bool:
    """Whether it takes a look at the flow of this build's client id to know."""
    return not grant.refresh_token and bool(client_id) and grant.client_id != client_id


def is_for_device_flow(client_id: str, known_flow: str, connect: "Callable[[str], Asking[Client]]") -> bool:
    """Whether a client id is for the device flow; False where Simkl cannot be asked now. It may take some seconds."""
    if known_flow:
        return known_flow == DEVICE
    simkl = connect(client_id)
    try:
        simkl.ask_once(lambda client: client.request_code())  # a code that nobody will enter
        return simkl.ask_once(lambda client: client.flow) == DEVICE
    except (SimklError, Ended):
        return False
    finally:
        simkl.close()
