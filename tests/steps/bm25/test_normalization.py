"""Normalised texts."""

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


def test_a_text_that_would_move_is_left_to_the_caller() -> None:
    assert normalize_in_place("\ufb01n") is None
