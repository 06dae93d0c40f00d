# SPDX-License-Identifier: GPL-2.0-or-later
"""Kodi starts here: from Programs, a settings button, or RunScript(script.simkl.account,action=...)."""

import sys

from lib.simkl_account.script import run

run(sys.argv)
