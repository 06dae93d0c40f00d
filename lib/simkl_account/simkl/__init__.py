# SPDX-License-Identifier: GPL-2.0-or-later
"""The client of Simkl's API: the only code that knows a JSON key of it."""
