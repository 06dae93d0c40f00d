# SPDX-License-Identifier: GPL-2.0-or-later
"""Fakes for the tests without Kodi: a clock, a Simkl, a screen and settings that note what is done to them.

World has one of each. The values below stand for what Simkl sends and what is stored.
"""

from __future__ import annotations

import json
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import date
from typing import Any, Callable, Iterable, Iterator, Mapping, TypeVar, Union

from lib.simkl_account.account.journal import Journal
from lib.simkl_account.account.store import AccountStore
from lib.simkl_account.errors import NotSaved, RefreshRefused, Unreachable
from lib.simkl_account.models import Account, Code, Credentials, User
from lib.simkl_account.outcome import Outcome
from lib.simkl_account.simkl.protocol import Approved, CodeInvalid, Pending, PollResult
from lib.simkl_account.simkl.transport import Answer as HttpAnswer

T = TypeVar("T")

CODE = Code("5G6JAH", "simkl.com/pin", expires_in=900, interval=5, link="https://simkl.com/pin/5G6JAH")
CODE_BODY = {
    "result": "OK",
    "device_code": "DEVICE_CODE",
    "user_code": "5G6JAH",
    "verification_uri": "https://simkl.com/pin",
    "verification_url": "https://simkl.com/pin",
    "expires_in": 900,
    "interval": 5,
}
"""The answer to a request for a code in the PIN flow, before it is encoded as JSON: CODE as Simkl sends it."""
PENDING, SLOW_DOWN, CODE_INVALID = Pending(), Pending(slow_down=True), CodeInvalid()
ADA = User("Ada", 7, "pro")

TODAY = date(2026, 11, 23)
SIGNED_IN = {
    "access_token": "a-token",
    "client_id": "an-id",
    "id": 7,
    "name": "Ada",
    "type": "pro",
    "since": "2026-11-23",
    "needs_sign_in": False,
}
"""The setting `account` after Ada has signed in by the PIN flow, before it is encoded as JSON."""


def signed_in(**changes: Any) -> dict[str, str]:
    """Return the settings while Ada is signed in, with changes to SIGNED_IN, such as refresh_token="r-token"."""
    account = {**SIGNED_IN, **changes}
    return {
        "account": json.dumps(account),
        "access_token": str(account["access_token"]),
        "user_name": str(account["name"]),
        "signed_in": "yes",
    }


def approved(token: str = "a-token") -> Approved:
    """Return Simkl's answer to a poll once the user has approved the code."""
    return Approved(Credentials(token, "an-id"))


class Hang:
    """An answer that does not come. The request ends with this error when it is interrupted.

    is_sent: the request has been sent. answer, after: what comes so many seconds after the start, after all.
    """

    def __init__(self, error: Exception, is_sent: bool = False, answer: object = None, after: float = 0.0) -> None:
        self.error, self.is_sent, self.answer, self.after = error, is_sent, answer, after


Answer = Union[PollResult, Code, User, Credentials, Exception, Hang, None]


