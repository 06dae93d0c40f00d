# SPDX-License-Identifier: GPL-2.0-or-later
"""Check whether Simkl still accepts the stored sign-in, and update what is stored about the user."""

from __future__ import annotations

from typing import Callable

from ..account.refresh import is_due
from ..account.store import AccountStore
from ..errors import NotSaved, SignInNeeded, TokenRefused
from ..models import Credentials
from ..outcome import Outcome, SignInResult, signed_in
from ..simkl.background import BackgroundClient, Client, Runtime, Stopped, run_to_outcome
from .ui import Screen

REQUEST_TIMEOUT = 20.0
"""Seconds to keep sending the request while Simkl says "too many requests"."""

RECHECK_DELAY = 3.0
"""Seconds before a refused token is sent once more: a single refusal can be a passing fault of Simkl's."""


class Check:
    """One check."""

    def __init__(
        self,
        connect: Callable[[], Client],
        screen: Screen,
        accounts: AccountStore,
        runtime: Runtime,
        refresh: Callable[[BackgroundClient, Credentials], Credentials],
        log: Callable[[str], None],
    ) -> None:
        """connect: see BackgroundClient. refresh: account.refresh.refresh() without its other arguments."""
        self._simkl = BackgroundClient(connect, self._on_tick, runtime)
        self._screen = screen
        self._accounts = accounts
        self._refresh = refresh
        self._log = log

    def run(self, credentials: Credentials) -> Outcome:
        """Ask Simkl, store its answer, and return SIGNED_IN, NEEDS_SIGN_IN, or why there is no answer."""
        try:
            outcome = run_to_outcome(lambda: self._check(credentials))
            self._log(f"check: {outcome}")
            return outcome
        finally:
            self._screen.close()
            self._simkl.close()

    def _check(self, credentials: Credentials) -> Outcome:
        self._screen.show_contacting()
        try:
            if is_due(credentials):
                credentials = self._refresh(self._simkl, credentials)
            try:
                return self._fetch_user(credentials)
            except TokenRefused:
                if credentials.refresh_token:
                    credentials = self._refresh(self._simkl, credentials)
                else:
                    self._simkl.wait(RECHECK_DELAY)
            try:
                return self._fetch_user(credentials)
            except TokenRefused:
                if not credentials.refresh_token:
                    raise
                self._simkl.wait(RECHECK_DELAY)
                credentials = self._refresh(self._simkl, credentials)
                return self._fetch_user(credentials)
        except TokenRefused:
            self._store(lambda: self._accounts.set_needs_sign_in(credentials))
            return Outcome(SignInResult.NEEDS_SIGN_IN)
        except SignInNeeded:
            return Outcome(SignInResult.NEEDS_SIGN_IN)

    def _fetch_user(self, credentials: Credentials) -> Outcome:
        user = self._simkl.call_with_retry(lambda simkl: simkl.user(credentials.access_token), REQUEST_TIMEOUT)
        self._store(lambda: self._accounts.set_user(credentials, user))
        return signed_in(user, credentials)

    def _store(self, change: Callable[[], None]) -> None:
        """Store a change. If that fails, go on: Simkl's answer is still true."""
        try:
            change()
        except NotSaved as error:
            self._log(f"not saved: {error}")

    def _on_tick(self) -> None:
        if self._screen.is_cancelled():
            raise Stopped(SignInResult.CANCELLED)
