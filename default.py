# SPDX-License-Identifier: GPL-2.0-or-later
"""Kodi starts this file: from Programs, from a settings button, and for RunScript(script.simkl.account,action=...)."""

import sys

from lib.simkl_account.script import run

run(sys.argv)
