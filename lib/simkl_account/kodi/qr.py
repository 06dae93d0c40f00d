# SPDX-License-Identifier: GPL-2.0-or-later
"""The link as a QR code, drawn on this device: the code in it is a secret while it lives.

The picture has a name of its own each time, which says nothing of the code and which Kodi cannot have cached, and is
removed afterwards. Without the library (script.module.qrcode, an optional dependency) there is none.
"""

import os

import xbmcvfs

from .addon import log, this

_PREFIX = "qr-"
_QUIET_ZONE = 4  # modules, as ISO/IEC 18004 has it


class Picture:
    """One picture of one link."""

    def __init__(self) -> None:
        self._is_wanted = True

    def draw(self, link: str) -> str:
        """Draw it, and return its path; "" where that cannot be done. Takes a while: call it in the background."""
        from uuid import uuid4

        try:
            import qrcode

            if not self._is_wanted:
                return ""  # Kodi waits for this thread at Quit
            code = qrcode.QRCode(border=_QUIET_ZONE, box_size=10)
            code.add_data(link)
            picture = code.make_image().convert("RGB")  # Kodi shows nothing of one bit a pixel
            os.makedirs(_folder(), exist_ok=True)
            path = os.path.join(_folder(), f"{_PREFIX}{uuid4().hex}.png")
            picture.save(path)
        except Exception as error:  # what a library for pictures raises is anybody's guess, and the code is there
            log(f"no QR code: {type(error).__name__}")
            return ""
        if not self._is_wanted:
            _remove(path)
            return ""
        return path

    def remove(self) -> None:
        """It is not wanted any more."""
        self._is_wanted = False
        remove_all()


def remove_all() -> None:
    """Remove every picture, those of a Kodi that crashed too.

    Not by xbmcvfs: after its listdir() Kodi goes by that list, and does not find a file that is made later.
    """
    try:
        names = os.listdir(_folder())
    except OSError:
        return  # there is no folder yet
    for name in names:
        if name.startswith(_PREFIX):
            _remove(os.path.join(_folder(), name))


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass  # it has gone, or Kodi is just reading it: the next time will do


def _folder() -> str:
    """The add-on's own folder in this Kodi profile."""
    return xbmcvfs.translatePath(this().getAddonInfo("profile"))
