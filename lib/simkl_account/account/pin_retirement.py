# SPDX-License-Identifier: GPL-2.0-or-later
"""Find out whether a sign-in was made by the PIN flow although this build's client id is for the device flow.

A client id is for one flow only, and a token works only with the client id that requested it. So a PIN sign-in is
outdated once the build has another client id that is for the device flow.
"""

from __future__ import annotations

from typing import Callable, Protocol

from ..errors import SimklError
from ..models import Code, Credentials
from ..simkl.background import BackgroundClient, Interruptible, Stopped
from ..simkl.client import DEVICE


class Client(Interruptible, Protocol):
    """What this module needs of simkl.client.Simkl."""

    flow: str

    def request_code(self) -> Code: ...


def may_be_outdated(credentials: Credentials, client_id: str) -> bool:
    """Return True if the sign-in is outdated in case client_id, this build's, is for the device flow."""
    return not credentials.refresh_token and bool(client_id) and credentials.client_id != client_id


def is_for_device_flow(client_id: str, known_flow: str, connect: Callable[[str], BackgroundClient[Client]]) -> bool:
    """Return True if a client id is for the device flow. Simkl is asked if known_flow is "", which takes seconds.

    Returns False if Simkl cannot be asked now.
    """
    if known_flow:
        return known_flow == DEVICE
    simkl = connect(client_id)
    try:
        simkl.call(lambda client: client.request_code())  # nobody will see this code
        return simkl.call(lambda client: client.flow) == DEVICE
    except (SimklError, Stopped):
        return False
    finally:
        simkl.close()
