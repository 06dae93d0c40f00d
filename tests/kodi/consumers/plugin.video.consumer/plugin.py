# SPDX-License-Identifier: GPL-2.0-or-later
"""A listing of two items: the name of who is signed in, and the result of a request."""

import sys

import xbmcgui
import xbmcplugin
from doing import account, request

handle = int(sys.argv[1])
for label in (str((account() or {}).get("name")), str(request())):
    xbmcplugin.addDirectoryItem(handle, "plugin://plugin.video.consumer/", xbmcgui.ListItem(label))
xbmcplugin.endOfDirectory(handle)
