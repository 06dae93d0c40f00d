# SPDX-License-Identifier: GPL-2.0-or-later
"""The ids of the add-on's settings, as in resources/settings.xml.

This module imports nothing, because it is loaded before the first dialog is shown.
"""


class Setting:
    """Ids of settings. Other add-ons may read the two that are marked public."""

    CLIENT_ID = "client_id"
    """The client id that the user entered, or this build's default."""
    PUBLISHERS_CLIENT_ID = "publishers_client_id"
    """The default client id of the build that was used at the last sign-in with a default."""
    FLOW = "flow"
    """A client id and the flow that it is for: "ID pin" or "ID device"."""
    ACCOUNT = "account"
    """The whole account as JSON: see account/store.py. The settings below repeat parts of it."""
    SIGNED_IN = "signed_in"
    """Empty, or one of the values in account/store.py. Kodi's Defaults button resets this setting, but not ACCOUNT."""
    ACCESS_TOKEN = "access_token"  # noqa: S105  # the id of a setting
    """Public."""
    USER_NAME = "user_name"
    """Public."""
    ACCOUNT_TYPE = "account_type"
    SIGNED_IN_SINCE = "signed_in_since"

    ALL = (
        CLIENT_ID,
        PUBLISHERS_CLIENT_ID,
        FLOW,
        ACCOUNT,
        SIGNED_IN,
        ACCESS_TOKEN,
        USER_NAME,
        ACCOUNT_TYPE,
        SIGNED_IN_SINCE,
    )
    """All of them."""
