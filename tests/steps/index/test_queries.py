"""The search requests that are sent to Qdrant."""

import pytest

from ingest.steps.filters import Comparison
from ingest.steps.index.queries import in_range, search_requests
from ingest.steps.vectors import SparseVector
from tests.contracts.points import unit_vector

TERMS = SparseVector([7], [1.0])


@pytest.mark.parametrize(
    ("has_dense", "sparse", "parts"),
    [
        (True, TERMS, ["dense", "text"]),
        (True, None, ["dense"]),
        (False, TERMS, ["text"]),
        (False, SparseVector([], []), []),
        (False, None, []),
    ],
)
def test_only_query_parts_that_are_not_empty_are_searched(
    has_dense: bool, sparse: SparseVector | None, parts: list[str]
) -> None:
    dense = unit_vector(0) if has_dense else None

    requests = search_requests("p", "vs_1", dense=dense, sparse=sparse, filters=None, limit=5)

    assert list(requests) == parts
    assert [request.using for request in requests.values()] == parts
    assert all(request.limit == 5 for request in requests.values())


def test_document_frequencies_come_from_the_store_without_the_filter() -> None:
    plain, filtered = (
        search_requests("p", "vs_1", dense=None, sparse=TERMS, filters=filters, limit=5)["text"]
        for filters in (None, Comparison("eq", "a", 1))
    )

    assert plain.filter != filtered.filter
    assert plain.params == filtered.params
    assert plain.params is not None
    assert plain.params.idf is not None


def test_a_range_without_an_upper_bound_sends_none() -> None:
    assert in_range("number", 3).model_dump(exclude_unset=True)["range"] == {"gte": 3}
    assert in_range("number", 3, 5).model_dump(exclude_unset=True)["range"] == {"gte": 3, "lte": 5}
