# SPDX-License-Identifier: GPL-2.0-or-later
"""simkl_account.sign_in(): another interpreter runs the sign-in, and the caller waits for its result."""

from __future__ import annotations

from typing import Callable

import pytest

import lib.simkl_account as simkl_account
from lib.simkl_account.errors import AddonRemoved
from lib.simkl_account.kodi import broker
from lib.simkl_account.kodi.lock import SIGN_IN, Lock
from lib.simkl_account.kodi.runtime import KodiRuntime

from .fakes import signed_in
from .stubs import StubbedKodi


class EntryScript:
    """The entry script in another interpreter. It does one step at each wait of the caller."""

    def __init__(self, kodi: StubbedKodi, *steps: str) -> None:
        self._lock = Lock(SIGN_IN)
        self._steps = list(steps)
        kodi.on_wait = self._next_step

    def step(self, name: str) -> None:
        """Do a step: begin, killed, nothing, or the name of a result."""
        if name == "begin":
            assert self._lock.acquire()
            broker.begin(broker.SIGN_IN)
        elif name == "killed":
            self._lock.release()
        elif name != "nothing":
            broker.end(broker.SIGN_IN, name)
            self._lock.release()

    def _next_step(self) -> None:
        assert self._steps, "the caller still waits after the last step"
        self.step(self._steps.pop(0))


def test_result_of_another_interpreter(kodi: StubbedKodi) -> None:
    """sign_in() has Kodi run the entry script and returns its result."""
    EntryScript(kodi, "nothing", "begin", "nothing", "SIGNED_IN")
    assert simkl_account.sign_in() is simkl_account.SignInResult.SIGNED_IN
    assert kodi.builtins == ["RunScript(script.simkl.account,action=sign_in,from=add-on,after=0)"]


def test_earlier_result_is_not_returned(kodi: StubbedKodi) -> None:
    """A second sign_in() starts another sign-in instead of returning the first one's result."""
    for number in range(2):
        EntryScript(kodi, "nothing", "begin", "CANCELLED")
        assert simkl_account.sign_in() is simkl_account.SignInResult.CANCELLED
        assert broker.state(broker.SIGN_IN) == (number + 1, "CANCELLED")
    assert kodi.builtins[1].endswith("after=1)")


def test_open_sign_in_is_joined(kodi: StubbedKodi) -> None:
    """If a sign-in is open, sign_in() does not run the script again, and returns the open one's result."""
    script = EntryScript(kodi, "nothing", "nothing", "EXPIRED")
    script.step("begin")
    assert simkl_account.sign_in() is simkl_account.SignInResult.EXPIRED
    assert kodi.builtins == []


def test_killed_script(kodi: StubbedKodi) -> None:
    """If the script is killed, sign_in() returns CANCELLED, and the next sign_in() starts another sign-in."""
    EntryScript(kodi, "begin", "nothing", "killed")
    assert simkl_account.sign_in() is simkl_account.SignInResult.CANCELLED
    assert broker.state(broker.SIGN_IN) == (1, "OPEN")
    EntryScript(kodi, "nothing", "begin", "SIGNED_IN")
    assert simkl_account.sign_in() is simkl_account.SignInResult.SIGNED_IN
    assert kodi.builtins[1].endswith("after=1)")


