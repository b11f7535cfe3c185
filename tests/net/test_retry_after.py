"""Retry-After: seconds or a date, and nothing that stops a client for ever."""

import time
from email.utils import formatdate

import pytest

from ingest.net.retry_after import MAX_SECONDS, retry_after_seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7), ("0", 0), ("1.5", 1.5), ("9" * 400, MAX_SECONDS), ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_SECONDS), ("soon", None), ("-3", None), ("", None), (" ", None),
    ],
)  # fmt: skip
def test_the_header_is_seconds_or_a_date_and_at_most_an_hour(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}) == seconds


def test_a_date_is_compared_with_the_clock() -> None:
    at = formatdate(time.time() + 60, usegmt=True)

    assert 55 < (retry_after_seconds({"retry-after": at}) or 0) <= 60


def test_without_the_header_there_is_no_wait() -> None:
    assert retry_after_seconds({}) is None
