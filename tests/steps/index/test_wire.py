"""Request bodies of writes, and conversion of stored records."""

import json

import numpy as np
import pytest
from qdrant_client import models

from ingest.errors import DependencyDown
from ingest.steps.index import Hit, PointRef, chunk_checksum
from ingest.steps.index.wire import (
    MAX_BYTES_PER_REQUEST,
    MAX_POINTS_PER_REQUEST,
    point_id,
    to_hit,
    to_point,
    to_point_ref,
    upsert_bodies,
)
from tests.contracts.points import DIMENSIONS, make_owner, make_point


def test_a_point_id_depends_on_row_generation_and_number_only() -> None:
    assert point_id(1, 2, 3) == point_id(1, 2, 3)
    assert len({point_id(1, 2, 3), point_id(1, 3, 2), point_id(12, 3, 0), point_id(1, 23, 0)}) == 4


def test_a_body_has_both_vectors_and_the_payload_of_each_point() -> None:
    [body] = upsert_bodies(
        make_owner(year=2020), [make_point(0, 1, terms=(7,), text="x")], dimensions=8, multivector=True
    )

    [item] = json.loads(body)["points"]
    assert item["id"] == point_id(1, 1, 0)
    assert item["vector"] == {
        "dense": [[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]],
        "text": {"indices": [7], "values": [1.0]},
    }
    assert {name: item["payload"][name] for name in ("row", "generation", "store", "file", "number", "text")} == {
        "row": 1,
        "generation": 1,
        "store": "vs_1",
        "file": "file-1",
        "number": 0,
        "text": "x",
    }
    assert item["payload"].keys() >= {"project", "tags", "high", "low"}


def test_without_multivector_a_body_has_one_vector_for_each_point() -> None:
    [body] = upsert_bodies(make_owner(), [make_point(0, 1)], dimensions=8, multivector=False)

    assert len(json.loads(body)["points"][0]["vector"]["dense"]) == DIMENSIONS


def test_bodies_are_bounded_in_points() -> None:
    points = [make_point(number) for number in range(2 * MAX_POINTS_PER_REQUEST + 1)]

    bodies = upsert_bodies(make_owner(), points, dimensions=8, multivector=True)

    assert [len(json.loads(body)["points"]) for body in bodies] == [MAX_POINTS_PER_REQUEST, MAX_POINTS_PER_REQUEST, 1]


def test_bodies_are_bounded_in_bytes() -> None:
    points = [make_point(number, text="x" * 1_500_000) for number in range(4)]

    bodies = list(upsert_bodies(make_owner(), points, dimensions=8, multivector=True))

    assert [len(json.loads(body)["points"]) for body in bodies] == [2, 2]
    assert all(len(body) <= MAX_BYTES_PER_REQUEST for body in bodies)


def test_a_wrong_dimension_is_reported_before_the_first_body() -> None:
    bodies = upsert_bodies(make_owner(), [make_point(0)], dimensions=9, multivector=True)

    with pytest.raises(DependencyDown, match="gave vectors of 8 dimensions, and 9 before"):
        next(bodies)


def test_a_stored_record_becomes_a_point() -> None:
    payload = {"number": 3, "text": "x", "location": {"pages": [2, 2]}}
    record = models.Record(
        id=1,
        payload=payload,
        vector={"dense": [[1.0, 2.0]], "text": models.SparseVector(indices=[7], values=[0.5])},
    )

    stored = to_point(record)

    assert (stored.number, stored.text, stored.location) == (3, "x", {"pages": [2, 2]})
    np.testing.assert_array_equal(stored.dense, [[1.0, 2.0]])
    assert (list(stored.sparse.indices), list(stored.sparse.values)) == ([7], [0.5])


def test_a_stored_record_without_terms_becomes_a_point() -> None:
    record = models.Record(id=1, payload={"number": 0, "text": "x"}, vector={"dense": [1.0, 2.0]})

    stored = to_point(record)

    assert stored.dense.shape == (1, 2)
    assert list(stored.sparse.indices) == []


def test_hits_and_references_are_read_from_the_payload() -> None:
    payload = {"row": 1, "generation": 2, "number": 3, "text": "x", "project": "p", "store": "vs_1", "file": "file-1"}

    hit = to_hit(models.ScoredPoint(id=1, version=0, score=0.5, payload=payload))
    assert hit == Hit(1, 2, 3, "x", 0.5, file_id="file-1")
    with_location = payload | {"location": {"start": 0, "end": 1}}
    assert to_hit(models.ScoredPoint(id=1, version=0, score=0.5, payload=with_location)).location == {
        "start": 0,
        "end": 1,
    }
    checksum = chunk_checksum(3, "x")
    assert to_point_ref(models.Record(id=1, payload=payload)) == PointRef(1, 2, "p", "vs_1", 3, "file-1", checksum)


def test_a_damaged_payload_gives_a_point_of_no_row() -> None:
    assert to_hit(models.ScoredPoint(id=1, version=0, score=0.5, payload={"text": 5})) == Hit(0, 0, 0, "5", 0.5)
    assert to_point_ref(models.Record(id=1, payload={"text": 5})) == PointRef(0, 0, "", "", 0, "")
