"""Attribute filters: what is accepted, what is refused and where, and what matches."""

import math
from typing import Any

import pytest

from ingest.errors import InvalidRequest
from ingest.steps.filters import Comparison, Compound, Operator, matches, parse, payload


def eq(key: str = "a", value: Any = 1) -> dict[str, Any]:
    return {"type": "eq", "key": key, "value": value}


def nested(depth: int) -> dict[str, Any]:
    return eq() if depth == 1 else {"type": "and", "filters": [nested(depth - 1)]}


# --- parse ---


def test_a_comparison_is_read() -> None:
    assert parse({"type": "gte", "key": "year", "value": 2020}) == Comparison("gte", "year", 2020)


def test_property_is_another_word_for_key() -> None:
    raw = {"type": "in", "property": "filename", "value": ["a.txt", "b.txt"]}

    assert parse(raw) == Comparison("in", "filename", ("a.txt", "b.txt"))


def test_compounds_nest() -> None:
    raw = {"type": "and", "filters": [eq(), {"type": "or", "filters": [eq("b", True)]}]}

    assert parse(raw) == Compound("and", (Comparison("eq", "a", 1), Compound("or", (Comparison("eq", "b", True),))))


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
        (eq(5), "filters.key", "invalid_type"),  # type: ignore[arg-type] # that is the point
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
def test_what_is_malformed_is_refused_with_its_place(raw: object, param: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(raw)

    assert (caught.value.param, caught.value.code) == (param, code)


def test_nesting_is_bounded() -> None:
    parse(nested(8))

    with pytest.raises(InvalidRequest, match="at most 8 deep") as caught:
        parse(nested(9))

    assert caught.value.code == "invalid_value"


# --- matches ---


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
        ("gt", "a", {"a": "b"}, False),
        ("lt", False, {"a": -1}, False),
        ("gte", 0, {}, False),
        ("gt", 0, {"a": math.inf}, False),
        ("ne", 0, {"a": math.nan}, True),
        ("lt", 10**400, {"a": 1}, False),
    ],
)
def test_one_comparison_matches(operator: Operator, value: Any, attributes: dict[str, Any], expected: bool) -> None:
    assert matches(Comparison(operator, "a", value), attributes, "f.txt") is expected


def test_and_wants_all_and_or_wants_one() -> None:
    yes, no = Comparison("eq", "a", 1), Comparison("eq", "a", 2)

    assert matches(Compound("and", (yes, yes)), {"a": 1}, "f")
    assert not matches(Compound("and", (yes, no)), {"a": 1}, "f")
    assert matches(Compound("or", (no, yes)), {"a": 1}, "f")
    assert not matches(Compound("or", (no, no)), {"a": 1}, "f")


def test_the_filename_is_an_attribute_unless_the_file_has_its_own() -> None:
    wanted = Comparison("eq", "filename", "f.txt")

    assert matches(wanted, {}, "f.txt")
    assert not matches(wanted, {"filename": "other"}, "f.txt")


# --- payload and compile ---


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

    tags = [tag for key, value in attributes for tag in payload({"filename": 0, key: value}, "")["tags"][1:]]

    assert len(set(tags)) == len(tags) == len(attributes)
    assert all(tag.encode() for tag in tags)


def test_numbers_that_are_none_are_left_out() -> None:
    fields = payload({"a": math.nan, "b": math.inf, "c": 10**400, "d": 2}, "f")

    assert [len(fields[name]) for name in ("tags", "high", "low")] == [2, 1, 1]


def test_numbers_are_kept_in_halves_that_sort_as_they_do() -> None:
    numbers = [-1e308, -2.0, -1.5, -1.4999999999999998, -5e-324, 0.0, 5e-324, 0.1, 1.0, 2.0**53, 1e308]

    fields = [payload({"a": number}, "f") for number in numbers]

    halves = [(one["high"][0] % 2**32, one["low"][0] % 2**32) for one in fields]
    assert halves == sorted(set(halves))
    assert all(one[name][0] < 2**49 for one in fields for name in ("high", "low"))
    assert payload({"a": -0.0}, "f") == payload({"a": 0}, "f")


def test_keys_do_not_share_their_numbers() -> None:
    one, other = payload({"a": 1}, "f"), payload({"b": 1}, "f")

    assert one["high"] != other["high"]
    assert one["low"] != other["low"]
