# SPDX-License-Identifier: GPL-2.0-or-later
"""Draw a link as a QR code on this device, because no website may see the code in the link.

Each picture has a random name: the name tells nothing of the code, and Kodi cannot have it in its cache. The picture is
removed after use. If script.module.qrcode is missing or broken, there is no picture.
"""

from __future__ import annotations

import os

import xbmcvfs

from .addon import cached_addon, log

_PREFIX = "qr-"
_QUIET_ZONE = 4  # modules (ISO/IEC 18004)


class Picture:
    """The picture of one link."""

    def __init__(self) -> None:
        self._is_wanted = True

    def draw(self, link: str) -> str:
        """Draw the picture and return its path; "" if it cannot be drawn. Call it in the background: it is slow."""
        try:
            import qrcode

            if not self._is_wanted:
                return ""  # Kodi waits for this thread when it quits
            code = qrcode.QRCode(border=_QUIET_ZONE, box_size=10)
            code.add_data(link)
            picture = code.make_image().convert("RGB")  # Kodi does not show a PNG with one bit a pixel
            os.makedirs(_folder(), exist_ok=True)
            path = os.path.join(_folder(), f"{_PREFIX}{os.urandom(16).hex()}.png")
            picture.save(path)
        except Exception as error:  # the libraries document no errors, and the user has the code to type anyway
            log(f"no QR code: {type(error).__name__}")
            return ""
        if not self._is_wanted:
            _remove(path)
            return ""
        return path

    def remove(self) -> None:
        """Remove the picture, also if it is still being drawn."""
        self._is_wanted = False
        remove_all()


def remove_all() -> None:
    """Remove all pictures, also those that a crashed Kodi has left.

    This does not use xbmcvfs.listdir(): after it, Kodi does not find a file that is made later in that folder.
    """
    try:
        names = os.listdir(_folder())
    except OSError:
        return  # there is no such folder yet
    for name in names:
        if name.startswith(_PREFIX):
            _remove(os.path.join(_folder(), name))


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass  # it is gone, or Kodi is reading it: the next remove_all() removes it


def _folder() -> str:
    """Return the add-on's folder in this Kodi profile."""
    return xbmcvfs.translatePath(cached_addon().getAddonInfo("profile"))
