# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking Simkl whether the stored sign-in is good, and what is new about the account."""

from typing import Callable, Protocol

from ..account.refresh import is_due
from ..account.store import AccountStore, Grant
from ..errors import NotSaved, SignInNeeded, TokenRefused
from ..outcome import End, Outcome
from ..simkl.background import Asking, Ended, Line, Runtime, outcome_of
from ..simkl.client import User
from .ui import Screen

PATIENCE = 20.0
"""Seconds to go on asking when Simkl says "too many requests"."""

RECHECK_PAUSE = 3.0
"""Seconds before a refused token is tried once more: one refusal alone can be a passing fault of Simkl's."""


class Client(Line, Protocol):
    """What a check asks of Simkl: see simkl.Simkl."""

    def user(self, access_token: str) -> User: ...
    def refresh(self, grant: Grant) -> Grant: ...


class Check:
    """One check."""

    def __init__(
        self,
        connect: Callable[[], Client],
        screen: Screen,
        accounts: AccountStore,
        runtime: Runtime,
        refresh: "Callable[[Asking[Client], Grant], Grant]",
        log: Callable[[str], None],
    ) -> None:
        """connect: see asking.Asking. refresh: see refresh.refresh()."""
        self._simkl = Asking(connect, self._look_after_screen, runtime)
        self._screen = screen
        self._accounts = accounts
        self._refresh = refresh
        self._log = log

    def run(self, grant: Grant) -> Outcome:
        """Ask who has signed in, and store the answer. Good is End.SIGNED_IN, no longer valid End.NEEDS_SIGN_IN."""
        try:
            outcome = outcome_of(lambda: self._check(grant))
            self._log(f"check: {outcome.end.name}" + (f", {outcome.trouble.value}" if outcome.trouble else ""))
            return outcome
        finally:
            self._screen.close()
            self._simkl.close()

    def _check(self, grant: Grant) -> Outcome:
        self._screen.show_contacting()
        try:
            if is_due(grant):
                grant = self._refresh(self._simkl, grant)
            try:
                return self._ask(grant)
            except TokenRefused:
                if grant.refresh_token:
                    grant = self._refresh(self._simkl, grant)
                else:
                    self._simkl.pause(RECHECK_PAUSE)
            try:
                return self._ask(grant)
            except TokenRefused:
                if not grant.refresh_token:
                    raise
                self._simkl.pause(RECHECK_PAUSE)
                grant = self._refresh(self._simkl, grant)
                return self._ask(grant)
        except TokenRefused:
            self._store(lambda: self._accounts.set_needs_sign_in(grant))
            return Outcome(End.NEEDS_SIGN_IN)
        except SignInNeeded:
            return Outcome(End.NEEDS_SIGN_IN)

    def _ask(self, grant: Grant) -> Outcome:
        user = self._simkl.ask(lambda simkl: simkl.user(grant.access_token), PATIENCE)
        self._store(lambda: self._accounts.set_user(grant, user))
        return Outcome(End.SIGNED_IN, user_name=user.name, read_only=grant.is_read_only())

    def _store(self, change: Callable[[], None]) -> None:
        """What Simkl said stays true where it cannot be written down."""
        try:
            change()
        except NotSaved as error:
            self._log(f"not saved: {error}")

    def _look_after_screen(self) -> None:
        if self._screen.is_cancelled():
            raise Ended(End.CANCELLED)
