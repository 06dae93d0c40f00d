# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes down what it hears of the account and who is signed in then; and does what the tests ask, as a service."""

import json

import xbmc
import xbmcgui
from doing import account, do

HEARD = "consumer.heard"


class Monitor(xbmc.Monitor):
    """Hears; what is asked of it is done in the service's own thread."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def onNotification(self, sender, method, data):
        if sender == "script.simkl.account":
            window = xbmcgui.Window(10000)
            heard = json.loads(window.getProperty(HEARD) or "[]")
            window.setProperty(HEARD, json.dumps([*heard, [method, json.loads(data), account()]]))
        elif sender == "test":
            self.asked.append((method[len("Other.") :], json.loads(data)))


monitor = Monitor()
xbmcgui.Window(10000).setProperty("consumer.is_up", "yes")
while not monitor.waitForAbort(0.05):
    while monitor.asked:
        do(*monitor.asked.pop(0))
