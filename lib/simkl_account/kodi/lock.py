# SPDX-License-Identifier: GPL-2.0-or-later
"""Locks that all interpreters of this Kodi share.

Kodi gives each run of a script its own interpreter. A window property cannot be tested and set in one step. A file can
be locked in one step, and the system releases the lock if the script crashes.
"""

from __future__ import annotations

import errno
import os
import sys
import time

import xbmcvfs

from .addon import ADDON_ID, monitor

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from typing import IO

SIGN_IN = "sign-in"
"""Held while a sign-in, a check or a sign-out runs."""

ACCOUNT = "account"
"""Held while the stored account is changed."""

REFRESH = "refresh"
"""Held while an access token is refreshed."""

_LOCKED_ERRORS = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
"""What the system says if another has the lock: Linux and macOS one of the first two, Windows the third."""

_QUIT_TIMEOUT = 0.2
"""Seconds to wait for a lock at most once Kodi quits."""

_RETRY_INTERVAL = 0.02
"""Seconds between two tries to take a lock."""


class LockHeld(Exception):
    """Raised by "with Lock(...)" if another interpreter holds the lock."""


class Lock:
    """A lock with a name. Two objects of the same name exclude each other, in one interpreter, too."""

    def __init__(self, name: str, timeout: float = 0.0) -> None:
        """timeout: seconds to wait for the lock."""
        self.name = name
        self._timeout = timeout
        self._file: IO[bytes] | None = None
        self._is_locked = False

    def __enter__(self) -> None:
        if not self.acquire():
            raise LockHeld(self.name)

    def __exit__(self, *exception: object) -> None:
        self.release()

    def acquire(self) -> bool:
        """Take the lock. Returns False if another still holds it after the timeout.

        If the system cannot lock files, everybody gets the lock.
        """
        deadline = time.monotonic() + self._timeout
        while not self._try():
            if monitor().abortRequested():
                deadline = min(deadline, time.monotonic() + _QUIT_TIMEOUT)
            if time.monotonic() >= deadline:
                return False
            time.sleep(_RETRY_INTERVAL)
        return True

    def release(self) -> None:
        """Release the lock. Does nothing if it is not held."""
        if self._file:
            self._file.close()
            self._file, self._is_locked = None, False

    def is_free(self) -> bool:
        """Return True if the lock could be taken; False if it is held, or if the system cannot lock files.

        It is taken for an instant to find out. So a Lock that must not miss its turn needs a timeout.
        """
        if not self._try():
            return False
        can_be_locked = self._is_locked
        self.release()
        return can_be_locked

    def _try(self) -> bool:
        try:
            path = os.path.join(xbmcvfs.translatePath("special://temp/"), f"{ADDON_ID}.{self.name}.lock")
            self._file = open(path, "ab")  # noqa: SIM115  # stays open until release()
        except OSError:
            return True
        try:
            _lock(self._file.fileno())
            self._is_locked = True
        except OSError as error:
            if error.errno in _LOCKED_ERRORS:
                self.release()
                return False
        return True


def _lock(descriptor: int) -> None:
    """Lock an open file without waiting. The lock belongs to this opening of the file, not to the process."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
