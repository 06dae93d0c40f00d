# SPDX-License-Identifier: GPL-2.0-or-later
"""A clock, a screen, a Simkl and a settings store for the tests of the sign-in: they record what is done to them."""

from concurrent.futures import Future
from contextlib import contextmanager
from typing import Callable, Dict, Iterator, List, Optional, Tuple, TypeVar, Union

from lib.simkl_account.account.store import Grant
from lib.simkl_account.errors import GrantRefused, NotSaved
from lib.simkl_account.outcome import Outcome
from lib.simkl_account.simkl.client import User
from lib.simkl_account.simkl.protocol import Approved, Code, Gone, Pending, Poll

T = TypeVar("T")

CODE = Code("ABC123", "simkl.com/pin", expires_in=900, interval=5)
PENDING, SLOW_DOWN, GONE = Pending(), Pending(slow_down=True), Gone()


def approved(token: str = "a-token") -> Approved:
    return Approved(Grant(token, "an-id"))


class Hang:
    """An answer that does not come: the request ends with this error once it is hung up on."""

    def __init__(self, error: Exception) -> None:
        self.error = error


Answer = Union[Poll, Code, User, Grant, Exception, Hang, None]


class FakeRuntime:
    """A clock that only moves when it is waited for."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: List[float] = []
        self.shut_down_at: Optional[float] = None
        self.waiting: List["Tuple[Future[object], Hang]"] = []

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        assert seconds > 0, "Kodi waits for ever then"
        self.waits.append(seconds)
        self.time += seconds

    def is_shutting_down(self) -> bool:
        return self.shut_down_at is not None and self.time >= self.shut_down_at

    def start(self, call: Callable[[], T]) -> "Future[T]":
        future: "Future[T]" = Future()
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


class NoLock:
    """A lock that nobody else wants."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None: ...


class FakeSimkl:
    """Answers what it is told to, in turn; the last poll's answer is repeated."""

    def __init__(self, runtime: FakeRuntime) -> None:
        self._runtime = runtime
        self.codes: List[Answer] = [CODE]
        self.polls: List[Answer] = [PENDING]
        self.refreshes: List[Answer] = [GrantRefused("HTTP 400")]
        self.revocations: List[Answer] = [None]
        self.users: List[Answer] = [User("Ada", 7, "pro")]
        self.requests: List[Tuple[float, str]] = []
        """When, since the start, and what."""
        self.hung_up = 0
        self.closed = False

    def connect(self) -> "FakeSimkl":
        return self

    def request_code(self) -> Code:
        return self._answer("code", self.codes)  # type: ignore[return-value]

    def poll(self, code: Code) -> Poll:
        return self._answer(f"poll {code.user_code}", self.polls)  # type: ignore[return-value]

    def user(self, access_token: str) -> User:
        return self._answer(f"user {access_token}", self.users)  # type: ignore[return-value]

    def refresh(self, grant: Grant) -> Grant:
        return self._answer(f"refresh {grant.refresh_token}", self.refreshes)  # type: ignore[return-value]

    def revoke(self, grant: Grant) -> None:
        return self._answer(f"revoke {grant.refresh_token}", self.revocations)  # type: ignore[return-value]

    def hang_up(self) -> None:
        self.hung_up += 1
        for future, hang in self._runtime.waiting:
            future.set_exception(hang.error)
        self._runtime.waiting.clear()

    def close(self) -> None:
        self.hang_up()
        self.closed = True

    def polled_at(self) -> List[float]:
        return [at for at, what in self.requests if what.startswith("poll")]

    def _answer(self, what: str, answers: List[Answer]) -> Answer:
        self.requests.append((round(self._runtime.time - 1000, 3), what))
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeScreen:
    """Writes down what it is told to show."""

    def __init__(self, runtime: FakeRuntime) -> None:
        self._runtime = runtime
        self.shown: List[str] = []
        self.time_left: List[float] = []
        self.cancel_at: Optional[float] = None
        """Seconds from the start."""
        self.answers: List[bool] = []
        """To ask_again; then no."""
        self.closed_at: Optional[float] = None

    def show_contacting(self) -> None:
        self.shown.append("contacting")

    def show_code(self, code: Code) -> None:
        self.shown.append(f"code {code.user_code}")

    def show_time_left(self, seconds: float) -> None:
        self.time_left.append(seconds)

    def show_trouble(self, trouble: bool) -> None:
        self.shown.append("trouble" if trouble else "fine")

    def show_approved(self) -> None:
        self.shown.append("approved")

    def is_cancelled(self) -> bool:
        return self.cancel_at is not None and self._runtime.time >= 1000 + self.cancel_at

    def ask_again(self, outcome: Outcome) -> bool:
        self.shown.append(f"again? {outcome.end.name} {outcome.trouble.name if outcome.trouble else ''}".strip())
        return self.answers.pop(0) if self.answers else False

    def close(self) -> None:
        self.closed_at = self.closed_at or self._runtime.time
        self.shown.append("closed")


class FakeSettings:
    """Settings in memory, with what was written, in order."""

    def __init__(self, **values: str) -> None:
        self.values: Dict[str, str] = values
        self.written: List[Tuple[str, str]] = []
        self.fail = 0
        """How many of the next writes fail."""
        self.is_alone = False

    def get(self, setting: str) -> str:
        return self.values.get(setting, "")

    def set(self, setting: str, value: str) -> None:
        assert self.is_alone, "written while somebody else may be writing"
        if self.fail:
            self.fail -= 1
            raise NotSaved(setting)
        self.written.append((setting, value))
        self.values[setting] = value

    @contextmanager
    def alone(self) -> Iterator[None]:
        assert not self.is_alone, "would wait for itself"
        self.is_alone = True
        try:
            yield
        finally:
            self.is_alone = False
