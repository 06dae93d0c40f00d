# SPDX-License-Identifier: GPL-2.0-or-later
"""The module that other add-ons import, and what it hands over to the entry script."""

import subprocess
import sys
from typing import Callable, List, Optional

import pytest

import lib.simkl_account as simkl_account
from lib.simkl_account.kodi import handover
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


class Script:
    """The entry script, as it runs beside the caller: a step for each time that the caller looks."""

    def __init__(self, kodi: StubbedKodi, *steps: Optional[Callable[[], object]]) -> None:
        self._steps: List[Optional[Callable[[], object]]] = list(steps)
        kodi.on_wait = self._step

    def _step(self) -> None:
        assert self._steps, "the caller waits for ever"
        step = self._steps.pop(0)
        if step:
            step()


def test_the_end_of_a_sign_in_that_another_interpreter_runs(kodi: StubbedKodi) -> None:
    lock = Lock(SIGN_IN)
    handover.publish_end("CANCELLED")  # of an earlier one
    Script(kodi, None, lock.acquire, None, lambda: handover.publish_end("SIGNED_IN"))
    assert simkl_account.sign_in() is simkl_account.End.SIGNED_IN
    assert kodi.builtins == ["RunScript(script.simkl.account,action=sign_in,from=add-on)"]
    lock.release()


def test_the_same_end_again_is_another_end(kodi: StubbedKodi) -> None:
    handover.publish_end("CANCELLED")
    Script(kodi, lambda: handover.publish_end("CANCELLED"))
    assert simkl_account.sign_in() is simkl_account.End.CANCELLED


def test_a_sign_in_that_is_open_is_waited_for(kodi: StubbedKodi) -> None:
    lock = Lock(SIGN_IN)
    assert lock.acquire()
    Script(kodi, None, None, lambda: handover.publish_end("EXPIRED"))
    assert simkl_account.sign_in() is simkl_account.End.EXPIRED
    lock.release()


def test_a_script_that_is_killed_has_no_end(kodi: StubbedKodi) -> None:
    lock = Lock(SIGN_IN)
    Script(kodi, lock.acquire, None, lock.release)
    assert simkl_account.sign_in() is simkl_account.End.CANCELLED


def test_a_script_that_does_not_start_is_given_up(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "_START_PATIENCE", 0.05)
    assert simkl_account.sign_in() is simkl_account.End.CANCELLED


def test_kodi_quits(kodi: StubbedKodi) -> None:
    Script(kodi, lambda: setattr(kodi, "abort", True))
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
