# SPDX-License-Identifier: GPL-2.0-or-later
"""The stored account: what is kept of a sign-in, and how it is read, replaced and removed."""

from typing import NamedTuple, Optional, Protocol

ACCESS_TOKEN = "access_token"  # noqa: S105  # the name of a setting
USER_NAME = "user_name"
SIGNED_IN = "signed_in"
"""YES while somebody is signed in. The Defaults button of Kodi's settings window resets this and not the token."""

YES = "yes"


class Settings(Protocol):
    """The add-on's settings, as Kodi keeps them: a string for each id, "" where there is none."""

    def get(self, setting: str) -> str:
        """The value as it is stored now."""
        ...

    def set(self, setting: str, value: str) -> None:
        """Store a value for good, or raise NotSaved."""
        ...


class Account(NamedTuple):
    """A signed-in account."""

    access_token: str
    user_name: str
    """"" when Simkl has not said it."""


class AccountStore:
    """The one account of this Kodi profile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def load(self) -> Optional[Account]:
        """The account, or None when signed out."""
        token = self._settings.get(ACCESS_TOKEN)
        if not token or self._settings.get(SIGNED_IN) != YES:
            return None
        return Account(token, self._settings.get(USER_NAME))

    def replace(self, access_token: str) -> None:
        """Store a new sign-in; raises NotSaved. The name comes later: it takes a request, and a token cannot wait."""
        self._settings.set(USER_NAME, "")  # first, so that the new token never stands beside the old name
        self._settings.set(ACCESS_TOKEN, access_token)
        self._settings.set(SIGNED_IN, YES)

    def set_user_name(self, user_name: str) -> None:
        """Store the name of the account that is signed in; raises NotSaved."""
        self._settings.set(USER_NAME, user_name)

    def remove(self) -> None:
        """Sign out on this device; raises NotSaved."""
        self._settings.set(ACCESS_TOKEN, "")
        self._settings.set(SIGNED_IN, "")
        self._settings.set(USER_NAME, "")

    def remove_leftovers(self) -> None:
        """Remove the token of an account that the Defaults button has signed out; raises NotSaved."""
        if self._settings.get(ACCESS_TOKEN) and not self.load():
            self.remove()
