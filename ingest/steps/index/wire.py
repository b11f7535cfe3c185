"""Conversion of points to and from Qdrant's JSON: point ids, payloads, vectors and request bodies."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import orjson
from numpy.typing import NDArray
from qdrant_client import models

from ingest.errors import DependencyDown
from ingest.steps import filters
from ingest.steps.index.checksums import chunk_checksum
from ingest.steps.index.collection import DENSE, TEXT
from ingest.steps.index.points import Hit, Point, PointKey, PointOwner, PointRef, StoredText
from ingest.steps.vectors import SparseVector, Vectors

MAX_POINTS_PER_REQUEST = 256
"""Points per write. Qdrant's documentation advises 64 to 256."""

MAX_BYTES_PER_REQUEST = 4 * 2**20
"""Bytes per write. Qdrant accepts 32 MiB; a smaller body lets one timeout fit every request."""

HIT_FIELDS = ("row", "generation", "number", "text", "location", "file")
REF_FIELDS = ("row", "generation", "project", "store", "number", "file")
POINT_FIELDS = ("number", "text", "location")

_NAMESPACE = UUID("6b0f3c1e-3d0b-5f1c-9f43-8f3b7a52c9d1")
_JSON_BYTES_PER_FLOAT = 15  # a float32 written as decimal digits, with its comma


def point_id(row: int, generation: int, number: int) -> str:
    """Return the id of a chunk's point. It does not depend on the attempt, so a second write replaces the first."""
    return str(uuid5(_NAMESPACE, f"{row}:{generation}:{number}"))


def upsert_bodies(owner: PointOwner, points: Sequence[Point], *, dimensions: int, multivector: bool) -> Iterator[bytes]:
    """Yield the JSON bodies of the requests that write `points`, each within both limits of a request.

    Raises DependencyDown before the first body if a vector has the wrong number of dimensions.
    """
    for point in points:
        require_dimensions(point.dense, dimensions)
    shared = {
        "project": owner.project,
        "store": owner.vector_store_id,
        "row": owner.row,
        "generation": owner.generation,
        "file": owner.file_id,
        **filters.to_payload(owner.attributes, owner.filename),
    }
    for batch in _batches(points, overhead=len(json.dumps(shared)) + 200):
        items = [_point_to_json(owner, shared, point, multivector) for point in batch]
        yield orjson.dumps({"points": items}, option=orjson.OPT_SERIALIZE_NUMPY)


def require_dimensions(vectors: Vectors, dimensions: int) -> None:
    """Raise DependencyDown if `vectors` does not have this number of dimensions."""
    if vectors.shape[-1] != dimensions:
        raise DependencyDown("embedder", f"gave vectors of {vectors.shape[-1]} dimensions, and {dimensions} before")


def to_sparse_query(sparse: SparseVector) -> models.SparseVector:
    """Convert term weights to the type that Qdrant's client takes in a query."""
    return models.SparseVector(**{name: numbers.tolist() for name, numbers in _sparse_to_json(sparse).items()})


def to_point(record: models.Record) -> Point:
    """Convert a stored record with POINT_FIELDS and all vectors."""
    payload, stored = record.payload or {}, record.vector
    vectors: Mapping[str, Any] = stored if isinstance(stored, dict) else {}
    dense = np.atleast_2d(np.asarray(vectors[DENSE], np.float32))
    sparse = vectors.get(TEXT) or models.SparseVector(indices=[], values=[])
    return Point(
        payload["number"], payload["text"], dense, SparseVector(sparse.indices, sparse.values), payload.get("location")
    )


def to_point_ref(record: models.Record) -> PointRef:
    """Convert a stored record with REF_FIELDS, and perhaps its text, of which the checksum is kept."""
    payload = record.payload or {}
    key, text = _to_key(payload), payload.get("text")
    checksum = chunk_checksum(key.number, text) if isinstance(text, str) else None
    project, store, file_id = (str(payload.get(name, "")) for name in ("project", "store", "file"))
    return PointRef(key.row, key.generation, project, store, key.number, file_id, checksum)


def to_hit(point: models.ScoredPoint) -> Hit:
    """Convert a scored point with HIT_FIELDS."""
    payload = point.payload or {}
    return Hit(
        *_to_key(payload),
        str(payload.get("text", "")),
        point.score,
        payload.get("location"),  # points of older versions have none
        payload.get("file", ""),
    )


def to_stored_text(record: models.Record) -> tuple[PointKey, StoredText]:
    """Convert a stored record with HIT_FIELDS."""
    payload = record.payload or {}
    return _to_key(payload), StoredText(str(payload.get("text", "")), payload.get("location"), payload.get("file", ""))


def to_point_score(point: models.ScoredPoint) -> tuple[PointKey, float]:
    """Convert a scored point with the fields of PointKey."""
    return _to_key(point.payload or {}), point.score


def _to_key(payload: Mapping[str, Any]) -> PointKey:
    """Return the identity of a point. A damaged payload that lacks a number gives 0, which no row and no generation has."""
    row, generation, number = (payload.get(name, 0) for name in PointKey._fields)
    return PointKey(row, generation, number)


def _point_to_json(owner: PointOwner, shared: Mapping[str, Any], point: Point, multivector: bool) -> dict[str, Any]:
    dense = point.dense if multivector else point.dense[0]
    location = {} if point.location is None else {"location": point.location}
    return {
        "id": point_id(owner.row, owner.generation, point.number),
        "vector": {DENSE: np.ascontiguousarray(dense, np.float32), TEXT: _sparse_to_json(point.sparse)},
        "payload": {**shared, "number": point.number, "text": point.text, **location},
    }


def _sparse_to_json(sparse: SparseVector) -> dict[str, NDArray[Any]]:
    return {"indices": np.asarray(sparse.indices, np.int64), "values": np.asarray(sparse.values, np.float32)}


def _batches(points: Sequence[Point], overhead: int) -> Iterator[list[Point]]:
    batch: list[Point] = []
    size = 0
    for point in points:
        point_size = _estimate_json_bytes(point) + overhead
        if batch and (len(batch) == MAX_POINTS_PER_REQUEST or size + point_size > MAX_BYTES_PER_REQUEST):
            yield batch
            batch, size = [], 0
        batch.append(point)
        size += point_size
    if batch:
        yield batch


def _estimate_json_bytes(point: Point) -> int:
    """Estimate the JSON size of a point's own fields in bytes, rather too high than too low."""
    floats = point.dense.size + 2 * len(point.sparse.indices)
    location = len(str(point.location)) if point.location else 0
    return _JSON_BYTES_PER_FLOAT * floats + location + len(point.text.encode()) * 11 // 10
