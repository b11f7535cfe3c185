"""Strings as numbers: their order, their beginnings, and the limits of what the index knows of them."""

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.steps.filters import Comparison, Compound
from ingest.steps.filters.strings import BYTES, beginning_with, in_order, is_exact, needs_index, to_numbers

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["2024-03-01", "2024-03-01T10:00:00Z", "2024", "", "\x00", "x" * 20, "x" * 21, "\U0001f600" * 6]
)


def selects(condition: object, value: str) -> bool:
    """Evaluate a condition as Qdrant does, over the numbers of one attribute `a`."""
    numbers = to_numbers({"a": value})
    return any(
        each.range.gte <= number <= each.range.lte
        for each in condition.should[:-1]  # type: ignore[attr-defined]  # the last one is for points without numbers
        for number in numbers
    )


@hypothesis_settings(max_examples=300)
@given(texts, texts)
def test_short_strings_sort_as_their_code_points_do(value: str, limit: str) -> None:
    if len(limit.encode()) >= BYTES:
        return
    assert selects(in_order("lt", "a", limit), value) == (value < limit)
    assert selects(in_order("lte", "a", limit), value) == (value <= limit)
    assert selects(in_order("gt", "a", limit), value) == (value > limit)
    assert selects(in_order("gte", "a", limit), value) == (value >= limit)
    assert selects(beginning_with("a", limit), value) == value.startswith(limit)


@hypothesis_settings(max_examples=200)
@given(st.text("ab", min_size=BYTES - 2, max_size=BYTES + 4), st.text("ab", min_size=BYTES - 2, max_size=BYTES + 4))
def test_conditions_on_long_strings_never_select_too_little(value: str, limit: str) -> None:
    assert selects(in_order("lt", "a", limit), value) >= (value < limit)
    assert selects(in_order("gte", "a", limit), value) >= (value >= limit)
    assert selects(beginning_with("a", limit), value) >= value.startswith(limit)


def test_a_date_costs_three_numbers_and_a_long_string_five() -> None:
    assert [len(to_numbers({"a": text})) for text in ("", "2024-03-01", "x" * 19, "x" * 4_096)] == [1, 3, 5, 5]
    assert to_numbers({"a": 5, "b": True}) == [-1]  # not empty: points without numbers are those of older versions


def test_numbers_are_exact_as_bounds_of_ranges() -> None:
    assert all(number < 2**49 for number in to_numbers({"a": "\U0010ffff" * 6, "b": "2024"}))


def test_equal_strings_of_different_keys_have_different_numbers() -> None:
    assert not set(to_numbers({"a": "2024-03-01"})) & set(to_numbers({"b": "2024-03-01"}))


def test_ranges_of_strings_and_beginnings_need_the_index() -> None:
    day, year = Comparison("lt", "a", "2024"), Comparison("lt", "a", 2024)

    assert needs_index(Compound("and", (year, Compound("or", (day,)))))
    assert needs_index(Comparison("starts_with", "a", "x"))
    assert not needs_index(Compound("and", (year, Comparison("eq", "a", "x"), Comparison("in", "a", ("x",)))))


def test_the_index_decides_alone_up_to_a_number_of_bytes() -> None:
    assert is_exact(Comparison("gte", "a", "x" * (BYTES - 1)))
    assert is_exact(Comparison("eq", "a", "x" * BYTES))
    assert is_exact(Comparison("gte", "a", 5))
    assert not is_exact(Comparison("gte", "a", "x" * BYTES))
    assert not is_exact(Comparison("starts_with", "a", "\u00e4" * (BYTES // 2)))
    assert not is_exact(Comparison("contains", "a", "x"))
