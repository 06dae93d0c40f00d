# SPDX-License-Identifier: GPL-2.0-or-later
"""The stored account: reading and changing it, and keeping its tokens valid."""
