# SPDX-License-Identifier: GPL-2.0-or-later
"""Check whether Simkl still accepts the stored sign-in, and update what is stored about the user."""

from __future__ import annotations

from typing import Callable

from ..account.refresh import Cooldown
from ..account.retries import Verdict, send_with_retries, tries
from ..account.store import AccountStore
from ..errors import NotSaved, ScopeInsufficient, SignInNeeded, TokenOutdated, TokenRefused, Unreachable
from ..models import Credentials
from ..outcome import Outcome, SignInResult, signed_in
from ..simkl.background import BackgroundClient, Client, Runtime, run_to_outcome
from .ui import Screen

REQUEST_TIMEOUT = 20.0
"""Seconds to keep sending the request while Simkl says "too many requests"."""


class Check:
    """One check."""

    def __init__(
        self,
        connect: Callable[[], Client],
        screen: Screen,
        accounts: AccountStore,
        runtime: Runtime,
        refresh: Callable[[BackgroundClient, Credentials], Credentials],
        cooldown: Callable[[str, Credentials], Cooldown],
        is_outdated: Callable[[Credentials], bool],
        log: Callable[[str], None],
    ) -> None:
        """connect: see BackgroundClient. refresh, is_outdated: account.refresh.refresh() and
        account.pin_retirement.is_outdated() without their other arguments. cooldown: see account.retries.tries().
        """
        self._simkl = BackgroundClient(connect, runtime, screen.is_cancelled, self._on_tick)
        self._screen = screen
        self._accounts = accounts
        self._refresh = refresh
        self._cooldown = cooldown
        self._is_outdated = is_outdated
        self._log = log

    def run(self) -> Outcome:
        """Ask Simkl, store its answer, and return SIGNED_IN, NEEDS_SIGN_IN, or why there is no answer."""
        try:
            outcome = run_to_outcome(self._check)
            self._log(f"check: {outcome}")
            return outcome
        finally:
            self._screen.close()
            self._simkl.close()

    def _check(self) -> Outcome:
        self._screen.show_contacting()

        failures: list[Unreachable] = []

        def refresh(credentials: Credentials) -> Credentials:
            try:
                return self._refresh(self._simkl, credentials)
            except Unreachable as error:
                failures.append(error)
                return credentials  # these can still be good

        def verdict(outcome: Outcome) -> Verdict:
            return Verdict.REFUSED if outcome.result is SignInResult.TOKEN_REFUSED else Verdict.ACCEPTED

        try:
            attempts = tries(self._accounts, refresh, self._cooldown, is_asked_for=True)
            outcome = send_with_retries(attempts, self._fetch_user, verdict)
            if failures and outcome.result is SignInResult.TOKEN_REFUSED:
                raise failures[-1]
            return outcome
        except SignInNeeded:
            return Outcome(SignInResult.NEEDS_SIGN_IN)

    def _fetch_user(self, credentials: Credentials) -> Outcome:
        """Ask Simkl once, and store what it says of the user."""
        try:
            user = self._simkl.call_with_retry(lambda simkl: simkl.user(credentials.access_token), REQUEST_TIMEOUT)
        except TokenRefused:
            return Outcome(SignInResult.TOKEN_REFUSED)
        except TokenOutdated:
            self._store(lambda: self._accounts.set_outdated(credentials))
            return Outcome(SignInResult.SIGNED_IN)
        except ScopeInsufficient:
            return Outcome(SignInResult.SIGNED_IN, read_only=True)
        self._store(lambda: self._accounts.set_user(credentials, user))
        if self._is_outdated(credentials):
            self._store(lambda: self._accounts.set_outdated(credentials))
        return signed_in(user, credentials)

    def _store(self, change: Callable[[], object]) -> None:
        """Store a change. If that fails, go on: Simkl's answer is still true."""
        try:
            change()
        except NotSaved as error:
            self._log(f"not saved: {error}")

    def _on_tick(self) -> None:
        self._screen.look()
        if self._screen.is_cancelled():
            self._screen.close()  # a refresh that is being sent is waited for, but the user does not see that
