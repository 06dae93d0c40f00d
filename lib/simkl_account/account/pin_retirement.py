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


def is_outdated(
    credentials: Credentials, client_id: str, known_flow: str, connect: Callable[[], BackgroundClient]
) -> bool:
    """Return True if the sign-in was made by the PIN flow, and client_id is another one and for the device flow.

    Simkl is asked if known_flow is "", which can take seconds. Returns False if it cannot be asked now.
    """
    if credentials.refresh_token or client_id in ("", credentials.client_id):
        return False
    if known_flow:
        return known_flow == DEVICE
    simkl = connect()
    try:
        simkl.call(lambda client: client.request_code())  # nobody will see this code
        return simkl.call(lambda client: client.flow) == DEVICE
    except (SimklError, Stopped):
        return False
    finally:
        simkl.close()
