# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks of the codes and names that Simkl sends."""

from __future__ import annotations

from typing import Any

import pytest

from lib.simkl_account.errors import Unreachable
from lib.simkl_account.models import Code
from lib.simkl_account.outcome import Cause
from lib.simkl_account.simkl.parsing import BLOCK_DELAY, display_name, parse_body, parse_code
from lib.simkl_account.simkl.transport import Answer

from .fakes import CODE, CODE_BODY


def parse(**changes: Any) -> Code:
    """Parse CODE_BODY with changes."""
    return parse_code({**CODE_BODY, **changes}, "https://simkl.com/pin/{}")


def parse_without(*fields: str) -> Code:
    """Parse CODE_BODY without some fields."""
    body = {name: value for name, value in CODE_BODY.items() if name not in fields}
    return parse_code(body, "https://simkl.com/pin/{}")


def test_page_field_missing() -> None:
    """If verification_uri is missing, verification_url is used; if both are missing, the page is simkl.com/pin."""
    assert parse_without("verification_uri") == CODE
    assert parse_without("verification_uri", "verification_url") == CODE
    assert parse(verification_uri=None, verification_url="https://simkl.com/tv").page == "simkl.com/tv"


def test_interval_missing() -> None:
    """If Simkl names no interval, it is 5 seconds."""
    assert parse_without("interval").interval == 5


@pytest.mark.parametrize("code", ["A", "12345", "BDWP-HQPK", "abcdefghijklmnop"])
def test_user_code_lengths(code: str) -> None:
    """A code of 1 to 16 letters, digits and hyphens is accepted."""
    assert parse(user_code=code).user_code == code


@pytest.mark.parametrize(
    "code",
    [
        "",
        " ",
        "A B",
        "[COLOR red]",
        "$INFO[System.Time]",
        "A\n",
        "../x",
        "a" * 17,
        "x" * 10240,
        "ÄÖÜ",
        123,
        None,
        [],
        {},
    ],
)
def test_user_code_unusable(code: Any) -> None:
    """A code that cannot be shown to the user or put into the path of a poll is a bad answer."""
    with pytest.raises(Unreachable) as caught:
        parse(user_code=code)
    assert caught.value.cause is Cause.BAD_ANSWER


@pytest.mark.parametrize("field", ["expires_in", "interval"])
@pytest.mark.parametrize(
    "value", [0, -5, 1e9, "0", "-5", "5 s", "1e3", "nan", "", None, True, [], float("nan"), float("inf"), 10**400]
)
def test_time_unusable(field: str, value: Any) -> None:
    """A time that is not a number in a sensible range raises Unreachable."""
    with pytest.raises(Unreachable):
        parse(**{field: value})


@pytest.mark.parametrize(("value", "seconds"), [("5", 5), ("12.5", 12.5), ("300", 300)])
def test_time_as_string(value: str, seconds: float) -> None:
    """A time that is sent as a string is understood."""
    assert parse(interval=value).interval == seconds


def test_time_limits() -> None:
    """A time just outside its range raises Unreachable; the longest life of a code is accepted."""
    for changes in ({"interval": 300.5}, {"expires_in": 86400.5}, {"interval": 0.5}, {"expires_in": 0.5}):
        with pytest.raises(Unreachable):
            parse(**changes)
    assert parse(expires_in=86400).expires_in == 86400


@pytest.mark.parametrize("field", ["expires_in", "interval"])
@pytest.mark.parametrize("value", [1, 1.5, 300])
def test_time_unchanged(field: str, value: float) -> None:
    """A time in its range is not changed."""
    assert getattr(parse(**{field: value}), field) == value


