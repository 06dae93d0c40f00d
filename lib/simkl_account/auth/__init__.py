# SPDX-License-Identifier: GPL-2.0-or-later
"""Sign in, check and sign out. This code does not import Kodi, HTTP or a clock: the caller provides them."""
