# SPDX-License-Identifier: GPL-2.0-or-later
"""The sign-in, told as a story: ask for a code, show it, wait, ask whether it was approved, until an end.

No Kodi, no HTTP and no clock of its own: it is given them. How it waits for an answer is in asking.py.
"""

from random import random
from typing import Callable, Optional, Protocol

from ..account.store import AccountStore, Grant
from ..errors import NotSaved, SimklError, Unreachable
from ..outcome import End, Outcome
from ..simkl.background import Asking, Ended, Line, Runtime, outcome_of
from ..simkl.backoff import Pace
from ..simkl.client import User
from ..simkl.protocol import Approved, Code, Denied, Gone, Poll
from .ui import Screen

CODE_PATIENCE = 60.0
"""Seconds to go on asking for a code when Simkl says "too many requests"."""

NAME_PATIENCE = 20.0
"""The same for the name. It has to end: the person is looking at "One moment"."""

_WORTH_ANOTHER_TRY = (End.EXPIRED, End.DENIED, End.ANSWER_LOST, End.UNREACHABLE)


class Client(Line, Protocol):
    """What a sign-in asks of Simkl: see simkl.Simkl."""

    def request_code(self) -> Code: ...
    def poll(self, code: Code) -> Poll: ...
    def user(self, access_token: str) -> User: ...


class SignIn:
    """One sign-in, from the first request to its end."""

    def __init__(
        self,
        connect: Callable[[], Client],
        screen: Screen,
        accounts: AccountStore,
        runtime: Runtime,
        log: Callable[[str], None],
        chance: Callable[[], float] = random,
    ) -> None:
        """connect, chance: see asking.Asking."""
        self._simkl = Asking(connect, self._look_after_screen, runtime, chance)
        self._screen = screen
        self._accounts = accounts
        self._runtime = runtime
        self._log = log
        self._chance = chance
        self._expires_at: Optional[float] = None

    def run(self) -> Outcome:
        """Sign in. Every failure is an Outcome; when this returns, the screen is closed and no request goes on."""
        try:
            while True:
                outcome = outcome_of(self._one_try)
                self._expires_at = None
                self._log(f"sign-in: {outcome.end.name}" + (f", {outcome.trouble.value}" if outcome.trouble else ""))
                if outcome.end not in _WORTH_ANOTHER_TRY or not self._screen.ask_again(outcome):
                    return outcome
        finally:
            self._screen.close()
            self._simkl.close()

    def _one_try(self) -> Outcome:
        """From a new code to an end."""
        code = self._get_code()
        grant = self._wait_for_approval(code)
        before = self._accounts.load()
        self._store(grant)
        user = self._get_user(grant)
        replaced = before.name if before and user and before.is_somebody_else(user) else ""
        name = user.name if user else ""
        return Outcome(End.SIGNED_IN, user_name=name, replaced=replaced, read_only=grant.is_read_only())

    def _get_code(self) -> Code:
        self._screen.show_contacting()
        code = self._simkl.ask(lambda simkl: simkl.request_code(), CODE_PATIENCE)
        self._expires_at = self._simkl.asked_at + code.expires_in
        self._screen.show_code(code)
        return code

    def _wait_for_approval(self, code: Code) -> Grant:
        """Poll until the code is approved, and return what that grants."""
        assert self._expires_at is not None  # _get_code has run
        pace = Pace(code.interval, chance=self._chance)
        failure: Optional[Unreachable] = None
        while True:
            next_poll = max(self._runtime.now() + pace.wait(), self._simkl.quiet_until)
            if failure and self._simkl.quiet_until >= self._expires_at:
                raise failure
            self._simkl.wait_until(min(next_poll, self._expires_at))
            if next_poll >= self._expires_at:
                raise failure or Ended(End.EXPIRED)
            try:
                answer = self._simkl.ask_once(lambda simkl: simkl.poll(code))
            except Unreachable as error:
                self._log(f"poll failed: {error}")
                self._screen.show_trouble(True)
                pace.failed(error)
                failure = error
                continue
            if isinstance(answer, Approved):
                return answer.grant
            if isinstance(answer, Gone):
                # An approval is delivered once: where the answer before this one was lost, it may have been that.
                raise Ended(End.ANSWER_LOST if failure and not answer.has_expired else End.EXPIRED)
            if isinstance(answer, Denied):
                raise Ended(End.DENIED)
            self._screen.show_trouble(False)
            pace.answered(answer.slow_down)
            failure = None

    def _store(self, grant: Grant) -> None:
        """Store the token before anything else is done: Simkl will not hand it out again."""
        self._expires_at = None
        while True:
            try:
                return self._accounts.replace(grant)
            except NotSaved as error:
                self._log(f"not saved: {error}")
                if not self._screen.ask_again(Outcome(End.NOT_SAVED)):
                    raise

    def _get_user(self, grant: Grant) -> Optional[User]:
        """Fetch and store whose grant it is; None where that fails. The sign-in is already good: nothing ends it."""
        self._screen.show_approved()
        try:
            user = self._simkl.ask(lambda simkl: simkl.user(grant.access_token), NAME_PATIENCE)
            self._accounts.set_user(grant, user)
            return user
        except (Ended, SimklError, NotSaved) as error:
            self._log(f"no user name: {error}")
            return None

    def _look_after_screen(self) -> None:
        if self._screen.is_cancelled():
            raise Ended(End.CANCELLED)
        if self._expires_at is not None:
            self._screen.show_time_left(max(0.0, self._expires_at - self._runtime.now()))
