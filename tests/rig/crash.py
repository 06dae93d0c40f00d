# SPDX-License-Identifier: GPL-2.0-or-later
"""`make crash`: kills a real Kodi again and again while the account is written, and counts what a new start finds.

One half of the kills comes at a random moment from Simkl's answer on (or from the press of "Sign out"), the other half
as soon as Kodi has emptied settings.xml for a write. No test depends on the numbers; tests/kodi/test_crash.py has some
of these kills.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from tools.package import ADDON_ID

from . import namespace
from .consumer import Consumer
from .home import fill_in_client_id
from .kodi import CONFIRMATION, HOME, Kodi, make_home, wait_for, xvfb
from .standin import CLIENT_ID, DEVICE_CLIENT_ID, HOSTS, StandIn
from .watch import SettingsWatch

KILLS = 10
"""Kills of each kind in each flow."""

LONGEST_DELAY = 0.4
"""Seconds after the answer within which a random kill comes."""

TWENTY = "script.test.twenty"
"""The add-on that signs in in twenty lines, without any care."""


@dataclass
class Row:
    """What the kills in one flow have left."""

    kills: int = 0
    damaged: int = 0
    """Kills that left settings.xml empty, in pieces or not there."""
    new: int = 0
    old: int = 0
    lost: int = 0
    """Kills after which neither the old account nor the new one was there."""
    lost_after_stored: int = 0
    """Kills after which the new account was gone although settings.xml had held it. A sign-out that came undone counts
    here."""


class Flow(ABC):
    """A change of the account in a running Kodi, which a kill interrupts."""

    needs_account = True
    addon_id = ADDON_ID
    writes = 4
    """So many writes of settings.xml can be hit."""

    def __init__(self, kodi: Kodi, simkl: StandIn) -> None:
        self.kodi = kodi
        self.simkl = simkl

    @abstractmethod
    def begin(self) -> str:
        """Begin the change, return at Simkl's answer, and return what settings.xml holds after it; "" for nothing."""

    def found(self) -> str:
        """Return the access token that is found after a new start; "" if nobody is signed in."""
        account = Consumer(self.kodi).do("account")
        stored = json.loads(self.kodi.settings_file().get("account") or "{}")
        token: str = stored.get("access_token", "")
        assert bool(account) is bool(token)
        assert not account or account["name"] in ("", self.simkl.names[token]), "another's name"
        return token

    def prepare(self) -> str:
        """Bring about the state before the change, and return its access token; "" if nobody is signed in."""
        token = self.found()
        if not self.needs_account:
            self.remove_data()
            return ""
        if token in self.simkl.tokens:
            return token
        token = approve(self.kodi, self.simkl, lambda: self.kodi.run("action=sign_in"))
        self.kodi.wait_for_message("Signed in as")
        self.kodi.press("OK", "")
        self.kodi.wait_for_window(HOME)
        return token

    def remove_data(self) -> None:
        """Remove what the add-on has stored."""
        shutil.rmtree(self.kodi.home / ".kodi/userdata/addon_data" / self.addon_id, ignore_errors=True)


class FirstSignIn(Flow):
    """A sign-in while nobody is signed in."""

    needs_account = False
    writes = 7

    def begin(self) -> str:
        return approve(self.kodi, self.simkl, lambda: self.kodi.run("action=sign_in"))


class OtherAccount(FirstSignIn):
    """A sign-in with another account."""

    needs_account = True
    writes = 5


class Refresh(Flow):
    """A refresh of the access token."""

    writes = 2

    def begin(self) -> str:
        (grant,) = [grant for grant in self.simkl.grants.values() if grant.access_token in self.simkl.tokens][-1:]
        grant.expires_at = time.monotonic()
        refreshes = len(self.simkl.of_kind("refresh"))
        Consumer(self.kodi).begin("request")
        wait_for("a refresh", lambda: answered(self.simkl, "refresh") > refreshes, interval=0.0005)
        return grant.access_token


class SignOut(Flow):
    """A sign-out."""

    writes = 6

    def begin(self) -> str:
        self.kodi.run("action=sign_out")
        self.kodi.wait_for_window(CONFIRMATION)
        self.kodi.focus("Sign out", "Left Right")
        revocations = len(self.simkl.of_kind("revoke"))
        self.kodi.key("Select")
        wait_for("the end of the grant", lambda: answered(self.simkl, "revoke") > revocations, interval=0.0005)
        return ""


