"""The conditions and search requests that are sent to Qdrant."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from ingest.steps import filters as attribute_filters
from ingest.steps.filters import Filter
from ingest.steps.index.collection import DENSE, TEXT
from ingest.steps.index.wire import HIT_FIELDS, to_sparse_query
from ingest.steps.vectors import SparseVector, Vectors


def equals(field: str, value: str | int) -> models.FieldCondition:
    """Match points whose field has this value."""
    return models.FieldCondition(key=field, match=models.MatchValue(value=value))


def is_any_of(field: str, values: Sequence[int]) -> models.FieldCondition:
    """Match points whose field has one of these values."""
    return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))


def in_range(field: str, first: int, last: int | None = None) -> models.FieldCondition:
    """Match points whose field is between `first` and `last`, inclusive; None means no upper bound."""
    bounds = {"gte": first} if last is None else {"gte": first, "lte": last}
    return models.FieldCondition(key=field, range=models.Range(**bounds))


def of_generation(row: int, generation: int) -> models.Filter:
    """Match the points of one generation of a row."""
    return models.Filter(must=[equals("row", row), equals("generation", generation)])


def search_requests(
    project: str,
    vector_store_id: str,
    *,
    dense: Vectors | None,
    sparse: SparseVector | None,
    filters: Filter | None,
    limit: int,
) -> dict[str, models.QueryRequest]:
    """Return one request for each query part that is given and not empty, keyed by the vector's name."""
    store = models.Filter(must=[equals("project", project), equals("store", vector_store_id)])
    condition = store if filters is None else models.Filter(must=[store, attribute_filters.to_qdrant(filters)])
    common: dict[str, Any] = {"filter": condition, "limit": limit, "with_payload": list(HIT_FIELDS)}
    requests = {}
    if dense is not None:
        vector = np.asarray(dense, np.float32).reshape(-1).tolist()
        requests[DENSE] = models.QueryRequest(query=vector, using=DENSE, **common)
    if sparse is not None and len(sparse.indices):
        requests[TEXT] = models.QueryRequest(
            query=to_sparse_query(sparse),
            using=TEXT,
            params=models.SearchParams(idf=models.IdfCorpusParams(corpus=store)),
            **common,
        )
    return requests
