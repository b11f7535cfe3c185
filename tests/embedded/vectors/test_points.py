"""Points and queries of the API as objects of the engine."""

from typing import Any

import pytest

from ingest.embedded.vectors import points
from ingest.embedded.vectors.configs import VectorKind
from ingest.embedded.vectors.errors import BadRequest

KINDS = {"dense": VectorKind(2), "windows": VectorKind(2, multi=True), "sparse": VectorKind(0)}


def point(**vectors: Any) -> dict[str, Any]:
    """The body of an upsert of one point."""
    return {"points": [{"id": 1, "vector": vectors, "payload": {"a": None}}]}


def test_a_point_with_all_kinds_of_vectors_is_converted() -> None:
    body = point(dense=[1.0, 0.0], windows=[[1.0, 0.0], [0.0, 1.0]], sparse={"indices": [3, 1], "values": [0.5, 1.5]})

    [converted] = points.read(body, KINDS)

    assert (converted.id, converted.payload) == (1, {"a": None})


def test_a_batch_is_converted_like_single_points() -> None:
    batch = {"ids": [1, 2], "vectors": {"dense": [[1.0, 0.0], [0.0, 1.0]]}, "payloads": [{}, {"a": 1}]}

    assert [converted.id for converted in points.read({"batch": batch}, KINDS)] == [1, 2]
    with pytest.raises(BadRequest, match="differ in length"):
        points.read({"batch": batch | {"ids": [1]}}, KINDS)


@pytest.mark.parametrize(
    "vectors",
    [
        {"other": [1.0, 0.0]},
        {"dense": [1.0]},
        {"dense": [1.0, float("nan")]},
        {"dense": [1.0, "x"]},
        {"windows": []},
        {"sparse": {"indices": [1, 1], "values": [1.0, 2.0]}},
        {"sparse": {"indices": [1], "values": [1.0, 2.0]}},
    ],
)
def test_a_vector_that_does_not_fit_the_collection_is_rejected(vectors: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        points.read(point(**vectors), KINDS)


def test_a_query_by_something_else_than_a_vector_is_rejected() -> None:
    with pytest.raises(BadRequest, match="only queries by vector and fusions"):
        points.search({"query": "a text", "using": "dense"}, KINDS)
