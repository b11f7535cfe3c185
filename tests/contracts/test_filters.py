"""The contract of filters: a filtered search in Qdrant agrees with `matches`.

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
from ingest.steps.filters import Comparison, Compound, Filter
from ingest.steps.index import PointOwner, QdrantIndex
from tests.contracts.points import DIMENSIONS, PROJECT, find_rows, make_point

pytestmark = pytest.mark.services

KEYS = ["a", "a.b", "a[0]", 'q"uote', "a=b", "ключ", "\x00\x1f", " ", "k61", "filename", "2:x", "a]", "`"]
TEXTS = ["", "x", "b=x", "1", "1.0", "true", "name-1.txt", "ü\x1f", "=x", "\x00"]
NUMBERS = [0, -0.0, 1, 1.0, 1.5, -3, 2**53, 2**53 + 1, 1e300, 5e-324, 10**25, 0.1]

keys = st.sampled_from(KEYS) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
numbers = st.sampled_from(NUMBERS) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.booleans() | numbers | texts
attribute_sets = st.dictionaries(keys, scalars, max_size=6)
comparisons = st.builds(Comparison, st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), keys, scalars) | st.builds(
    Comparison, st.sampled_from(["in", "nin"]), keys, st.lists(scalars, min_size=1, max_size=4).map(tuple)
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
        operators = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"])
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
        assert found == expected, filter_

    shared_index.delete_store(store)
