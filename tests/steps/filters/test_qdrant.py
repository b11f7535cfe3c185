"""The payload that points carry for filters; tests/contracts/test_filters.py compares `to_qdrant` with `matches`."""

import math
from typing import Any

from ingest.steps.filters import to_payload


def test_no_two_attributes_share_a_tag() -> None:
    awkward = [
        ("a", "b=c"),
        ("a=b", "c"),
        ("a", True),
        ("a", "true"),
        ("a", 1),
        ("a", "1.0"),
        ("", "1:a=b"),
        ("1:", "a=b"),
    ]
    surrogates = [("a", "\ud800"), ("a", "\\ud800"), ("a", "x"), ("\ud800", "a")]
    attributes: list[tuple[str, Any]] = [*awkward, *surrogates]

    tags = [tag for key, value in attributes for tag in to_payload({"filename": 0, key: value}, "")["tags"][1:]]

    assert len(set(tags)) == len(tags) == len(attributes)
    assert all(tag.encode() for tag in tags)


def test_numbers_that_are_not_finite_are_left_out() -> None:
    fields = to_payload({"a": math.nan, "b": math.inf, "c": 10**400, "d": 2}, "f")

    assert [len(fields[name]) for name in ("tags", "high", "low", "strings")] == [2, 1, 1, 1]


def test_the_halves_of_numbers_sort_as_the_numbers_do() -> None:
    numbers = [-1e308, -2.0, -1.5, -1.4999999999999998, -5e-324, 0.0, 5e-324, 0.1, 1.0, 2.0**53, 1e308]

    fields = [to_payload({"a": number}, "f") for number in numbers]

    halves = [(one["high"][0] % 2**32, one["low"][0] % 2**32) for one in fields]
    assert halves == sorted(set(halves))
    assert all(one[name][0] < 2**49 for one in fields for name in ("high", "low"))
    assert to_payload({"a": -0.0}, "f") == to_payload({"a": 0}, "f")


def test_equal_numbers_of_different_keys_have_different_halves() -> None:
    one, other = to_payload({"a": 1}, "f"), to_payload({"b": 1}, "f")

    assert one["high"] != other["high"]
    assert one["low"] != other["low"]
