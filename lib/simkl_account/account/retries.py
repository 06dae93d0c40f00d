# SPDX-License-Identifier: GPL-2.0-or-later
"""What to do if Simkl refuses an access token: the same for the requests of other add-ons and for a check.

A refusal can be a passing fault of Simkl's. In the device flow, only a refused refresh token ends a sign-in: see
refresh.py. The PIN flow has none, so its sign-in ends if its token is refused again after LASTING.
"""

from __future__ import annotations

from contextlib import suppress
from enum import Enum, auto
from typing import Callable, Generator, TypeVar

from ..errors import NotSaved, SignInNeeded
from ..models import Credentials
from .refresh import Cooldown, is_due
from .store import AccountStore

T = TypeVar("T")

LASTING = 600.0
"""Seconds between two refusals of a token of the PIN flow that end the sign-in."""

MARKED_INTERVAL = 3600.0
"""Seconds between two requests with a sign-in that has ended, to find out whether Simkl accepts it again."""


class Verdict(Enum):
    """What an answer says about the access token."""

    ACCEPTED = auto()
    REFUSED = auto()
    UNKNOWN = auto()


Tries = Generator[Credentials, Verdict, None]
"""Yields the credentials for each try to send a request, and is sent the verdict of its answer."""


def tries(
    accounts: AccountStore,
    refresh: Callable[[Credentials], Credentials],
    cooldown: Callable[[str, Credentials], Cooldown],
    is_asked_for: bool = False,
) -> Tries:
    """Yield the credentials for each try to send a request.

    refresh: returns the same credentials if they cannot be refreshed now. cooldown: returns the cooldown of this
    name for the account of the credentials. is_asked_for: the user wants to know whether Simkl accepts the sign-in.
    Raises SignInNeeded if nobody is signed in, or if the sign-in has ended.
    """
    credentials = _stored(accounts)
    has_ended, marked = _has_ended(accounts), cooldown("marked", credentials)
    if has_ended and not is_asked_for:
        if not marked.is_over():
            raise SignInNeeded("the sign-in has ended")
        marked.start(MARKED_INTERVAL)
    has_refreshed = is_due(credentials)
    if has_refreshed:
        credentials = _refresh(refresh, credentials, marked)
    refused: list[str] = []
    while True:
        verdict = yield credentials
        if verdict is not Verdict.REFUSED:
            break
        refused.append(credentials.access_token)
        credentials = _stored(accounts)  # another interpreter can have refreshed it
        if credentials.access_token in refused and not has_refreshed:
            has_refreshed = True
            credentials = _refresh(refresh, credentials, marked)
        if credentials.access_token in refused:
            return _end_if_refused_for_long(accounts, credentials, cooldown("refused", credentials), marked)
    if verdict is Verdict.ACCEPTED:
        cooldown("refused", credentials).clear()
        if has_ended:
            with suppress(NotSaved):
                accounts.set_valid(credentials)


def send_with_retries(attempts: Tries, send: Callable[[Credentials], T], verdict: Callable[[T], Verdict]) -> T:
    """Send a request with each of the credentials until the attempts end, and return the last answer."""
    credentials = next(attempts)
    while True:
        answer = send(credentials)
        try:
            credentials = attempts.send(verdict(answer))
        except StopIteration:
            return answer


def _stored(accounts: AccountStore) -> Credentials:
    credentials = accounts.credentials()
    if not credentials:
        raise SignInNeeded("signed out")
    return credentials


def _has_ended(accounts: AccountStore) -> bool:
    account = accounts.load()
    return bool(account and account.needs_sign_in)


def _refresh(refresh: Callable[[Credentials], Credentials], credentials: Credentials, marked: Cooldown) -> Credentials:
    if not credentials.refresh_token:
        return credentials
    try:
        return refresh(credentials)
    except SignInNeeded:
        marked.start(MARKED_INTERVAL)
        raise


def _end_if_refused_for_long(
    accounts: AccountStore, credentials: Credentials, refusals: Cooldown, marked: Cooldown
) -> None:
    """End the sign-in, and raise SignInNeeded, if a token of the PIN flow is refused, and was so LASTING ago."""
    if _has_ended(accounts):
        raise SignInNeeded("the sign-in has ended")
    if credentials.refresh_token:
        return
    if not refusals.was_started():
        refusals.start(LASTING)
    elif refusals.is_over():
        marked.start(MARKED_INTERVAL)
        with suppress(NotSaved):
            accounts.set_needs_sign_in(credentials)
        raise SignInNeeded("the sign-in has ended")
