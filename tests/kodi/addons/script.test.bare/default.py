# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens a progress dialog, and closes it when the user cancels.

`make bench` compares the add-on with it, and a test uses it as another add-on that opens a dialog.
"""

import xbmc
import xbmcgui

monitor = xbmc.Monitor()
dialog = xbmcgui.DialogProgress()
dialog.create("Bare", "Nothing")
while not dialog.iscanceled() and not monitor.waitForAbort(0.1):
    pass
dialog.close()
