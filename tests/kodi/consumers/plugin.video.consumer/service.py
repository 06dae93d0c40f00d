# SPDX-License-Identifier: GPL-2.0-or-later
"""A service that records the events of the account add-on, and calls the functions of doing.py for the tests."""

import json

import xbmc
import xbmcgui
from doing import account, do

HEARD = "consumer.heard"
"""The property of the home window that has all events so far, each with the account at that moment."""


class Monitor(xbmc.Monitor):
    """Records events, and collects the tests' calls. The service's own thread makes them."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def onNotification(self, sender, method, data):
        if sender == "script.simkl.account":
            window = xbmcgui.Window(10000)
            heard = json.loads(window.getProperty(HEARD) or "[]")
            window.setProperty(HEARD, json.dumps([*heard, [method, json.loads(data), account()]]))
        elif sender == "test":
            self.calls.append((method[len("Other.") :], json.loads(data)))


monitor = Monitor()
xbmcgui.Window(10000).setProperty("consumer.is_up", "yes")
while not monitor.waitForAbort(0.05):
    while monitor.calls:
        do(*monitor.calls.pop(0))
