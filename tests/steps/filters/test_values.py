"""How attribute values become numbers and tokens."""

import math

import pytest

from ingest.steps.filters import Comparison
from ingest.steps.filters.values import to_float, to_token, with_filename


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (-0.0, 0.0), (2**53 + 1, 2.0**53), (True, None), ("1", None), (None, None), (10**400, None)],
)
def test_only_finite_numbers_become_floats(value: object, expected: float | None) -> None:
    assert to_float(value) == expected


def test_a_negative_zero_loses_its_sign() -> None:
    number = to_float(-0.0)

    assert number is not None
    assert math.copysign(1, number) == 1.0


def test_the_token_of_a_lone_surrogate_can_be_encoded() -> None:
    token = to_token("a", "\ud800")

    assert token is not None
    assert token.isascii()


def test_a_number_that_is_not_finite_has_no_token() -> None:
    assert to_token("a", math.nan) is None
    assert Comparison("in", "a", (math.inf, 1)).tokens == {to_token("a", 1)}


def test_an_attribute_named_filename_wins_over_the_file_name() -> None:
    assert with_filename({"filename": "own"}, "f.txt") == {"filename": "own"}
    assert with_filename({"a": 1}, "f.txt") == {"filename": "f.txt", "a": 1}
