# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls one function of doing.py, and puts the result into a property of the home window, as JSON.

Arguments: the function's name, and the name of the property. "import_cost" measures imports instead of a function.
"""

import sys
import time

name, key = sys.argv[1:3]
if name == "import_cost":
    times = [time.perf_counter()]
    import requests  # noqa: F401

    times.append(time.perf_counter())
    from simkl_account import Session  # noqa: F401

    times.append(time.perf_counter())
    import json

    import xbmcgui

    xbmcgui.Window(10000).setProperty(key, json.dumps({"result": [times[1] - times[0], times[2] - times[1]]}))
else:
    from doing import do

    do(name, key)
