# SPDX-License-Identifier: GPL-2.0-or-later
"""End the grant at Simkl when the user signs out. The sign-out on this device does not depend on that."""

from __future__ import annotations

from typing import Callable

from ..errors import SimklError
from ..models import Credentials
from ..simkl.background import BackgroundClient, Client, Runtime, Stopped
from .ui import Screen

REVOKE_TIMEOUT = 3.0
"""Seconds that the user waits for Simkl at most."""


def revoke(simkl: BackgroundClient, credentials: Credentials, log: Callable[[str], None]) -> bool:
    """End the grant, and return True if Simkl confirmed it within REVOKE_TIMEOUT."""
    try:
        simkl.call(lambda client: client.revoke(credentials), REVOKE_TIMEOUT)
        return True
    except (SimklError, Stopped) as error:
        log(f"not revoked: {error}")
        return False


def revoke_on_screen(
    connect: Callable[[], Client],
    credentials: Credentials,
    screen: Screen,
    runtime: Runtime,
    log: Callable[[str], None],
) -> bool:
    """Revoke the grant while the user sees a screen, and close the screen. Cancel and Kodi's Quit end the wait.

    connect: see BackgroundClient.
    """

    deadline = runtime.now() + REVOKE_TIMEOUT

    def is_over() -> bool:
        return screen.is_cancelled() or runtime.now() >= deadline  # not on all systems can a name look-up be ended

    simkl = BackgroundClient(connect, runtime, is_over, screen.look)
    try:
        return revoke(simkl, credentials, log)
    finally:
        screen.close()
        simkl.close()
