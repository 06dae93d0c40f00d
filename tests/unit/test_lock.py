# SPDX-License-Identifier: GPL-2.0-or-later
"""Locks that all interpreters of this Kodi share. Two Lock objects stand for two interpreters."""

from __future__ import annotations

import errno
import fcntl
import gc
import time
from typing import Any

import pytest
import xbmcvfs

from lib.simkl_account.kodi.lock import SIGN_IN, Lock, LockHeld

from .stubs import StubbedKodi


def test_lock_excludes(kodi: StubbedKodi) -> None:
    """While one object holds the lock, another one cannot take it."""
    first, second = Lock(SIGN_IN), Lock(SIGN_IN)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_with_statement(kodi: StubbedKodi) -> None:
    """A with statement raises LockHeld if the lock is held, and releases the lock when its block ends."""
    with Lock(SIGN_IN):
        with pytest.raises(LockHeld), Lock(SIGN_IN):
            pytest.fail("both hold the lock")
        assert not Lock(SIGN_IN).acquire(), "the failed try has not released the lock"
    assert Lock(SIGN_IN).acquire()


def test_crash_releases_lock(kodi: StubbedKodi) -> None:
    """If a script crashes while it holds the lock, the lock can be taken again."""
    assert Lock(SIGN_IN).acquire()  # the object is dropped at once, as in a crash
    gc.collect()
    assert Lock(SIGN_IN).acquire()


def test_system_without_file_locks(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system cannot lock the file, or cannot open it, everybody gets the lock."""

    def no_locks(*arguments: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert Lock(SIGN_IN).acquire()
    monkeypatch.setattr(xbmcvfs, "translatePath", lambda path: "/nowhere/")
    assert Lock(SIGN_IN).acquire()


def test_is_free_does_not_keep_lock(kodi: StubbedKodi) -> None:
    """is_free() does not keep the lock, and returns False while another object holds it."""
    first, second = Lock(SIGN_IN), Lock(SIGN_IN)
    assert first.is_free()
    assert second.acquire()
    assert not first.is_free()
    second.release()


def test_quit(kodi: StubbedKodi) -> None:
    """Once Kodi quits, acquire() gives up soon, but a lock that is free is still taken."""
    first = Lock(SIGN_IN)
    assert first.acquire()
    kodi.abort = True
    started = time.monotonic()
    assert not Lock(SIGN_IN, timeout=60).acquire()
    assert time.monotonic() - started < 30
    first.release()
    assert Lock(SIGN_IN, timeout=60).acquire()


def test_timeout(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    """acquire() gives up after the timeout, and takes the lock if it is released before."""
    first = Lock(SIGN_IN)
    assert first.acquire()
    assert not Lock(SIGN_IN, timeout=0.05).acquire()
    monkeypatch.setattr("time.sleep", lambda seconds: first.release())
    assert Lock(SIGN_IN, timeout=5).acquire()