@pytest.mark.parametrize("field", ["user_code", "expires_in"])
def test_required_fields(field: str) -> None:
    """If a required field is missing, Unreachable is raised."""
    with pytest.raises(Unreachable):
        parse_without(field)


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        ("https://simkl.com/pin", "simkl.com/pin"),
        ("https://simkl.com/pin/", "simkl.com/pin"),
        ("https://www.simkl.com/tv", "www.simkl.com/tv"),
        ("http://simkl.com/pin", "simkl.com/pin"),
        ("https://simkl.com.evil.example/other", "simkl.com/pin"),
        ("https://evilsimkl.com/other", "simkl.com/pin"),
        ("https://evil.example/?simkl.com/other", "simkl.com/pin"),
        ("https://simkl.com@evil.example/other", "simkl.com/pin"),
        ("https://simkl.com/[COLOR red]", "simkl.com/pin"),
        ("https://simkl.com/other\n", "simkl.com/pin"),
        ("https://simkl.com/" + "a" * 10240, "simkl.com/pin"),
        ("javascript:alert(1)", "simkl.com/pin"),
        (17, "simkl.com/pin"),
        (["https://simkl.com/x"], "simkl.com/pin"),
    ],
)
def test_page(uri: Any, page: str) -> None:
    """The page that the user is sent to is a page of simkl.com; anything else is replaced by simkl.com/pin."""
    assert parse(verification_uri=uri).page == page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada", "Ada"),
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Zoë Łukasz 山田", "Zoë Łukasz 山田"),
        ("[COLOR red]Ada[/COLOR]", "(COLOR red)Ada(/COLOR)"),
        ("$INFO[System.Time]", "$INFO(System.Time)"),
        ("Ada\nLovelace\x00\u202e", "Ada Lovelace"),
        ("x" * 10240, "x" * 50),
        ("Ada" + " " * 100 + "Lovelace", "Ada Lovelace"),
        ("\ud800 Ada", "Ada"),
    ],
)
def test_display_name(name: str, shown: str) -> None:
    """A user's name is shown as one line of at most 50 printable characters, without label markup."""
    assert display_name(name) == shown


# Answers that are no success


@pytest.mark.parametrize(
    ("status", "body", "cause", "retry_after", "is_passing"),
    [
        (429, b'{"error":"rate_limit","code":429}', Cause.BUSY, None, False),
        (429, b'{"error":"user_limit_exceeded","code":429}', Cause.USER_LIMIT, 45000.0, False),
        (429, b'{"error":"app_limit_exceeded","code":429}', Cause.APP_LIMIT, 45000.0, False),
        (400, b'{"error":"RATE_LIMIT","code":400}', Cause.BUSY, 45000.0, False),
        (412, b'{"error":"client_id_failed","code":412}', Cause.BUSY, BLOCK_DELAY, False),
        (429, b"<html>", Cause.BUSY, 45000.0, False),
        (500, b"<html>", Cause.BAD_ANSWER, 45000.0, True),
        (502, b"", Cause.BAD_ANSWER, 45000.0, True),
        (503, b"{}", Cause.BAD_ANSWER, 45000.0, True),
        (504, b"", Cause.BAD_ANSWER, 45000.0, True),
        (520, b"", Cause.BAD_ANSWER, 45000.0, True),
        (530, b"", Cause.BAD_ANSWER, 45000.0, True),
        (501, b"", Cause.BAD_ANSWER, 45000.0, False),
        (519, b"", Cause.BAD_ANSWER, 45000.0, False),
        (531, b"", Cause.BAD_ANSWER, 45000.0, False),
        (404, b"", Cause.BAD_ANSWER, 45000.0, False),
        (302, b"", Cause.BAD_ANSWER, 45000.0, False),
    ],
)
def test_parse_body_error(status: int, body: bytes, cause: Cause, retry_after: float | None, is_passing: bool) -> None:
    """Retry-After is ignored for the limit by the second, and only some statuses are passing faults."""
    with pytest.raises(Unreachable) as caught:
        parse_body(Answer(status, body, 45000.0))
    error = caught.value
    assert (error.cause, error.retry_after, error.is_passing) == (cause, retry_after, is_passing)
    assert str(error).endswith(f"(HTTP {status})")


def test_daily_limit_without_retry_after() -> None:
    """If Simkl does not say when the day ends, it is worked out."""
    with pytest.raises(Unreachable) as caught:
        parse_body(Answer(429, b'{"error":"app_limit_exceeded"}', None))
    assert 0 < (caught.value.retry_after or 0) <= 25 * 3600


def test_block() -> None:
    """A 412 is a block of the client id for some minutes, and no other answer is."""
    for status, is_block in ((412, True), (429, False), (503, False)):
        with pytest.raises(Unreachable) as caught:
            parse_body(Answer(status, b"", None))
        assert caught.value.is_block is is_block
    assert BLOCK_DELAY >= 300
