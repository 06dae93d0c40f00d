# SPDX-License-Identifier: GPL-2.0-or-later
"""The Kodi adapter: the only code that imports xbmc*."""
