# SPDX-License-Identifier: GPL-2.0-or-later
"""One sign-in at a time in this Kodi.

Kodi gives each run of a script an interpreter of its own, and its window properties cannot be taken atomically. A
lock on a file can, and the system lets go of it with whoever held it: a crash leaves nothing behind.
"""

import errno
import os
import sys

import xbmcvfs

from .addon import ADDON_ID

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from typing import IO, Optional

_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
"""Linux and macOS say one of the first two, Windows the third."""


class SignInLock:
    """Held by the run whose sign-in is open."""

    def __init__(self) -> None:
        self._file: "Optional[IO[bytes]]" = None

    def acquire(self) -> bool:
        """Take it; False when another run has it. Where files cannot be locked, everybody gets it."""
        try:
            path = os.path.join(xbmcvfs.translatePath("special://temp/"), f"{ADDON_ID}.lock")
            self._file = open(path, "ab")  # noqa: SIM115  # held until release()
        except OSError:
            return True
        try:
            _lock(self._file.fileno())
        except OSError as error:
            if error.errno in _TAKEN:
                self.release()
                return False
        return True

    def release(self) -> None:
        """Let others have it."""
        if self._file:
            self._file.close()
            self._file = None


def _lock(descriptor: int) -> None:
    """Lock a file without waiting. The lock belongs to this opening of the file, also within one process."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
