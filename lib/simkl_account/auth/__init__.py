# SPDX-License-Identifier: GPL-2.0-or-later
"""Sign in, check and sign out. This code has no Kodi, no HTTP and no clock of its own: the caller provides them."""
