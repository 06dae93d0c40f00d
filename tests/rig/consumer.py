# SPDX-License-Identifier: GPL-2.0-or-later
"""Controls the tests' add-on that uses the account: tests/kodi/consumers/plugin.video.consumer."""

from __future__ import annotations

import itertools
import json
from typing import Any, Callable

from .kodi import HOME, Kodi, wait_for

CONSUMER = "plugin.video.consumer"

_numbers = itertools.count()


class Consumer:
    """The add-on that uses the account, in a running Kodi."""

    def __init__(self, kodi: Kodi) -> None:
        self._kodi = kodi
        wait_for("the service", lambda: kodi.info(f"Window({HOME}).Property(consumer.is_up)")[0])

    def begin(self, what: str, where: str = "script") -> Callable[[], Any]:
        """Start one of its functions, in its script or its service. Returns a function that waits for the result."""
        key = f"consumer.{next(_numbers)}"
        if where == "script":
            self._kodi.builtin(f"RunScript({CONSUMER},{what},{key})")
        else:
            self._kodi.rpc("JSONRPC.NotifyAll", sender="test", message=what, data=key)

        def result() -> Any:
            label = f"Window({HOME}).Property({key})"
            return json.loads(wait_for(f"{what} by the {where}", lambda: self._kodi.info(label)[0]))["result"]

        return result

    def do(self, what: str, where: str = "script") -> Any:
        """Run one of its functions, and return the result."""
        return self.begin(what, where)()

    def heard(self) -> Any:
        """Return the events that its service received, each with the account at that moment."""
        return json.loads(self._kodi.info(f"Window({HOME}).Property(consumer.heard)")[0] or "[]")

    def wait_until_heard(self, count: int) -> Any:
        """Wait until its service has received so many events, and return them."""
        return wait_for(f"{count} events", lambda: self.heard() if len(self.heard()) >= count else None)
