# SPDX-License-Identifier: GPL-2.0-or-later
"""The only code that imports xbmc*: what the rest asks of Kodi."""
