# SPDX-License-Identifier: GPL-2.0-or-later
"""The policy for a refused token, driven by hand: which credentials are tried, and when a sign-in ends."""

from __future__ import annotations

import pytest

from lib.simkl_account.account.retries import LASTING, MARKED_INTERVAL, Tries, Verdict, send_with_retries, tries
from lib.simkl_account.errors import SignInNeeded
from lib.simkl_account.models import Credentials

from .fakes import ADA, World

ACCEPTED, REFUSED, UNKNOWN = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.UNKNOWN
PIN = Credentials("a-token", "an-id")
DEVICE = Credentials("old-token", "an-id", "r-token")
"""Credentials whose expiry is not known, so that they are refreshed only after a refusal."""
NEW = DEVICE._replace(access_token="new-token")


class RetryWorld(World):
    """A World in which someone is signed in, with the tries to send one request."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self.accounts.replace(credentials)
        self.accounts.set_user(credentials, ADA)
        self.refreshed: list[Credentials] = []
        """The credentials that were refreshed."""
        self.new: Credentials | None = NEW
        """What a refresh returns; None if it fails."""

    def tries(self, is_asked_for: bool = False) -> Tries:
        return tries(self.accounts, self._refresh, self.cooldown, is_asked_for)

    def answer(self, *verdicts: Verdict, is_asked_for: bool = False) -> list[Credentials]:
        """Answer the tries with these verdicts, assert that these are all, and return the credentials of the tries."""
        attempts, sent = self.tries(is_asked_for), []
        sent.append(next(attempts))
        for verdict in verdicts[:-1]:
            sent.append(attempts.send(verdict))
        with pytest.raises(StopIteration):
            attempts.send(verdicts[-1])
        return sent

    def _refresh(self, credentials: Credentials) -> Credentials:
        self.refreshed.append(credentials)
        if not self.new:
            return credentials
        self.accounts.set_refreshed(credentials, self.new)
        return self.new


def test_accepted() -> None:
    """If Simkl accepts the token, there is one try, and nothing is stored."""
    world = RetryWorld(PIN)
    world.settings.written.clear()
    assert world.answer(ACCEPTED) == [PIN]
    assert world.settings.written == []


def test_signed_out() -> None:
    """If nobody is signed in, there is no try."""
    world = RetryWorld(PIN)
    world.accounts.remove()
    with pytest.raises(SignInNeeded):
        next(world.tries())


def test_signed_out_during_request() -> None:
    """If the user signs out while a request runs that Simkl refuses, there is no second try."""
    world = RetryWorld(DEVICE)
    attempts = world.tries()
    next(attempts)
    world.accounts.remove()
    with pytest.raises(SignInNeeded):
        attempts.send(REFUSED)


def test_refresh_when_due() -> None:
    """A token that expires soon is refreshed before the first try."""
    world = RetryWorld(DEVICE._replace(issued_at=1.0, expires_at=2.0))
    assert world.answer(ACCEPTED) == [NEW]


def test_refresh_when_due_fails() -> None:
    """If that refresh fails, the old token is tried, because the device's clock can be wrong."""
    due = DEVICE._replace(issued_at=1.0, expires_at=2.0)
    world = RetryWorld(due)
    world.new = None
    assert world.answer(ACCEPTED) == [due]


def test_refresh_after_refusal() -> None:
    """A refused token of the device flow is refreshed, once, and the request is sent once more."""
    world = RetryWorld(DEVICE)
    assert world.answer(REFUSED, ACCEPTED) == [DEVICE, NEW]
    world = RetryWorld(DEVICE)
    assert world.answer(REFUSED, REFUSED) == [DEVICE, NEW]
    assert world.refreshed == [DEVICE]


def test_another_has_refreshed() -> None:
    """If another interpreter has refreshed the token by now, its token is tried, and nothing is refreshed."""
    world = RetryWorld(DEVICE)
    attempts = world.tries()
    assert next(attempts) == DEVICE
    world.accounts.set_refreshed(DEVICE, NEW)
    assert attempts.send(REFUSED) == NEW
    assert world.refreshed == []


def test_another_has_refreshed_and_is_refused() -> None:
    """If that token is refused, too, it is refreshed, and the request is sent for the last time."""
    world = RetryWorld(DEVICE)
    world.new = DEVICE._replace(access_token="newer-token")
    attempts = world.tries()
    next(attempts)
    world.accounts.set_refreshed(DEVICE, NEW)
    attempts.send(REFUSED)
    assert attempts.send(REFUSED) == world.new
    with pytest.raises(StopIteration):
        attempts.send(REFUSED)
    assert world.refreshed == [NEW]


def test_device_flow_is_not_ended_by_refusals() -> None:
    """Refusals do not end a sign-in of the device flow, however long they last, and neither do failed refreshes."""
    world = RetryWorld(DEVICE)
    world.new = None
    for _ in range(3):
        assert world.answer(REFUSED) == [DEVICE]
        world.runtime.time += LASTING
    assert not world.account.needs_sign_in