class Twenty(FirstSignIn):
    """A sign-in by the script of twenty lines, while somebody is signed in."""

    addon_id = TWENTY
    writes = 1

    def prepare(self) -> str:
        self.remove_data()  # Kodi never writes a damaged settings.xml again
        token = self.begin()
        wait_for("the token in settings.xml", lambda: self.found() == token)
        self.kodi.wait_for_window(HOME)
        return token

    def begin(self) -> str:
        return approve(self.kodi, self.simkl, lambda: self.kodi.builtin(f"RunScript({TWENTY})"))

    def found(self) -> str:
        return self.kodi.settings_file(TWENTY).get("access_token", "")


def approve(kodi: Kodi, simkl: StandIn, start: Callable[[], None]) -> str:
    """Start a sign-in, let a new user approve it, and return the token as soon as Simkl sends it."""
    codes = set(simkl.codes)
    start()
    wait_for("a code", lambda: set(simkl.codes) - codes)
    polls, name = len(simkl.of_kind("poll")), f"User {len(simkl.secrets)}"
    assert simkl.approve(simkl.newest_code() or "", name)
    wait_for("the token", lambda: name in simkl.tokens.values() and answered(simkl, "poll") > polls, interval=0.0005)
    return next(token for token, user in simkl.tokens.items() if user == name)


def answered(simkl: StandIn, kind: str) -> int:
    """Return how many requests of this kind have been answered."""
    return sum(1 for request in simkl.of_kind(kind) if request.answered_at)


def kill_during(flow: Flow, at_write: int | None, row: Row) -> None:
    """Let the flow begin, kill Kodi, start it again, and count what is found.

    at_write: kill as soon as settings.xml is emptied for this write, from 0; None for a random moment.
    """
    old = flow.prepare()
    with SettingsWatch(flow.kodi.home, flow.addon_id) as watch:
        new = flow.begin()
        was_stored = _wait_for_kill(watch, new, old, at_write)
        flow.kodi.kill()
        was_stored = was_stored or _is_stored(watch, new, old)
        row.kills += 1
        row.damaged += watch.is_damaged()
    flow.kodi.start()
    found = flow.found()
    row.new += found == new
    row.old += found == old
    row.lost += found not in (old, new)
    row.lost_after_stored += was_stored and found != new


def _wait_for_kill(watch: SettingsWatch, new: str, old: str, at_write: int | None) -> bool:
    """Return at the moment to kill Kodi: whether the new state had been stored by then."""
    was_stored = False
    kill_at = time.monotonic() + (random.uniform(0, LONGEST_DELAY) if at_write is None else 5)
    while time.monotonic() < kill_at:
        for is_complete in watch.follow(0.001 if at_write is None else 1):
            if watch.writes == at_write and not is_complete:
                return was_stored
            was_stored = was_stored or (is_complete and _is_stored(watch, new, old))
    return was_stored


def _is_stored(watch: SettingsWatch, new: str, old: str) -> bool:
    """Return True if settings.xml holds the new account; after a sign-out, if the old one is not in it any more."""
    return not watch.is_damaged() and (new in watch.text() if new else old not in watch.text())


def run(kodi: Kodi, simkl: StandIn, home: Path) -> None:
    """Run the campaign, and print the table row by row."""
    print(
        "| killed during | kills | settings.xml damaged | the new account | the old one | neither | lost after stored |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for kind in (FirstSignIn, OtherAccount, Refresh, SignOut, Twenty):
        kodi.kill()
        fill_in_client_id(home, CLIENT_ID if kind is Twenty else DEVICE_CLIENT_ID)
        kodi.start()
        flow, row = kind(kodi, simkl), Row()
        for number in range(KILLS):
            kill_during(flow, None, row)
            kill_during(flow, number % flow.writes, row)
        print(f"| {(kind.__doc__ or '').splitlines()[0]} | {' | '.join(map(str, vars(row).values()))} |", flush=True)


def main() -> None:
    """Run it in a network where Simkl is the stand-in."""
    namespace.enter(HOSTS)
    with tempfile.TemporaryDirectory(prefix="kodi-") as folder, xvfb() as display:
        simkl = StandIn(interval=1)
        simkl.serve_tls()
        home = Path(folder) / "home"
        make_home(home, display, simkl.authority, DEVICE_CLIENT_ID, consumers=True)
        kodi = Kodi(home, display)
        try:
            kodi.start()
            run(kodi, simkl, home)
        finally:
            kodi.kill()
            simkl.close()


if __name__ == "__main__":
    main()