class FakeRuntime:
    """A clock that moves only while something waits for it. A request is answered at once, except by a Hang."""

    START = 1000.0

    def __init__(self) -> None:
        self.time = self.START
        self.waits: list[float] = []
        self.shut_down_at: float | None = None
        """When Kodi quits, on this clock."""
        self.waiting: list[tuple[Future[object], Hang]] = []
        """Requests that wait for an answer."""

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.time - self.START

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        assert seconds > 0, "Kodi would wait until it ends"
        self.waits.append(seconds)
        self.time += seconds
        for future, hang in list(self.waiting):
            if hang.answer and self.elapsed >= hang.after:
                future.set_result(hang.answer)
                self.waiting.remove((future, hang))

    def wait_for(self, answer: Future[Any], seconds: float) -> bool:
        if not answer.done():
            self.wait(seconds)
        return answer.done()

    def is_shutting_down(self) -> bool:
        return self.shut_down_at is not None and self.time >= self.shut_down_at

    def start(self, call: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        try:
            value = call()
        except Exception as error:
            future.set_exception(error)
            return future
        if isinstance(value, Hang):
            self.waiting.append((future, value))  # type: ignore[arg-type]
        else:
            future.set_result(value)
        return future


class FakeLock:
    """A lock that another interpreter holds until taken_until, in seconds since the start."""

    def __init__(self, runtime: FakeRuntime) -> None:
        self._runtime = runtime
        self.taken_until = 0.0
        self.is_held = False
        self.before_acquired: Callable[[], object] = lambda: None
        """What the other interpreter has done by the time it releases the lock."""

    def acquire(self) -> bool:
        if self._runtime.elapsed < self.taken_until:
            return False
        self.before_acquired()
        self.is_held = True
        return True

    def release(self) -> None:
        self.is_held = False


class FakeCooldown:
    """A cooldown on the clock of a FakeRuntime."""

    def __init__(self, runtime: FakeRuntime) -> None:
        self._runtime = runtime
        self.until: float | None = None
        """When it is over, in seconds since the start; None if it was not started."""

    def was_started(self) -> bool:
        return self.until is not None

    def is_over(self) -> bool:
        return self.until is None or self._runtime.elapsed >= self.until

    def start(self, seconds: float) -> None:
        self.until = self._runtime.elapsed + seconds

    def clear(self) -> None:
        self.until = None


class FakeSimkl:
    """A client with prepared answers. Each is given once, in turn; the last one again and again."""

    flow = "pin"

    def __init__(self, runtime: FakeRuntime) -> None:
        self._runtime = runtime
        self.codes: list[Answer] = [CODE]
        self.polls: list[Answer] = [PENDING]
        self.refreshes: list[Answer] = [RefreshRefused("HTTP 400")]
        self.revocations: list[Answer] = [None]
        self.users: list[Answer] = [ADA]
        self.requests: list[tuple[float, str]] = []
        """Each request: seconds since the start, and what was requested with which code or token."""
        self.interruptions = 0
        self.closed = False

    def connect(self) -> FakeSimkl:
        return self

    def request_code(self) -> Code:
        return self._answer("code", self.codes)  # type: ignore[return-value]

    def poll(self, code: Code) -> PollResult:
        return self._answer(f"poll {code.user_code}", self.polls)  # type: ignore[return-value]

    def user(self, access_token: str) -> User:
        return self._answer(f"user {access_token}", self.users)  # type: ignore[return-value]

    def refresh(self, credentials: Credentials) -> Credentials:
        return self._answer(f"refresh {credentials.refresh_token}", self.refreshes)  # type: ignore[return-value]

    def revoke(self, credentials: Credentials) -> None:
        return self._answer(f"revoke {credentials.refresh_token}", self.revocations)  # type: ignore[return-value]

    def interrupt(self, unless_sent: bool = False) -> None:
        self.interruptions += 1
        for future, hang in list(self._runtime.waiting):
            if not (unless_sent and hang.is_sent):
                future.set_exception(hang.error)
                self._runtime.waiting.remove((future, hang))

    def close(self) -> None:
        self.interrupt()
        self.closed = True

    @property
    def sent(self) -> list[str]:
        """What was requested, in order, without the times."""
        return [request for _, request in self.requests]

    def sent_at(self, what: str) -> list[float]:
        """Return when requests that begin with these words were sent, in seconds since the start."""
        return [at for at, request in self.requests if request.startswith(what)]

    def _answer(self, what: str, answers: list[Answer]) -> Answer:
        self.requests.append((round(self._runtime.elapsed, 3), what))
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeTransport:
    """A transport that sends nothing. It gives the same answer to every request."""

    def __init__(self, body: Any, status: int = 200, retry_after: float | None = None) -> None:
        """body: bytes, or a value to encode as JSON."""
        self._answer = HttpAnswer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), retry_after)
        self.sent: list[tuple[Any, ...]] = []
        """The arguments of each request."""

    def request(self, *arguments: Any, **form: Any) -> HttpAnswer:
        self.sent.append((*arguments, *form.values()))
        return self._answer