def test_pin_flow_is_ended_by_lasting_refusals() -> None:
    """A sign-in of the PIN flow ends if its token is refused, and refused again LASTING later."""
    world = RetryWorld(PIN)
    assert world.answer(REFUSED) == [PIN]
    world.runtime.time += LASTING - 1
    assert world.answer(REFUSED) == [PIN]
    assert not world.account.needs_sign_in
    world.runtime.time += 1
    attempts = world.tries()
    next(attempts)
    with pytest.raises(SignInNeeded):
        attempts.send(REFUSED)
    assert world.account.needs_sign_in
    with pytest.raises(SignInNeeded):
        next(world.tries())
    assert LASTING >= 600


def test_passing_fault() -> None:
    """If the token is accepted between two refusals, the sign-in does not end."""
    world = RetryWorld(PIN)
    world.answer(REFUSED)
    world.answer(ACCEPTED)
    world.runtime.time += LASTING
    world.answer(REFUSED)
    assert not world.account.needs_sign_in


def test_fault_between_refusals() -> None:
    """An answer that says nothing about the token does not count as acceptance."""
    world = RetryWorld(PIN)
    world.answer(REFUSED)
    world.answer(UNKNOWN)
    world.runtime.time += LASTING
    attempts = world.tries()
    next(attempts)
    with pytest.raises(SignInNeeded):
        attempts.send(REFUSED)


def test_fault_at_another_look() -> None:
    """If a sign-in has ended, an answer that says nothing about the token does not change that."""
    world = RetryWorld(PIN)
    world.accounts.set_needs_sign_in(PIN)
    assert world.answer(UNKNOWN) == [PIN]
    assert world.account.needs_sign_in


def test_ended_sign_in_is_refreshed() -> None:
    """If a sign-in of the device flow has ended but can be refreshed, it is good again, even if the request is not."""
    world = RetryWorld(DEVICE)
    world.accounts.set_needs_sign_in(DEVICE)
    assert world.answer(REFUSED, REFUSED) == [DEVICE, NEW]
    assert not world.account.needs_sign_in


def test_grant_ends() -> None:
    """If a refresh finds that the sign-in has ended, the next request is not even tried before MARKED_INTERVAL."""
    world = RetryWorld(DEVICE)

    def refresh(credentials: Credentials) -> Credentials:
        world.accounts.set_needs_sign_in(credentials)
        raise SignInNeeded

    attempts = tries(world.accounts, refresh, world.cooldown)
    next(attempts)
    with pytest.raises(SignInNeeded):
        attempts.send(REFUSED)
    world.runtime.time += MARKED_INTERVAL - 1
    with pytest.raises(SignInNeeded):
        next(world.tries())
    world.runtime.time += 1
    assert next(world.tries()) == DEVICE


def test_refusals_of_another_account() -> None:
    """A refusal of an earlier sign-in does not count for the present one."""
    world = RetryWorld(PIN)
    world.answer(REFUSED)
    world.accounts.replace(PIN._replace(access_token="another-token"))
    world.runtime.time += LASTING
    world.answer(REFUSED)
    assert not world.account.needs_sign_in


def test_ended_sign_in() -> None:
    """A sign-in that has ended is tried again by itself, once in MARKED_INTERVAL, until Simkl accepts it."""
    world = RetryWorld(PIN)
    world.accounts.set_needs_sign_in(PIN)
    attempts = world.tries()
    next(attempts)
    for _ in range(2):
        with pytest.raises(SignInNeeded):
            attempts.send(REFUSED)
        world.runtime.time += MARKED_INTERVAL - 1
        with pytest.raises(SignInNeeded):
            next(world.tries())
        world.runtime.time += 1
        attempts = world.tries()
        next(attempts)
    with pytest.raises(StopIteration):
        attempts.send(ACCEPTED)
    assert not world.account.needs_sign_in
    assert MARKED_INTERVAL >= 3600


def test_ended_sign_in_that_is_asked_for() -> None:
    """If the user asks, a sign-in that has ended is tried at once, as often as the user likes."""
    world = RetryWorld(PIN)
    world.accounts.set_needs_sign_in(PIN)
    for _ in range(2):
        attempts = world.tries(is_asked_for=True)
        next(attempts)
        with pytest.raises(SignInNeeded):
            attempts.send(REFUSED)
    assert world.answer(ACCEPTED, is_asked_for=True) == [PIN]
    assert not world.account.needs_sign_in


def test_not_saved() -> None:
    """If the end of a sign-in, or that it is good again, cannot be stored, the result is the same."""
    world = RetryWorld(PIN)
    world.answer(REFUSED)
    world.runtime.time += LASTING
    world.settings.writes_to_fail = 1
    attempts = world.tries()
    next(attempts)
    with pytest.raises(SignInNeeded):
        attempts.send(REFUSED)
    world.accounts.set_needs_sign_in(PIN)
    world.settings.writes_to_fail = 1
    assert world.answer(ACCEPTED, is_asked_for=True) == [PIN]


def test_send_with_retries() -> None:
    """A request is sent for each try, and the last answer is returned."""
    world = RetryWorld(DEVICE)
    answer = send_with_retries(
        world.tries(), lambda credentials: credentials.access_token, lambda a: REFUSED if a == "old-token" else ACCEPTED
    )
    assert answer == "new-token"
