# SPDX-License-Identifier: GPL-2.0-or-later
"""Does one thing with simkl_account, and leaves what came of it in a property of the home window, as JSON.

Arguments: what to do, and the name of the property.
"""

import sys
import time

what, key = sys.argv[1:3]
if what == "import_cost":
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

    do(what, key)
