# SPDX-License-Identifier: GPL-2.0-or-later
"""A sign-in by the PIN flow in twenty lines, without any care. `make bench` and `make crash` compare with it."""

import requests
import xbmc
import xbmcaddon
import xbmcgui

PARAMETERS = {"client_id": "client-id-of-the-stand-in", "app-name": "twenty", "app-version": "1.0"}
PIN = "https://api.simkl.com/oauth/pin"

monitor = xbmc.Monitor()
dialog = xbmcgui.DialogProgress()
dialog.create("Twenty lines", "One moment")
code = requests.get(PIN, params=PARAMETERS, timeout=10).json()
dialog.update(0, code["user_code"])
while not monitor.waitForAbort(code["interval"]) and not dialog.iscanceled():
    answer = requests.get(f"{PIN}/{code['user_code']}", params=PARAMETERS, timeout=10).json()
    if "access_token" in answer:
        xbmcaddon.Addon().setSetting("access_token", answer["access_token"])
        break
dialog.close()
