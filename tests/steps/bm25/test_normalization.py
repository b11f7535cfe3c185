"""Normalised texts."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.bm25.normalization import normalize, normalize_in_place


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("\uff26\uff35\uff2c\uff2c", "FULL"),
        ("\ufb01n", "fin"),
        ("e\u0301", "\u00e9"),
        ("10\u2075", "10 "),
        ("\ufe8e", "\u0627"),
    ],
)
def test_other_forms_of_characters_are_replaced(text: str, normal: str) -> None:
    assert normalize(text) == normal


@given(st.text(max_size=40))
def test_a_text_normalised_in_place_keeps_its_length(text: str) -> None:
    normal = normalize_in_place(text)
    assert normal is None or (len(normal) == len(text) and normal == normalize(text.replace("\u2026", ".")))


@pytest.mark.parametrize(("before", "accented"), [("a", "\u00e1"), ("abc", "ab\u0107")])
def test_a_letter_keeps_30_marks_and_takes_no_quadratic_time(before: str, accented: str) -> None:
    started = time.process_time()
    normal = normalize(before + "\u0301\u0316" * 100_000 + "z")  # NFKC sorts the marks: 15 s without a bound

    assert time.process_time() - started < 2
    assert normal == accented + "\u0316" * 15 + "\u0301" * 14 + "z"


def test_a_text_that_would_move_is_left_to_the_caller() -> None:
    assert normalize_in_place("\ufb01n") is None
