# SPDX-License-Identifier: GPL-2.0-or-later
"""Find out whether a sign-in was made by the PIN flow although the current client id is for the device flow.

A client id is for one flow only, and a token works only with the client id that requested it. So a PIN sign-in is
outdated once there is another client id that is for the device flow.
"""

from __future__ import annotations

from typing import Callable

from ..errors import SimklError
from ..models import Credentials
from ..simkl.background import BackgroundClient, Stopped
from ..simkl.client import DEVICE


def may_be_outdated(credentials: Credentials, client_id: str) -> bool:
    """Return True if the sign-in was made by the PIN flow with another client id.

    It is outdated if client_id is for the device flow.
    """
    return not credentials.refresh_token and bool(client_id) and credentials.client_id != client_id


def is_for_device_flow(client_id: str, known_flow: str, connect: Callable[[str], BackgroundClient]) -> bool:
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
