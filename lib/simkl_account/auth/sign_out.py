# SPDX-License-Identifier: GPL-2.0-or-later
"""Ending a grant at Simkl when a person signs out. It is tried, not insisted on: signing out always works."""

from typing import Callable, Protocol

from ..account.store import Grant
from ..errors import SimklError
from ..outcome import End
from ..simkl.background import Asking, Ended, Line, Runtime
from .ui import Screen

LIMIT = 3.0
"""Seconds in all that a person who signs out waits for Simkl."""


class Client(Line, Protocol):
    """What this asks of Simkl: see simkl.Simkl."""

    def revoke(self, grant: Grant) -> None: ...


def revoke(
    connect: Callable[[], Client], grant: Grant, screen: Screen, runtime: Runtime, log: Callable[[str], None]
) -> bool:
    """End the grant; returns whether Simkl said so within LIMIT. Cancel and Kodi's Quit end only the waiting."""
    deadline = runtime.now() + LIMIT

    def look_after_screen() -> None:
        if screen.is_cancelled() or runtime.now() >= deadline:
            raise Ended(End.CANCELLED)

    simkl = Asking(connect, look_after_screen, runtime)
    try:
        simkl.ask_once(lambda client: client.revoke(grant))
        return True
    except (SimklError, Ended) as error:
        log(f"not revoked: {error}")
        return False
    finally:
        screen.close()
        simkl.close()
