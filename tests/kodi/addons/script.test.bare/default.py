# SPDX-License-Identifier: GPL-2.0-or-later
"""The least that a script can do: open a progress dialog, and close it when it is cancelled. For `make bench`."""

import xbmc
import xbmcgui

monitor = xbmc.Monitor()
dialog = xbmcgui.DialogProgress()
dialog.create("Bare", "Nothing")
while not dialog.iscanceled() and not monitor.waitForAbort(0.1):
    pass
dialog.close()