class FakeScreen:
    """A screen that notes what it is told to show."""

    def __init__(self, runtime: FakeRuntime) -> None:
        self._runtime = runtime
        self.shown: list[str] = []
        self.time_left: list[float] = []
        self.cancel_at: float | None = None
        """When the user cancels, in seconds since the start."""
        self.answers: list[bool] = []
        """What the user answers to ask_again(); no, once they are used up."""
        self.closed_at: float | None = None

    def show_contacting(self) -> None:
        self.shown.append("contacting")

    def show_code(self, code: Code) -> None:
        self.shown.append(f"code {code.user_code}")

    def show_time_left(self, seconds: float) -> None:
        self.time_left.append(seconds)

    def show_unreachable(self, error: Unreachable | None) -> None:
        self.shown.append(("blocked" if error.is_block else "unreachable") if error else "reachable")

    def show_approved(self) -> None:
        self.shown.append("approved")

    def look(self) -> None: ...

    def is_cancelled(self) -> bool:
        return self.cancel_at is not None and self._runtime.elapsed >= self.cancel_at

    def ask_again(self, outcome: Outcome) -> bool:
        self.shown.append(f"again? {outcome}")
        return self.answers.pop(0) if self.answers else False

    def close(self) -> None:
        self.closed_at = self.closed_at or self._runtime.time
        self.shown.append("closed")


class FakeSettings:
    """Settings in memory that note each write, in order."""

    def __init__(self, **values: str) -> None:
        self.values: dict[str, str] = values
        self.written: list[tuple[str, str]] = []
        self.writes_to_fail = 0
        """How many of the next writes fail."""
        self.is_exclusive = False

    def get(self, setting: str) -> str:
        return self.values.get(setting, "")

    def read(self, settings: Iterable[str]) -> dict[str, str]:
        return {setting: self.get(setting) for setting in settings}

    def set(self, setting: str, value: str) -> None:
        assert self.is_exclusive, "written without the lock"
        if self.writes_to_fail:
            self.writes_to_fail -= 1
            raise NotSaved(setting)
        self.written.append((setting, value))
        self.values[setting] = value

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        assert not self.is_exclusive, "this would wait for itself"
        self.is_exclusive = True
        try:
            yield
        finally:
            self.is_exclusive = False


class FakeCopy:
    """A copy of the settings in memory."""

    def __init__(self) -> None:
        self.committed: dict[str, str] = {}
        self.prepared: dict[str, str] | None = None
        self.is_disk_full = False

    def read(self) -> dict[str, str]:
        return dict(self.committed if self.prepared is None else self.prepared)

    def prepare(self, values: Mapping[str, str]) -> None:
        if self.is_disk_full:
            raise NotSaved("the disk is full")
        self.prepared = dict(values)

    def commit(self) -> None:
        if self.prepared is not None:
            self.committed, self.prepared = self.prepared, None

    def drop(self) -> None:
        self.prepared = None


class World:
    """All that a sign-in, a check or a refresh uses."""

    def __init__(self, **settings: str) -> None:
        self.runtime = FakeRuntime()
        self.simkl = FakeSimkl(self.runtime)
        self.screen = FakeScreen(self.runtime)
        self.settings = FakeSettings(**settings)
        self.copy = FakeCopy()
        self.accounts = AccountStore(Journal(self.settings, self.copy, lambda line: None), today=lambda: TODAY)
        self.lock = FakeLock(self.runtime)
        self.cooldowns: dict[str, FakeCooldown] = {}
        """The cooldowns by their names, with the account's refresh token or access token."""
        self.log: list[str] = []

    @property
    def account(self) -> Account:
        """The stored account. There must be one."""
        account = self.accounts.load()
        assert account
        return account

    def cooldown(self, name: str, credentials: Credentials) -> FakeCooldown:
        """Return the cooldown of this name for the account of these credentials."""
        key = f"{name} {credentials.refresh_token or credentials.access_token}"
        return self.cooldowns.setdefault(key, FakeCooldown(self.runtime))
