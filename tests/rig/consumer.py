# SPDX-License-Identifier: GPL-2.0-or-later
"""The add-on of the tests that uses the account: tests/kodi/consumers/plugin.video.consumer."""

import itertools
import json
from typing import Any, Callable

from .kodi import HOME, Kodi, wait_for

CONSUMER = "plugin.video.consumer"

_numbers = itertools.count()


class Consumer:
    """The add-on that uses the account."""

    def __init__(self, kodi: Kodi) -> None:
        self._kodi = kodi
        wait_for("the service", lambda: kodi.info(f"Window({HOME}).Property(consumer.is_up)")[0])

    def begin(self, what: str, where: str = "script") -> Callable[[], Any]:
        """Have its script or its service do something; returns what waits for the result."""
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
        """Have it do something, and return the result."""
        return self.begin(what, where)()

    def heard(self) -> Any:
        """The events that its service heard, each with the account that it read then."""
        return json.loads(self._kodi.info(f"Window({HOME}).Property(consumer.heard)")[0] or "[]")

    def wait_until_heard(self, count: int) -> Any:
        """So many events."""
        return wait_for(f"{count} events", lambda: self.heard() if len(self.heard()) >= count else None)
