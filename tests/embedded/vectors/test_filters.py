"""Filters of the API as filters of the engine."""

from typing import Any

import pytest
import qdrant_edge as edge

from ingest.embedded.vectors import filters
from ingest.embedded.vectors.errors import BadRequest


def nested(depth: int) -> dict[str, Any]:
    """A filter with this many levels."""
    value: dict[str, Any] = {"must": [{"key": "a", "match": {"value": 1}}]}
    for _ in range(depth):
        value = {"must": [value]}
    return value


def test_a_filter_with_all_kinds_of_conditions_is_converted() -> None:
    body = {
        "must": [{"key": "a", "match": {"any": ["x", "y"]}}, {"has_id": [1, 2]}],
        "must_not": [{"key": "b", "range": {"gte": 1, "lt": 5}}, {"is_empty": {"key": "c"}}],
        "min_should": {"conditions": [{"key": "d", "is_null": True}], "min_count": 1},
    }

    assert isinstance(filters.read(body), edge.Filter)


@pytest.mark.parametrize(
    "condition",
    [
        {"key": "a"},
        {"key": "a", "match": {"value": True}},
        {"key": "a", "match": {"any": [1, "x"]}},
        {"key": "a", "match": {"value": 1, "any": [1]}},
        {"key": "a", "geo_radius": {}},
        {"unknown": 1},
    ],
)
def test_an_unknown_condition_is_rejected(condition: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        filters.read({"must": [condition]})


def test_a_filter_that_is_nested_too_deep_is_rejected() -> None:
    assert isinstance(filters.read(nested(filters.MAX_DEPTH - 1)), edge.Filter)
    with pytest.raises(BadRequest, match="nested too deep"):
        filters.read(nested(filters.MAX_DEPTH + 1))
