"""What filters match."""

import math
from typing import Any

import pytest

from ingest.steps.filters import Comparison, Compound, Operator, matches


@pytest.mark.parametrize(
    ("operator", "value", "attributes", "expected"),
    [
        ("eq", 1, {"a": 1.0}, True),
        ("eq", True, {"a": 1}, False),
        ("eq", 1, {"a": True}, False),
        ("eq", "1", {"a": 1}, False),
        ("eq", 0.0, {"a": -0.0}, True),
        ("eq", 2**53, {"a": 2**53 + 1}, True),
        ("eq", "x", {}, False),
        ("ne", "x", {}, True),
        ("ne", "x", {"a": 5}, True),
        ("ne", "x", {"a": "x"}, False),
        ("in", (1, "x"), {"a": "x"}, True),
        ("in", (1, "x"), {"a": True}, False),
        ("in", ("x",), {}, False),
        ("nin", ("x",), {}, True),
        ("nin", ("x", 1), {"a": 1.0}, False),
        ("gt", 1, {"a": 1}, False),
        ("gte", 1, {"a": 1}, True),
        ("lt", 1.5, {"a": 1}, True),
        ("lte", 1, {"a": 1.5}, False),
        ("gt", 0, {"a": True}, False),
        ("gt", "a", {"a": "b"}, True),
        ("gte", "2024-03-01", {"a": "2024-02-29"}, False),
        ("gte", "2024-03-01", {"a": "2024-03-01"}, True),
        ("gt", "2024-03-01", {"a": "2024-03-01"}, False),
        ("gt", "2024-03-01", {"a": "2024-03-01T00:00"}, True),
        ("lt", "2024-10-01", {"a": "2024-09-30"}, True),
        ("lte", "2024", {"a": "2024-01-01"}, False),
        ("lt", "10", {"a": "9"}, False),
        ("lt", "\uffff", {"a": "\U00010000"}, False),
        ("gt", "2024", {"a": 2025}, False),
        ("gt", 2024, {"a": "2025"}, False),
        ("gt", "", {"a": True}, False),
        ("gt", "", {}, False),
        ("starts_with", "inv-", {"a": "inv-1"}, True),
        ("starts_with", "inv-", {"a": "Inv-1"}, False),
        ("starts_with", "", {"a": ""}, True),
        ("starts_with", "", {"a": 5}, False),
        ("contains", "v-1", {"a": "inv-1"}, True),
        ("contains", "v-2", {"a": "inv-1"}, False),
        ("contains", "", {}, False),
        ("lt", False, {"a": -1}, False),
        ("gte", 0, {}, False),
        ("gt", 0, {"a": math.inf}, False),
        ("ne", 0, {"a": math.nan}, True),
        ("lt", 10**400, {"a": 1}, False),
    ],
)
def test_a_comparison_matches_attributes(
    operator: Operator, value: Any, attributes: dict[str, Any], expected: bool
) -> None:
    assert matches(Comparison(operator, "a", value), attributes, "f.txt") is expected


def test_and_needs_all_filters_and_or_needs_one() -> None:
    yes, no = Comparison("eq", "a", 1), Comparison("eq", "a", 2)

    assert matches(Compound("and", (yes, yes)), {"a": 1}, "f")
    assert not matches(Compound("and", (yes, no)), {"a": 1}, "f")
    assert matches(Compound("or", (no, yes)), {"a": 1}, "f")
    assert not matches(Compound("or", (no, no)), {"a": 1}, "f")


def test_the_filename_is_an_attribute_unless_the_file_has_its_own() -> None:
    wanted = Comparison("eq", "filename", "f.txt")

    assert matches(wanted, {}, "f.txt")
    assert not matches(wanted, {"filename": "other"}, "f.txt")
