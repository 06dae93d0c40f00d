# SPDX-License-Identifier: GPL-2.0-or-later
"""The client for Simkl's API (https://api.simkl.org). No other code knows its addresses and JSON keys."""
