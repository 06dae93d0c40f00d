# SPDX-License-Identifier: GPL-2.0-or-later
"""Does in Kodi what JSON-RPC cannot do, for the tests.

Arguments: "builtin", and a builtin to run; or "settings", and the name of a property of the home window, which gets the
texts in the rows of the open settings window, as a JSON list.
"""

import json
import sys

import xbmc
import xbmcgui

HOME, SETTINGS_WINDOW = 10000, 10140
FIRST_ROWS = (-80, -180)  # Kodi's ids for the first row of its settings windows: up to Kodi 20, and from 21 on
MOST_ROWS = 30


def texts():
    """Yield the texts of the buttons and edit fields in the settings window."""
    window = xbmcgui.Window(SETTINGS_WINDOW)
    for number in (first + row for first in FIRST_ROWS for row in range(MOST_ROWS)):
        try:
            control = window.getControl(number)
        except RuntimeError:
            continue
        if isinstance(control, xbmcgui.ControlButton) and control.isVisible():
            yield control.getLabel()
            yield control.getLabel2()
        elif isinstance(control, xbmcgui.ControlEdit) and control.isVisible():
            yield control.getText()


command, argument = sys.argv[1:3]
if command == "builtin":
    xbmc.executebuiltin(argument)
else:
    xbmcgui.Window(HOME).setProperty(argument, json.dumps(list(texts())))
