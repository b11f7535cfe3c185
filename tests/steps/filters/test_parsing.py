"""Filters that are parsed, and filters that are refused with the path of the error."""

import math
from typing import Any

import pytest

from ingest.errors import InvalidRequest
from ingest.steps.filters import Comparison, Compound, parse_filter


def eq(key: str = "a", value: Any = 1) -> dict[str, Any]:
    return {"type": "eq", "key": key, "value": value}


def nested(depth: int) -> dict[str, Any]:
    return eq() if depth == 1 else {"type": "and", "filters": [nested(depth - 1)]}


def test_a_comparison_is_parsed() -> None:
    assert parse_filter({"type": "gte", "key": "year", "value": 2020}) == Comparison("gte", "year", 2020)


def test_ranges_of_dates_and_parts_of_strings_are_parsed() -> None:
    date = {"type": "lt", "key": "day", "value": "2024-03-01"}
    start = {"type": "starts_with", "key": "filename", "value": "inv-"}

    assert parse_filter(date) == Comparison("lt", "day", "2024-03-01")
    assert parse_filter(start) == Comparison("starts_with", "filename", "inv-")


def test_property_is_an_alias_of_key() -> None:
    raw = {"type": "in", "property": "filename", "value": ["a.txt", "b.txt"]}

    assert parse_filter(raw) == Comparison("in", "filename", ("a.txt", "b.txt"))


def test_compound_filters_may_be_nested() -> None:
    raw = {"type": "and", "filters": [eq(), {"type": "or", "filters": [eq("b", True)]}]}

    assert parse_filter(raw) == Compound(
        "and", (Comparison("eq", "a", 1), Compound("or", (Comparison("eq", "b", True),)))
    )


@pytest.mark.parametrize(
    ("raw", "param", "code"),
    [
        (None, "filters", "invalid_type"),
        ([eq()], "filters", "invalid_type"),
        ({}, "filters.type", "missing_required_parameter"),
        ({"type": 1}, "filters.type", "invalid_type"),
        ({"type": "like", "key": "a", "value": 1}, "filters.type", "invalid_value"),
        ({"type": "eq", "value": 1}, "filters.key", "missing_required_parameter"),
        ({"type": "eq", "key": "a"}, "filters.value", "missing_required_parameter"),
        (eq(5), "filters.key", "invalid_type"),  # type: ignore[arg-type]  # the test passes a wrong type on purpose
        (eq(""), "filters.key", "invalid_value"),
        (eq("k" * 257), "filters.key", "invalid_value"),
        (eq("\ud800"), "filters.key", "invalid_value"),
        ({**eq(), "property": "a"}, "filters.property", "invalid_value"),
        ({**eq(), "extra": 1}, "filters.extra", "unknown_parameter"),
        (eq(value=None), "filters.value", "invalid_type"),
        (eq(value=[1]), "filters.value", "invalid_type"),
        (eq(value={}), "filters.value", "invalid_type"),
        (eq(value="x" * 4_097), "filters.value", "invalid_value"),
        (eq(value="\udfff"), "filters.value", "invalid_value"),
        (eq(value=math.nan), "filters.value", "invalid_value"),
        (eq(value=-math.inf), "filters.value", "invalid_value"),
        (eq(value=10**400), "filters.value", "invalid_value"),
        ({"type": "in", "key": "a", "value": "x"}, "filters.value", "invalid_type"),
        ({"type": "in", "key": "a", "value": []}, "filters.value", "invalid_value"),
        ({"type": "nin", "key": "a", "value": [1, None]}, "filters.value[1]", "invalid_type"),
        ({"type": "in", "key": "a", "value": [1] * 1_001}, "filters.value", "invalid_value"),
        ({"type": "gt", "key": "a", "value": True}, "filters.value", "invalid_type"),
        ({"type": "starts_with", "key": "a", "value": 1}, "filters.value", "invalid_type"),
        ({"type": "starts_with", "key": "a", "value": ""}, "filters.value", "invalid_value"),
        ({"type": "contains", "key": "a", "value": ""}, "filters.value", "invalid_value"),
        ({"type": "contains", "key": "a", "value": ["x"]}, "filters.value", "invalid_type"),
        ({"type": "and"}, "filters.filters", "missing_required_parameter"),
        ({"type": "or", "filters": []}, "filters.filters", "invalid_value"),
        ({"type": "or", "filters": eq()}, "filters.filters", "invalid_type"),
        ({"type": "or", "filters": [eq()], "key": "a"}, "filters.key", "unknown_parameter"),
        (
            {"type": "and", "filters": [eq(), {"type": "eq", "key": "a"}]},
            "filters.filters[1].value",
            "missing_required_parameter",
        ),
        ({"type": "and", "filters": [eq()] * 256}, "filters", "invalid_value"),
        ({"type": "and", "filters": [eq()] * 100_000}, "filters.filters", "invalid_value"),
    ],
)
def test_a_malformed_filter_is_refused_with_the_path_of_the_error(raw: object, param: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_filter(raw)

    assert (caught.value.param, caught.value.code) == (param, code)


def test_the_nesting_depth_is_limited() -> None:
    parse_filter(nested(8))

    with pytest.raises(InvalidRequest, match="at most 8 deep") as caught:
        parse_filter(nested(9))

    assert caught.value.code == "invalid_value"
