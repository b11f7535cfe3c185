"""The time of one file, with and without pages of OCR."""

import time
from collections.abc import Callable

import pytest

from ingest.steps.parse.deadline import GRACE_SECONDS, Deadline

STARTED, ENDED = {"ocr_page": "started"}, {"ocr_page": "ended"}
Advance = Callable[[float], None]


@pytest.fixture
def advance(monkeypatch: pytest.MonkeyPatch) -> Advance:
    at = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])

    def advance_clock(seconds: float) -> None:
        at[0] += seconds

    return advance_clock


def test_a_file_without_ocr_has_its_own_time(advance: Advance) -> None:
    deadline = Deadline(10)

    advance(9)
    assert not deadline.is_over
    advance(2)
    assert deadline.is_over


def test_the_time_of_ocr_does_not_count(advance: Advance) -> None:
    deadline = Deadline(10, ocr_page_seconds=60, ocr_max_pages=100)

    for _ in range(100):
        deadline.note(STARTED)
        advance(59)
        assert deadline.is_in_ocr
        assert not deadline.is_over
        deadline.note(ENDED)

    advance(9)
    assert not deadline.is_over
    advance(2)
    assert deadline.is_over


def test_each_page_has_its_limit(advance: Advance) -> None:
    deadline = Deadline(10, ocr_page_seconds=60, ocr_max_pages=100)
    deadline.note(STARTED)

    advance(60 + GRACE_SECONDS + 1)

    assert deadline.is_over


def test_messages_beyond_the_number_of_pages_gain_nothing(advance: Advance) -> None:
    deadline = Deadline(10, ocr_page_seconds=60, ocr_max_pages=1)
    for _ in range(3):
        deadline.note(STARTED)
        deadline.note(STARTED)
        advance(5)
        deadline.note(ENDED)
        deadline.note(ENDED)

    assert not deadline.is_over
    advance(1)
    assert deadline.is_over


def test_other_messages_are_ignored(advance: Advance) -> None:
    deadline = Deadline(10, ocr_page_seconds=60, ocr_max_pages=1)

    deadline.note({"done": 1, "total": 3})
    deadline.note({"ocr_page": 7})
    advance(11)

    assert deadline.is_over
