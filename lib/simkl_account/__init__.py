# SPDX-License-Identifier: GPL-2.0-or-later
"""Sign a Kodi in to Simkl, and keep the account. docs/code-map.md shows how the modules stand together."""
