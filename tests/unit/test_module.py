# SPDX-License-Identifier: GPL-2.0-or-later
"""The module that other add-ons import, and what it hands over to the entry script."""

import subprocess
import sys
from typing import Callable, List

import pytest

import lib.simkl_account as simkl_account
from lib.simkl_account.kodi import broker as handover
from lib.simkl_account.kodi.lock import SIGN_IN, Lock
from lib.simkl_account.kodi.reminder import PAUSE, remind
from tools.package import ROOT

from .stubs import StubbedKodi
from .test_script import SIGNED_IN


def test_the_public_names() -> None:
    for name in simkl_account.__all__:
        assert getattr(simkl_account, name).__doc__, name
    assert not {name for name in simkl_account._MODULES if name not in simkl_account.__all__}
    with pytest.raises(AttributeError):
        simkl_account.token  # noqa: B018
    assert (ROOT / "lib/simkl_account/py.typed").is_file()


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import simkl_account", False),
        ("from simkl_account import SignInNeeded, End, get_account, is_signed_in, sign_in, Account", False),
        ("import simkl_account; simkl_account.get_account()", False),
        ("from simkl_account import SimklAuth", True),
    ],
)
def test_requests_is_imported_by_who_sends_requests(code: str, loaded: bool) -> None:
    script = f"import sys\n{code}\nprint('requests' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(ROOT / "lib")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(loaded)


def test_who_is_signed_in(kodi: StubbedKodi) -> None:
    assert simkl_account.get_account() is None
    assert not simkl_account.is_signed_in()
    kodi.settings.update(SIGNED_IN)
    account = simkl_account.get_account()
    assert account == simkl_account.Account("Ada", 1, "free", "2026-11-23", needs_sign_in=False)
    assert simkl_account.is_signed_in()


def test_damaged_is_one_line_in_the_log_however_often_it_is_read(kodi: StubbedKodi) -> None:
    kodi.settings.update(SIGNED_IN, account="{")
    for _ in range(3):
        assert simkl_account.get_account() is None
    assert [line for line, _ in kodi.log] == ["script.simkl.account: the stored account is damaged: signed out"]


# sign_in()


class Entry:
    """The entry script, as it runs beside the callers: a step for each time that a caller looks."""

    def __init__(self, kodi: StubbedKodi, *steps: str) -> None:
        self.lock = Lock(SIGN_IN)
        self._steps = list(steps)
        kodi.on_wait = self._step

    def step(self, name: str) -> None:
        """begin, killed, nothing, or an end."""
        if name == "begin":
            assert self.lock.acquire()
            handover.begin()
        elif name == "killed":
            self.lock.release()
        elif name != "nothing":
            handover.end(name)
            self.lock.release()

    def _step(self) -> None:
        assert self._steps, "the caller waits for ever"
        self.step(self._steps.pop(0))


def test_the_end_of_a_sign_in_that_another_interpreter_runs(kodi: StubbedKodi) -> None:
    Entry(kodi, "nothing", "begin", "nothing", "SIGNED_IN")
    assert simkl_account.sign_in() is simkl_account.End.SIGNED_IN
    assert kodi.builtins == ["RunScript(script.simkl.account,action=sign_in,from=add-on,after=0)"]


def test_an_earlier_end_is_not_this_ones(kodi: StubbedKodi) -> None:
    for number in range(2):
        Entry(kodi, "nothing", "begin", "CANCELLED")
        assert simkl_account.sign_in() is simkl_account.End.CANCELLED
        assert handover.state() == (number + 1, "CANCELLED")
    assert kodi.builtins[1].endswith("after=1)")


def test_a_sign_in_that_is_open_is_joined(kodi: StubbedKodi) -> None:
    entry = Entry(kodi, "nothing", "nothing", "EXPIRED")
    entry.step("begin")
    assert simkl_account.sign_in() is simkl_account.End.EXPIRED
    assert kodi.builtins == []


def test_a_script_that_is_killed_has_no_end(kodi: StubbedKodi) -> None:
    Entry(kodi, "begin", "nothing", "killed")
    assert simkl_account.sign_in() is simkl_account.End.CANCELLED
    assert handover.state() == (1, "OPEN")
    Entry(kodi, "nothing", "begin", "SIGNED_IN")
    assert simkl_account.sign_in() is simkl_account.End.SIGNED_IN
    assert kodi.builtins[1].endswith("after=1)")


def test_a_script_that_does_not_start_is_given_up(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "_START_PATIENCE", 0.05)
    assert simkl_account.sign_in() is simkl_account.End.CANCELLED


def test_others_who_look_at_the_lock_are_not_taken_for_a_script(kodi: StubbedKodi) -> None:
    looking = Lock(SIGN_IN)
    steps: List[Callable[[], object]] = [looking.acquire, looking.release, looking.acquire, looking.release]
    entry = Entry(kodi)

    def step() -> None:
        if steps:
            steps.pop(0)()
        else:
            entry.step("begin" if handover.state()[1] != "OPEN" else "SIGNED_IN")

    kodi.on_wait = step
    assert simkl_account.sign_in() is simkl_account.End.SIGNED_IN


def test_where_files_cannot_be_locked_the_end_is_still_waited_for(
    kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xbmcvfs.translatePath", lambda path: "/nowhere/")
    Entry(kodi, "begin", "nothing", "nothing", "SIGNED_IN")
    assert simkl_account.sign_in() is simkl_account.End.SIGNED_IN


def test_an_end_of_a_newer_version(kodi: StubbedKodi) -> None:
    Entry(kodi, "begin", "SOMETHING_NEW")
    assert simkl_account.sign_in() is simkl_account.End.CANCELLED


def test_kodi_quits(kodi: StubbedKodi) -> None:
    kodi.on_wait = lambda: setattr(kodi, "abort", True)
    assert simkl_account.sign_in() is simkl_account.End.SHUTTING_DOWN


def test_who_looks_whether_a_lock_is_free_does_not_keep_it(kodi: StubbedKodi) -> None:
    first, second = Lock(SIGN_IN), Lock(SIGN_IN)
    assert first.is_free()
    assert second.acquire()
    assert not first.is_free()
    second.release()


def test_a_lock_is_waited_for(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Lock(SIGN_IN), Lock(SIGN_IN)
    assert first.acquire()
    assert not second.acquire(0.05)
    monkeypatch.setattr("time.sleep", lambda seconds: first.release())
    assert second.acquire(5)


# The reminder


def test_a_reminder_at_most_once_an_hour(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    remind()
    remind()
    now += PAUSE - 1
    remind()
    assert len(kodi.notifications) == 1
    now += 1
    remind()
    assert len(kodi.notifications) == 2


def test_no_reminder_over_a_video_but_after_it(kodi: StubbedKodi) -> None:
    kodi.playing = True
    remind()
    assert kodi.notifications == []
    kodi.playing = False
    remind()
    assert kodi.notifications == ["The sign-in to Simkl is no longer valid. Sign in again."]
