# SPDX-License-Identifier: GPL-2.0-or-later
"""The stored account, and how it is kept good."""
