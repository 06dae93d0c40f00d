# SPDX-License-Identifier: GPL-2.0-or-later
"""One at a time in this Kodi.

Kodi gives each run of a script an interpreter of its own, and its window properties cannot be taken atomically. A
lock on a file can, and the system lets go of it with whoever held it: a crash leaves nothing behind.
"""

import errno
import os
import sys
import time

import xbmcvfs

from .addon import ADDON_ID

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from typing import IO, Optional

SIGN_IN = "sign-in"
"""Held by the run whose sign-in is open."""

ACCOUNT = "account"
"""Held while the stored account is changed."""

REFRESH = "refresh"
"""Held while an access token is exchanged for a new one."""

_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
"""Linux and macOS say one of the first two, Windows the third."""

_PAUSE = 0.02


class Lock:
    """A lock that all interpreters of this Kodi share, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._file: "Optional[IO[bytes]]" = None
        self._locked = False

    def acquire(self, patience: float = 0) -> bool:
        """Take it; False when another has had it for all these seconds. Where files can't be locked, all get it."""
        deadline = time.monotonic() + patience
        while not self._try():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def release(self) -> None:
        """Let others have it."""
        if self._file:
            self._file.close()
            self._file, self._locked = None, False

    def is_free(self) -> bool:
        """Whether nobody is known to have it. To find out it is taken for an instant: be that patient elsewhere."""
        if not self._try():
            return False
        can_be_locked = self._locked
        self.release()
        return can_be_locked

    def _try(self) -> bool:
        try:
            path = os.path.join(xbmcvfs.translatePath("special://temp/"), f"{ADDON_ID}.{self.name}.lock")
            self._file = open(path, "ab")  # noqa: SIM115  # held until release()
        except OSError:
            return True
        try:
            _lock(self._file.fileno())
            self._locked = True
        except OSError as error:
            if error.errno in _TAKEN:
                self.release()
                return False
        return True


def _lock(descriptor: int) -> None:
    """Lock a file without waiting. The lock belongs to this opening of the file, also within one process."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
