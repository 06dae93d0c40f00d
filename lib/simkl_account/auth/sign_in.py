# SPDX-License-Identifier: GPL-2.0-or-later
"""Sign in with a code: request one, show it, poll until the user has approved it, store the token."""

from __future__ import annotations

from random import random
from typing import Callable

from ..account.store import AccountStore
from ..errors import NotSaved, SimklError, Unreachable
from ..models import Account, Code, Credentials, User
from ..outcome import Outcome, SignInResult, signed_in
from ..simkl.background import BackgroundClient, Client, Runtime, Stopped, run_to_outcome
from ..simkl.backoff import Backoff
from ..simkl.protocol import Approved, CodeInvalid, Denied
from .sign_out import revoke
from .ui import Screen

CODE_REQUEST_TIMEOUT = 60.0
"""Seconds to keep requesting a code while Simkl says "too many requests"."""

EXPIRY_MARGIN = 30.0
"""Seconds by which Simkl's clock and this one may differ about the end of a code."""

LAST_POLL_MARGIN = 5.0
"""Seconds before the end of a code at which Simkl is polled at the latest, unless it wants to be left alone."""

USER_REQUEST_TIMEOUT = 20.0
"""Seconds to keep requesting the user's name. The user sees "One moment" for so long."""


class SignIn:
    """One sign-in."""

    def __init__(
        self,
        connect: Callable[[], Client],
        screen: Screen,
        accounts: AccountStore,
        runtime: Runtime,
        log: Callable[[str], None],
        random: Callable[[], float] = random,
    ) -> None:
        """connect, random: see BackgroundClient."""
        self._simkl = BackgroundClient(connect, runtime, screen.is_cancelled, self._on_tick, random)
        self._screen = screen
        self._accounts = accounts
        self._runtime = runtime
        self._log = log
        self._random = random
        self._expires_at: float | None = None
        """When the code on the screen expires, on the runtime's clock."""

    def run(self) -> Outcome:
        """Sign in, and return how it ended. By then the screen is closed and no request is under way."""
        try:
            while True:
                outcome = run_to_outcome(self._try_once)
                self._expires_at = None
                self._log(f"sign-in: {outcome}")
                if not outcome.can_be_retried or not self._screen.ask_again(outcome):
                    return outcome
        finally:
            self._screen.close()
            self._simkl.close()

    def _try_once(self) -> Outcome:
        """Sign in with one code."""
        code = self._request_code()
        credentials = self._wait_for_approval(code)
        replaced = self._store(credentials)
        user = self._fetch_user(credentials)
        if replaced:
            self._revoke(replaced[0], credentials)
        if not user:
            return Outcome(SignInResult.SIGNED_IN, read_only=credentials.is_read_only)
        outcome = signed_in(user, credentials)
        if replaced and replaced[1].is_somebody_else(user):
            return outcome._replace(replaced_name=replaced[1].name)
        return outcome._replace(is_same_account=bool(replaced and user.id and user.id == replaced[1].id))

    def _request_code(self) -> Code:
        self._screen.show_contacting()
        code = self._simkl.call_with_retry(lambda simkl: simkl.request_code(), CODE_REQUEST_TIMEOUT)
        self._expires_at = self._simkl.sent_at + code.expires_in
        self._screen.show_code(code)
        return code

    def _wait_for_approval(self, code: Code) -> Credentials:
        """Poll until the user has approved the code, and return the tokens."""
        assert self._expires_at is not None  # _request_code() has set it
        backoff = Backoff(code.interval, random=self._random)
        failure: Unreachable | None = None
        while True:
            next_poll = self._next_poll(backoff, failure, self._expires_at)
            self._simkl.wait_until(min(next_poll, self._expires_at))
            if next_poll >= self._expires_at:
                raise failure or Stopped(SignInResult.EXPIRED)
            try:
                result = self._simkl.call(lambda simkl: simkl.poll(code))
            except Unreachable as error:
                self._log(f"poll failed: {error}")
                self._screen.show_unreachable(error)
                backoff.failed(error)
                failure = error
                continue
            if isinstance(result, Approved):
                return result.credentials
            if isinstance(result, CodeInvalid):
                raise Stopped(self._result_of_invalid_code(result, is_answer_missing=failure is not None))
            if isinstance(result, Denied):
                raise Stopped(SignInResult.DENIED)
            self._screen.show_unreachable(None)
            backoff.succeeded(result.slow_down)
            failure = None

    def _next_poll(self, backoff: Backoff, failure: Unreachable | None, expires_at: float) -> float:
        """Return when to poll next. Raises failure if Simkl wants no request before the code expires."""
        last = max(self._simkl.sent_at + backoff.interval, expires_at - LAST_POLL_MARGIN)
        if failure and failure.is_block:  # Simkl does not say how long it blocks the client id
            return min(self._simkl.not_before, last)
        if failure and self._simkl.not_before >= expires_at:
            raise failure
        return max(min(self._runtime.now() + backoff.next_delay(), last), self._simkl.not_before)

    def _result_of_invalid_code(self, result: CodeInvalid, is_answer_missing: bool) -> SignInResult:
        """Return ANSWER_LOST if the answer before this one may have been the approval, which comes once.

        Simkl also says "expired" of a code that it does not know (https://api.simkl.org, "Device flow"), so that counts
        only near the end of the code's life.
        """
        assert self._expires_at is not None
        has_expired = result.has_expired and self._runtime.now() >= self._expires_at - EXPIRY_MARGIN
        return SignInResult.ANSWER_LOST if is_answer_missing and not has_expired else SignInResult.EXPIRED

    def _store(self, credentials: Credentials) -> tuple[Credentials, Account] | None:
        """Store the tokens before anything else, because Simkl does not send them again. Returns what they replace.

        That can take a minute, while Kodi updates the add-on. If the user cancels in that time, only the screen closes:
        the approval came before. Raises NotSaved if it fails and the user does not want to try again.
        """
        self._expires_at = None
        while True:
            try:
                return self._simkl.finish(lambda: self._accounts.replace(credentials))
            except NotSaved as error:
                self._log(f"not saved: {error}")
                if not self._screen.ask_again(Outcome(SignInResult.NOT_SAVED)):
                    raise

    def _fetch_user(self, credentials: Credentials) -> User | None:
        """Fetch and store the user. Returns None if that fails: the sign-in is already stored, and stays."""
        self._screen.show_approved()
        try:
            user = self._simkl.call_with_retry(lambda simkl: simkl.user(credentials.access_token), USER_REQUEST_TIMEOUT)
            self._accounts.set_user(credentials, user)
            return user
        except (Stopped, SimklError, NotSaved) as error:
            self._log(f"no user name: {error}")
            return None

    def _revoke(self, old: Credentials, new: Credentials) -> None:
        """End the grant that the new sign-in replaces: Simkl lets both live. If that fails, the user is not told."""
        is_blocked = self._runtime.now() < self._simkl.not_before
        if old.refresh_token and old.refresh_token != new.refresh_token and not is_blocked:
            revoke(self._simkl, old, self._log)

    def _on_tick(self) -> None:
        self._screen.look()
        if self._screen.is_cancelled():
            self._screen.close()
        elif self._expires_at is not None:
            self._screen.show_time_left(max(0.0, self._expires_at - self._runtime.now()))
