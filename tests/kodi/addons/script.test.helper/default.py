# SPDX-License-Identifier: GPL-2.0-or-later
"""Does in Kodi what JSON-RPC has no call for.

Arguments: "builtin", and a builtin to run; or "settings", and the name of a property of the home window to put
the texts into that the rows of the open settings window show, as a JSON list.
"""

import json
import sys

import xbmc
import xbmcgui

HOME, SETTINGS_WINDOW = 10000, 10140
FIRST_ROWS = (-80, -180)  # Kodi's numbers for the rows of its settings windows: up to Kodi 20, and from 21 on
MOST_ROWS = 30


def texts():
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
