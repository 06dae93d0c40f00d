# SPDX-License-Identifier: GPL-2.0-or-later
"""The words a person reads, by the ids that they have in strings.po; and which of them say how a sign-in ended."""

TYPE_CHECKING = False
if TYPE_CHECKING:  # this module is imported before the dialog is on the screen: see script.py
    from ..outcome import Outcome

NOT_SIGNED_IN = 32001
SIGN_IN = 32010
NEW_WAY = 32017

SIGN_IN_TITLE = 32020
CONTACTING = 32021
ENTER_CODE = 32022
TIME_LEFT = 32023
STILL_TRYING = 32024
APPROVED = 32025
ALREADY_OPEN = 32026
SCAN_OR_ENTER_CODE = 32027
WAITING = 32028

SIGNED_IN_AS = 32030
SIGNED_IN = 32031
NEW_CODE = 32032
TRY_AGAIN = 32033
SIGNED_IN_INSTEAD = 32034
STILL_SIGNED_IN = 32035
NEEDS_SIGN_IN = 32036
READ_ONLY = 32037
SIGN_IN_AGAIN = 32038
OUTDATED = 32039

EXPIRED = 32040
REFUSED = 32041
NO_NETWORK = 32042
NO_ANSWER = 32043
INSECURE = 32044
PROXY = 32045
BUSY = 32046
BAD_ANSWER = 32047
NOT_SAVED = 32048
ANSWER_LOST = 32049
NO_SOCKS = 32050
DENIED = 32051
QUOTA = 32052

NO_CLIENT_ID = 32060
ENTER_CLIENT_ID = 32061
CLIENT_ID = 32062
CLIENT_ID_NOT_SAVED = 32063

SIGN_OUT = 32012
SIGN_OUT_QUESTION = 32070
SIGNED_OUT = 32071
NOT_REMOVED = 32072
SIGNED_OUT_AT_SIMKL = 32073

_BY_NAME = {
    "SIGNED_IN": SIGNED_IN,
    "EXPIRED": EXPIRED,
    "NEEDS_SIGN_IN": NEEDS_SIGN_IN,
    "ANSWER_LOST": ANSWER_LOST,
    "DENIED": DENIED,
    "REFUSED": REFUSED,
    "NOT_SAVED": NOT_SAVED,
    "NO_NETWORK": NO_NETWORK,
    "NO_ANSWER": NO_ANSWER,
    "INSECURE": INSECURE,
    "PROXY": PROXY,
    "NO_SOCKS": NO_SOCKS,
    "BUSY": BUSY,
    "BAD_ANSWER": BAD_ANSWER,
    "QUOTA": QUOTA,
}
"""By the name of an ends.End or, where Simkl is unreachable, of an errors.Trouble."""


def what_happened(outcome: "Outcome") -> int:
    """The string id that says an outcome. Being cancelled and shutting down are never said."""
    if outcome.read_only:
        return READ_ONLY
    if outcome.replaced:
        return SIGNED_IN_INSTEAD
    if outcome.user_name:
        return SIGNED_IN_AS
    return _BY_NAME[outcome.trouble.name if outcome.trouble else outcome.end.name]


def next_try(outcome: "Outcome") -> int:
    """The string id of the button that starts another try."""
    return NEW_CODE if outcome.end.name in ("EXPIRED", "ANSWER_LOST", "DENIED") else TRY_AGAIN