def test_script_does_not_start(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the script does not start within the timeout, sign_in() returns CANCELLED."""
    monkeypatch.setattr(broker, "_START_TIMEOUT", 0.05)
    assert simkl_account.sign_in() is simkl_account.SignInResult.CANCELLED


def test_lock_held_by_another_caller(kodi: StubbedKodi) -> None:
    """If another caller takes the lock for an instant in is_free(), sign_in() still waits for the script."""
    other = Lock(SIGN_IN)
    steps: list[Callable[[], object]] = [other.acquire, other.release, other.acquire, other.release]
    script = EntryScript(kodi)

    def step() -> None:
        if steps:
            steps.pop(0)()
        else:
            script.step("begin" if broker.state(broker.SIGN_IN)[1] != "OPEN" else "SIGNED_IN")

    kodi.on_wait = step
    assert simkl_account.sign_in() is simkl_account.SignInResult.SIGNED_IN


def test_system_without_file_locks(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system cannot lock files, sign_in() still waits for the result."""
    monkeypatch.setattr("xbmcvfs.translatePath", lambda path: "/nowhere/")
    EntryScript(kodi, "begin", "nothing", "nothing", "SIGNED_IN")
    assert simkl_account.sign_in() is simkl_account.SignInResult.SIGNED_IN


def test_sign_out(kodi: StubbedKodi) -> None:
    """sign_out() has Kodi run the entry script, and returns True if nobody is signed in afterwards."""
    kodi.settings.update(signed_in())
    for result, is_signed_out in (("CANCELLED", False), ("SIGNED_OUT", True)):
        before = broker.state(broker.SIGN_OUT)[0]

        def answer(result: str = result, number: int = before) -> None:
            if broker.state(broker.SIGN_OUT)[0] == number:
                broker.begin(broker.SIGN_OUT)
                broker.end(broker.SIGN_OUT, result)

        kodi.on_wait = answer
        assert simkl_account.sign_out() is is_signed_out
        assert kodi.builtins[-1] == f"RunScript(script.simkl.account,action=sign_out,from=add-on,after={before})"


def test_sign_out_of_nobody(kodi: StubbedKodi) -> None:
    """If nobody is signed in, sign_out() asks nothing."""
    assert simkl_account.sign_out()
    assert kodi.builtins == []


def test_busy(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If something else is open, such as a check, sign_in() and sign_out() do not wait for its end."""
    monkeypatch.setattr(broker, "_BUSY_TIMEOUT", 0.05)
    kodi.settings.update(signed_in())
    with Lock(SIGN_IN):
        assert not simkl_account.sign_out()
        assert simkl_account.sign_in() is simkl_account.SignInResult.CANCELLED


def test_run_begins_between_two_looks(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the script begins right after the lock was free, that is no killed script."""
    script = EntryScript(kodi, "nothing", "nothing", "SIGNED_IN")
    is_free, looks = Lock.is_free, []

    def look_and_begin(lock: Lock) -> bool:
        found = is_free(lock)
        looks.append(found)
        if len(looks) == 2:
            script.step("begin")
        return found

    monkeypatch.setattr(Lock, "is_free", look_and_begin)
    assert simkl_account.sign_in() is simkl_account.SignInResult.SIGNED_IN
    assert looks[:2] == [True, True]


def test_run_ends_between_two_looks(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an open sign-in ends right before the lock is looked at, its result is returned, and no other one begins."""
    script = EntryScript(kodi)
    script.step("begin")
    is_free = Lock.is_free

    def end_and_look(lock: Lock) -> bool:
        if broker.state(broker.SIGN_IN)[1] == "OPEN":
            script.step("SIGNED_IN")
        return is_free(lock)

    monkeypatch.setattr(Lock, "is_free", end_and_look)
    assert simkl_account.sign_in() is simkl_account.SignInResult.SIGNED_IN
    assert kodi.builtins == []


def test_called_during_update(kodi: StubbedKodi) -> None:
    """While Kodi updates the account add-on, sign_in() waits, and then starts the sign-in."""
    kodi.knows_addon = False
    script = EntryScript(kodi, "nothing", "begin", "SIGNED_IN")
    next_step = kodi.on_wait

    def end_update() -> None:
        assert kodi.builtins == []
        kodi.knows_addon = True
        kodi.on_wait = next_step

    kodi.on_wait = end_update
    assert simkl_account.sign_in() is simkl_account.SignInResult.SIGNED_IN
    del script


def test_unknown_result(kodi: StubbedKodi) -> None:
    """A result that only a newer version knows is returned as CANCELLED."""
    EntryScript(kodi, "begin", "SOMETHING_NEW")
    assert simkl_account.sign_in() is simkl_account.SignInResult.CANCELLED


def test_called_after_quit(kodi: StubbedKodi) -> None:
    """If Kodi quits already, sign_in() returns SHUTTING_DOWN at once, and starts nothing."""
    kodi.abort = True
    assert simkl_account.sign_in() is simkl_account.SignInResult.SHUTTING_DOWN
    assert (kodi.builtins, kodi.waits) == ([], [])


@pytest.mark.parametrize("before", [True, False])
def test_disabled(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch, before: bool) -> None:
    """If the account add-on is disabled, before or during the sign-in, sign_in() raises AddonRemoved."""
    is_disabled = before

    def disable() -> None:
        nonlocal is_disabled
        is_disabled = True

    kodi.on_wait = disable
    monkeypatch.setattr(KodiRuntime, "is_shutting_down", lambda self: is_disabled)
    with pytest.raises(AddonRemoved):
        simkl_account.sign_in()
    assert len(kodi.builtins) == (0 if before else 1)


def test_kodi_quits(kodi: StubbedKodi) -> None:
    """If Kodi quits during the wait, sign_in() returns SHUTTING_DOWN."""
    kodi.on_wait = lambda: setattr(kodi, "abort", True)
    assert simkl_account.sign_in() is simkl_account.SignInResult.SHUTTING_DOWN
