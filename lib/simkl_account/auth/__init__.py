# SPDX-License-Identifier: GPL-2.0-or-later
"""Sign in, check, sign out. No Kodi, no HTTP and no clock of their own."""
