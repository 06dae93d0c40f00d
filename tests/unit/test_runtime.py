# SPDX-License-Identifier: GPL-2.0-or-later
"""KodiRuntime: waiting on Kodi's Monitor, and calls in another thread."""

from __future__ import annotations

import threading
import time

import pytest

from lib.simkl_account.errors import NotSaved
from lib.simkl_account.kodi.runtime import KodiRuntime

from .stubs import StubbedKodi


def test_wait(kodi: StubbedKodi) -> None:
    """wait() waits on Kodi's Monitor, for at least a millisecond."""
    runtime = KodiRuntime()
    runtime.wait(0.1)
    runtime.wait(0)
    assert kodi.waits == [0.1, 0.001]


def test_wait_after_quit(kodi: StubbedKodi) -> None:
    """While Kodi quits, a wait still takes its time, but not on the Monitor, which would return at once."""
    runtime = KodiRuntime()
    kodi.abort = True
    start = runtime.now()
    runtime.wait(0.05)
    assert runtime.is_shutting_down()
    assert runtime.now() - start >= 0.05
    assert kodi.waits == []


def test_wait_for_answer(kodi: StubbedKodi) -> None:
    """wait_for() returns as soon as the answer is there, after Kodi has delivered what the user pressed."""
    runtime = KodiRuntime()
    start = runtime.now()
    answer = runtime.start(lambda: time.sleep(0.05))
    assert runtime.wait_for(answer, 60)
    assert runtime.now() - start < 30
    assert kodi.waits == [0.001]


def test_wait_for_late_answer(kodi: StubbedKodi) -> None:
    """If there is no answer in time, wait_for() returns False, and also while Kodi quits it takes that time."""
    runtime = KodiRuntime()
    kodi.abort = True
    start = runtime.now()
    answered = threading.Event()
    answer = runtime.start(answered.wait)
    assert not runtime.wait_for(answer, 0.05)
    assert runtime.now() - start >= 0.05
    answered.set()


def test_call_in_another_thread(kodi: StubbedKodi) -> None:
    """start() runs the call in another thread and returns a future with the result."""
    assert KodiRuntime().start(threading.get_ident).result(5) != threading.get_ident()


def test_error_in_another_thread(kodi: StubbedKodi) -> None:
    """An error in the other thread is raised by the future."""

    def fail() -> None:
        raise NotSaved("x")

    with pytest.raises(NotSaved):
        KodiRuntime().start(fail).result(5)
