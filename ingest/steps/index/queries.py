"""The conditions and search requests that are sent to Qdrant."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from ingest.steps import filters as attribute_filters
from ingest.steps.filters import Filter
from ingest.steps.index.collection import DENSE, TEXT
from ingest.steps.index.points import PointKey
from ingest.steps.index.wire import HIT_FIELDS, point_id, to_sparse_query
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


def of_file(row: int, file_id: str) -> list[models.Condition]:
    """Match the points of a row that name this file."""
    return [equals("row", row), equals("file", file_id)]


def search_requests(
    project: str,
    vector_store_id: str,
    *,
    dense: Vectors | None,
    sparse: SparseVector | None,
    filters: Filter | None,
    limit: int,
    rows: Sequence[int] | None = None,
) -> dict[str, models.QueryRequest]:
    """Return one request for each query part that is given and not empty, keyed by the vector's name."""
    store = _in_store(project, vector_store_id)
    conditions: list[models.Condition] = [store]
    if filters is not None:
        conditions.append(attribute_filters.to_qdrant(filters))
    if rows is not None:
        conditions.append(is_any_of("row", rows or [0]))  # no row is 0; Qdrant refuses an empty list
    condition = store if len(conditions) == 1 else models.Filter(must=conditions)
    common: dict[str, Any] = {"filter": condition, "limit": limit, "with_payload": list(HIT_FIELDS)}
    requests = {}
    if dense is not None:
        requests[DENSE] = _dense_request(dense, **common)
    if sparse is not None and len(sparse.indices):
        requests[TEXT] = _text_request(sparse, store, **common)
    return requests


def score_request(points: Sequence[PointKey], dense: Vectors) -> models.QueryRequest:
    """Return a request for the scores of these points alone."""
    only = models.Filter(must=[models.HasIdCondition(has_id=[point_id(*point) for point in points])])
    return _dense_request(dense, filter=only, limit=len(points), with_payload=list(PointKey._fields))


def _in_store(project: str, vector_store_id: str) -> models.Filter:
    return models.Filter(must=[equals("project", project), equals("store", vector_store_id)])


def _dense_request(dense: Vectors, **common: Any) -> models.QueryRequest:
    vector = np.asarray(dense, np.float32).reshape(-1).tolist()
    return models.QueryRequest(query=vector, using=DENSE, **common)


def _text_request(sparse: SparseVector, store: models.Filter, **common: Any) -> models.QueryRequest:
    """Return a request whose document frequencies are those of the whole store."""
    params = models.SearchParams(idf=models.IdfCorpusParams(corpus=store))
    return models.QueryRequest(query=to_sparse_query(sparse), using=TEXT, params=params, **common)
