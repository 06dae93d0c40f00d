# SPDX-License-Identifier: GPL-2.0-or-later
"""How a sign-in can end: a closed set."""

from enum import Enum, auto
from typing import NamedTuple, Optional

from .errors import Trouble


class End(Enum):
    """The end of a sign-in."""

    SIGNED_IN = auto()
    """Stored and read back."""
    CANCELLED = auto()
    """By the person; nothing was stored."""
    EXPIRED = auto()
    """The code ran out, or Simkl does not know it any more."""
    DENIED = auto()
    """By the person, at Simkl."""
    ANSWER_LOST = auto()
    """The code was used, but the answer that brought the token did not arrive."""
    REFUSED = auto()
    """Simkl does not accept the client id."""
    UNREACHABLE = auto()
    """No usable answer from Simkl; Outcome.trouble says what is known of the cause."""
    NOT_SAVED = auto()
    """Approved, but Kodi could not write it down."""
    NEEDS_SIGN_IN = auto()
    """Simkl no longer accepts the sign-in that is stored. Only a check ends so."""
    SHUTTING_DOWN = auto()
    """Kodi is quitting."""


class Outcome(NamedTuple):
    """An end, with what is to be said of it."""

    end: End
    trouble: Optional[Trouble] = None
    user_name: str = ""
    """Who is signed in; "" where Simkl did not say."""
    replaced: str = ""
    """Who was signed in until now, where that was somebody else."""
    read_only: bool = False
    """Whether the sign-in is not allowed to write the history."""
