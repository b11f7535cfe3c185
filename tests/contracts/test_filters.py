"""The contract of filters: a filtered search in Qdrant agrees with `matches`; for long strings, it finds all that match.

`FakeIndex` is left out: it calls `matches` itself.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from ingest.config import Settings
from ingest.steps import filters
from ingest.steps.filters import Comparison, Compound, Filter, strings
from ingest.steps.index import PointOwner, QdrantIndex
from tests.contracts.points import DIMENSIONS, PROJECT, find_rows, make_point

pytestmark = pytest.mark.services

KEYS = ["a", "a.b", "a[0]", 'q"uote', "a=b", "ключ", "\x00\x1f", " ", "k61", "filename", "2:x", "a]", "`"]
TEXTS = ["", "x", "b=x", "1", "1.0", "true", "name-1.txt", "ü\x1f", "=x", "\x00"]
TEXTS += ["2024-03-01", "2024-03-01T10:00:00Z", "2024-03", "2024", "x" * 20, "x" * 21, "x" * 16, "\U0001f600" * 6]
NUMBERS = [0, -0.0, 1, 1.0, 1.5, -3, 2**53, 2**53 + 1, 1e300, 5e-324, 10**25, 0.1]

keys = st.sampled_from(KEYS) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
numbers = st.sampled_from(NUMBERS) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.booleans() | numbers | texts
attribute_sets = st.dictionaries(keys, scalars, max_size=6)
ONE_VALUE = ["eq", "ne", "gt", "gte", "lt", "lte"]
comparisons = (
    st.builds(Comparison, st.sampled_from(ONE_VALUE), keys, scalars)
    | st.builds(Comparison, st.sampled_from(["in", "nin"]), keys, st.lists(scalars, min_size=1, max_size=4).map(tuple))
    | st.builds(Comparison, st.sampled_from(["starts_with", "contains"]), keys, texts)
)
nested = st.recursive(
    comparisons,
    lambda parts: st.builds(
        Compound, st.sampled_from(["and", "or"]), st.lists(parts, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[Filter]]:
    """Attributes of files, and filters of which most match some file."""
    files = draw(st.lists(attribute_sets, min_size=1, max_size=6))
    pairs = [pair for attributes in files for pair in attributes.items()]
    some = nested
    if pairs:
        operators = st.sampled_from(ONE_VALUE)
        close = st.builds(lambda pair, op: Comparison(op, *pair), st.sampled_from(pairs), operators)
        some = close | nested | st.builds(lambda *parts: Compound("and", parts), close, nested)
    return files, draw(st.lists(some, min_size=1, max_size=8))


_stores = count()


@pytest.fixture(scope="module")
def shared_index(qdrant: Any) -> Iterator[QdrantIndex]:
    settings = Settings(qdrant_url=qdrant.url, qdrant_api_key=SecretStr(qdrant.api_key))
    index = QdrantIndex.connect(settings, model=f"filters {id(qdrant)}", dimensions=DIMENSIONS, multivector=True)
    yield index
    index._client.delete_collection(index._collection)
    index.close()


@hypothesis_settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_filtered_search_agrees_with_matches(
    shared_index: QdrantIndex, case: tuple[list[dict[str, Any]], list[Filter]]
) -> None:
    files, wanted = case
    store = f"vs_{next(_stores)}"
    for row, attributes in enumerate(files):
        shared_index.upsert(
            PointOwner(row, 1, PROJECT, store, "file-x", f"name-{row}.txt", attributes), [make_point(0)]
        )

    for filter_ in wanted:
        found = find_rows(shared_index, filter_, store)

        expected = {
            row for row, attributes in enumerate(files) if filters.matches(filter_, attributes, f"name-{row}.txt")
        }
        assert found == expected if _is_exact(filter_) else found >= expected, filter_

    shared_index.delete_store(store)


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (Comparison("gte", "day", "2024-03-01"), {3, 4, 5, 6}),
        (Comparison("gt", "day", "2024-03-01"), {4, 5, 6}),
        (Comparison("lt", "day", "2024-03-01"), {1, 2}),
        (Comparison("lte", "day", "2024-03-01"), {1, 2, 3}),
        (Comparison("lt", "day", "2024-03-01T10:00:00"), {1, 2, 3}),
        (Comparison("gt", "day", "2024-03-01T10"), {4, 5, 6}),
        (Comparison("starts_with", "day", "2024"), {2, 3, 4, 5}),
        (Comparison("starts_with", "day", "2024-03-01"), {3, 4}),
        (Comparison("starts_with", "day", ""), {1, 2, 3, 4, 5, 6}),
        (Comparison("gt", "day", 0), {7}),
        (Comparison("starts_with", "filename", "name-2"), {2}),
        (Compound("and", (Comparison("gte", "day", "2024-01"), Comparison("lt", "day", "2024-03-02"))), {2, 3, 4}),
    ],
)
def test_dates_are_compared_in_the_index(shared_index: QdrantIndex, filter_: Filter, expected: set[int]) -> None:
    store = f"vs_{next(_stores)}"
    days = ["1999-12-31", "2024-02-29", "2024-03-01", "2024-03-01T10:00:00Z", "2024-11-05", "2025"]
    for row, day in enumerate(days, start=1):
        shared_index.upsert(PointOwner(row, 1, PROJECT, store, "f", f"name-{row}.txt", {"day": day}), [make_point(0)])
    shared_index.upsert(PointOwner(7, 1, PROJECT, store, "f", "name-7.txt", {"day": 2024}), [make_point(0)])

    assert find_rows(shared_index, filter_, store) == expected


def test_points_of_older_versions_are_found_by_every_range_of_strings(
    shared_index: QdrantIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"vs_{next(_stores)}"
    fields = filters.to_payload({"day": "2024-03-01"}, "name")
    monkeypatch.setattr(filters, "to_payload", lambda *_: {key: fields[key] for key in ("tags", "high", "low")})
    shared_index.upsert(PointOwner(1, 1, PROJECT, store, "f", "name", {"day": "2024-03-01"}), [make_point(0)])

    assert find_rows(shared_index, Comparison("gte", "day", "2024"), store) == {1}
    assert find_rows(shared_index, Comparison("starts_with", "day", "2025"), store) == {1}
    assert find_rows(shared_index, Comparison("eq", "day", "2025"), store) == set()


def test_a_range_of_strings_creates_its_payload_index_in_a_collection_of_an_older_version(
    qdrant_index: QdrantIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    qdrant_index.upsert(PointOwner(1, 1, PROJECT, "vs_1", "f", "name", {"day": "2024-03-01"}), [make_point(0)])
    created: list[bool] = []
    monkeypatch.setattr(qdrant_index, "ensure_collection", lambda: created.append(True))

    assert find_rows(qdrant_index, Comparison("eq", "day", "2024-03-01")) == {1}
    assert created == []
    assert find_rows(qdrant_index, Comparison("gte", "day", "2024")) == {1}
    assert created == [True]


def _is_exact(condition: Filter) -> bool:
    """Return whether the index decides alone: by equality, by numbers, or by short strings."""
    if isinstance(condition, Compound):
        return all(map(_is_exact, condition.filters))
    return strings.is_exact(condition)
