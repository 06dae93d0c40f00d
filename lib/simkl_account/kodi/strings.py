# SPDX-License-Identifier: GPL-2.0-or-later
"""The ids of the texts in strings.po, and which text tells how a sign-in or a check ended."""

from __future__ import annotations

from math import ceil

from .addon import text

TYPE_CHECKING = False
if TYPE_CHECKING:  # outcome is not loaded before the first dialog is shown: see script.py
    from ..errors import Unreachable
    from ..outcome import Outcome


class Text:
    """Ids of texts."""

    NOT_SIGNED_IN = 32001
    SIGN_IN = 32010
    SIGN_IN_OUTDATED = 32017

    MINUTES_LEFT = 32019
    SIGN_IN_TITLE = 32020
    CONTACTING = 32021
    ENTER_CODE = 32022
    TIME_LEFT = 32023
    STILL_TRYING = 32024
    APPROVED = 32025
    ALREADY_OPEN = 32026
    SCAN_OR_ENTER_CODE = 32027
    WAITING = 32028
    BUSY_FOR_MINUTES = 32029

    SIGNED_IN_NAMELESS = 32003
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
    USER_LIMIT = 32052
    APP_LIMIT = 32053
    IN_HOURS = 32054
    WITHIN_AN_HOUR = 32055
    TOKEN_REFUSED = 32056
    CLIENT_ID_NO_LONGER_ACCEPTED = 32057
    READ_ONLY_NAMELESS = 32058

    NO_CLIENT_ID = 32060
    ENTER_CLIENT_ID = 32061
    CLIENT_ID = 32062
    CLIENT_ID_NOT_SAVED = 32063

    SIGN_OUT = 32012
    SIGN_OUT_QUESTION = 32070
    SIGNED_OUT = 32071
    NOT_REMOVED = 32072
    SIGNED_OUT_AT_SIMKL = 32073


def message(outcome: Outcome) -> str:
    """Return the text that tells an outcome, in Kodi's language."""
    first = _time_until_limit_ends(outcome.seconds_left) if outcome.cause else outcome.user_name
    return text(message_id(outcome), first, outcome.replaced_name)


def _time_until_limit_ends(seconds: float) -> str:
    hours = ceil(seconds / 3600)
    return text(Text.IN_HOURS, str(hours)) if hours > 1 else text(Text.WITHIN_AN_HOUR)


def message_id(outcome: Outcome) -> int:
    """Return the text that tells an outcome. There is none for an outcome that is silent."""
    from ..outcome import Cause, SignInResult

    if outcome.read_only:
        return Text.READ_ONLY if outcome.user_name else Text.READ_ONLY_NAMELESS
    if outcome.replaced_name:
        return Text.SIGNED_IN_INSTEAD
    if outcome.user_name:
        return Text.SIGNED_IN_AS
    if outcome.is_nameless:
        return Text.SIGNED_IN_NAMELESS
    causes = {
        Cause.NO_NETWORK: Text.NO_NETWORK,
        Cause.NO_ANSWER: Text.NO_ANSWER,
        Cause.INSECURE: Text.INSECURE,
        Cause.PROXY: Text.PROXY,
        Cause.NO_SOCKS: Text.NO_SOCKS,
        Cause.BUSY: Text.BUSY,
        Cause.BAD_ANSWER: Text.BAD_ANSWER,
        Cause.USER_LIMIT: Text.USER_LIMIT,
        Cause.APP_LIMIT: Text.APP_LIMIT,
    }
    results = {
        SignInResult.SIGNED_IN: Text.SIGNED_IN,
        SignInResult.EXPIRED: Text.EXPIRED,
        SignInResult.NEEDS_SIGN_IN: Text.NEEDS_SIGN_IN,
        SignInResult.TOKEN_REFUSED: Text.TOKEN_REFUSED,
        SignInResult.ANSWER_LOST: Text.ANSWER_LOST,
        SignInResult.DENIED: Text.DENIED,
        SignInResult.REFUSED: Text.REFUSED,
        SignInResult.NOT_SAVED: Text.NOT_SAVED,
    }
    return causes[outcome.cause] if outcome.cause else results[outcome.result]


def still_trying_id(error: Unreachable) -> int:
    """Return the text that is shown beside a code while Simkl sends no usable answer."""
    return Text.BUSY_FOR_MINUTES if error.is_block else Text.STILL_TRYING


def retry_label_id(outcome: Outcome) -> int:
    """Return the label of the button that starts another try."""
    return Text.NEW_CODE if outcome.wants_new_code else Text.TRY_AGAIN
