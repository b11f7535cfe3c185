"""Converts points, queries and results between the JSON of the API and objects of the engine."""

from collections.abc import Mapping
from typing import Any

import qdrant_edge as edge

from ingest.embedded.vectors import filters, json_reader
from ingest.embedded.vectors.configs import VectorKind
from ingest.embedded.vectors.errors import BadRequest

Kinds = Mapping[str, VectorKind]

_MAX_FLOAT32 = 3.4e38


def read(body: Any, kinds: Kinds) -> list[edge.Point]:
    """Return the points of an upsert request. Checks all before the first is written: the engine would stop half-way."""
    fields = json_reader.mapping(body, "body", {"points", "batch"})
    if "batch" in fields:
        return [_point(item, kinds) for item in _rows(fields["batch"])]
    return [_point(item, kinds) for item in json_reader.sequence(fields.get("points"), "points")]


def ids(value: Any) -> list[str | int]:
    """Return a list of point ids."""
    return [filters.point_id(item) for item in json_reader.sequence(value, "points")]


def search(value: Any, kinds: Kinds) -> edge.QueryRequest:
    """Convert a query with its prefetches."""
    fields = json_reader.mapping(value, "query request", {*_STAGE, "offset", "with_payload", "with_vector"})
    stage = _stage(fields, kinds, default_limit=10)
    return edge.QueryRequest(
        offset=json_reader.integer(fields.get("offset", 0), "offset", 0, 2**31),
        with_payload=with_payload(fields.get("with_payload", False)),
        with_vector=with_vector(fields.get("with_vector", False)),
        **stage,
    )


def payload(value: Any) -> dict[str, Any]:
    """Return a payload unchanged, with its nulls."""
    json_reader.mapping(value, "payload")
    return dict(value)


def with_payload(value: Any) -> Any:
    """Return which payload fields the response contains."""
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [json_reader.text(item, "with_payload") for item in value]
    selector = json_reader.mapping(value, "with_payload", {"include", "exclude"})
    if "include" in selector:
        return edge.PayloadSelector.Include(json_reader.sequence(selector["include"], "with_payload.include"))
    return edge.PayloadSelector.Exclude(json_reader.sequence(selector.get("exclude"), "with_payload.exclude"))


def with_vector(value: Any) -> bool | list[str]:
    """Return which vectors the response contains."""
    return value if isinstance(value, bool) else [json_reader.text(item, "with_vector") for item in value]


def record(point: "edge.Record | edge.ScoredPoint") -> dict[str, Any]:
    """Render a point; without "payload" or "vector" if they were not requested."""
    answer: dict[str, Any] = {"id": point_id(point.id)}
    if point.payload is not None:
        answer["payload"] = point.payload
    if isinstance(point.vector, dict):
        answer["vector"] = {name: _vector_json(vector) for name, vector in point.vector.items()}
    return answer


def scored(point: "edge.ScoredPoint") -> dict[str, Any]:
    """Render a point with its score."""
    return {**record(point), "score": point.score, "version": point.version}


def point_id(value: Any) -> str | int | None:
    """Return a point id as JSON."""
    return value if value is None or isinstance(value, int) else str(value)


def _rows(value: Any) -> list[dict[str, Any]]:
    batch = json_reader.mapping(value, "batch", {"ids", "vectors", "payloads"})
    keys = json_reader.sequence(batch.get("ids"), "batch.ids")
    vectors = json_reader.mapping(batch.get("vectors"), "batch.vectors")
    payloads = json_reader.sequence(batch.get("payloads", [None] * len(keys)), "batch.payloads")
    if any(not isinstance(column, list) or len(column) != len(keys) for column in (payloads, *vectors.values())):
        raise BadRequest("Wrong input: ids, vectors and payloads of the batch differ in length")
    return [
        {"id": key, "vector": {name: column[row] for name, column in vectors.items()}, "payload": payloads[row]}
        for row, key in enumerate(keys)
    ]


def _point(value: Any, kinds: Kinds) -> edge.Point:
    fields = json_reader.mapping(value, "point", {"id", "vector", "payload"})
    vectors = json_reader.mapping(fields.get("vector"), "vector (only named vectors are served here)")
    return edge.Point(
        filters.point_id(fields.get("id")),
        {name: _vector(item, name, kinds) for name, item in vectors.items()},
        payload(fields.get("payload", {})),
    )


def _vector(value: Any, name: str, kinds: Kinds) -> Any:
    kind = kinds.get(name)
    if kind is None:
        raise BadRequest(f"Wrong input: Not existing vector name error: {name[:100]}")
    if not kind.size:
        return _sparse(value)
    rows = json_reader.sequence(value, "vector")
    if not kind.multi:
        return _checked(rows, kind.size)
    if rows and not isinstance(rows[0], list):
        rows = [rows]
    if not rows:
        raise BadRequest(f"Wrong input: Vector dimension error: expected dim: {kind.size}, got 0")
    return [_checked(row, kind.size) for row in rows]


def _checked(row: Any, size: int) -> list[float]:
    if not isinstance(row, list) or len(row) != size:
        got = len(row) if isinstance(row, list) else 0
        raise BadRequest(f"Wrong input: Vector dimension error: expected dim: {size}, got {got}")
    try:
        finite = -_MAX_FLOAT32 < sum(row) < _MAX_FLOAT32  # false for NaN, which the engine would store
    except TypeError:
        finite = False
    if not finite:
        raise BadRequest("Wrong input: a vector takes finite numbers only")
    return row


def _sparse(value: Any) -> edge.SparseVector:
    fields = json_reader.mapping(value, "sparse vector", {"indices", "values"})
    indices = json_reader.sequence(fields.get("indices"), "indices")
    values = _checked(fields.get("values"), len(indices))
    if len(set(indices)) != len(indices):  # the engine would accept them and count the term twice
        raise BadRequest("Wrong input: Validation error: indices must be unique")
    return edge.SparseVector(indices, values)


_STAGE = ("query", "using", "prefetch", "filter", "params", "score_threshold", "limit")


def _stage(fields: dict[str, Any], kinds: Kinds, default_limit: int) -> dict[str, Any]:
    """Return the arguments that a query and a prefetch have in common."""
    stage: dict[str, Any] = {"limit": json_reader.integer(fields.get("limit", default_limit), "limit", 0, 2**31)}
    if "prefetch" in fields:
        prefetches = fields["prefetch"]
        stage["prefetches"] = [
            _prefetch(item, kinds) for item in (prefetches if isinstance(prefetches, list) else [prefetches])
        ]
    if "query" in fields:
        stage["query"] = _query(fields["query"], fields.get("using", ""), kinds)
    if "filter" in fields:
        stage["filter"] = filters.read(fields["filter"])
    if "params" in fields:
        stage["params"] = _params(fields["params"])
    if "score_threshold" in fields:
        stage["score_threshold"] = json_reader.number(fields["score_threshold"], "score_threshold")
    return stage


def _prefetch(value: Any, kinds: Kinds) -> edge.Prefetch:
    return edge.Prefetch(**_stage(json_reader.mapping(value, "prefetch", _STAGE), kinds, default_limit=10))


def _query(value: Any, using: Any, kinds: Kinds) -> Any:
    if isinstance(value, dict) and "nearest" in value:
        value = json_reader.mapping(value, "query", {"nearest"})["nearest"]
    if isinstance(value, dict) and "fusion" in value:
        return json_reader.choice(value["fusion"], "fusion", {"rrf": edge.Fusion.Rrf(2), "dbsf": edge.Fusion.Dbsf()})
    if isinstance(value, dict) and "rrf" in value:
        rrf = json_reader.mapping(value["rrf"], "rrf", {"k", "weights"})
        return edge.Fusion.Rrf(json_reader.integer(rrf.get("k", 2), "rrf.k", 1, 2**31), rrf.get("weights"))
    if not isinstance(value, (list, dict)):
        raise BadRequest("Wrong input: only queries by vector and fusions are served here")
    name = json_reader.text(using, "using")
    return edge.Query.Nearest(_vector(value, name, kinds), name)


def _params(value: Any) -> edge.SearchParams:
    fields = json_reader.mapping(value, "params", {"exact", "hnsw_ef", "indexed_only", "quantization", "idf"})
    population = fields.get("idf", "global")
    if population == "global":
        return edge.SearchParams(exact=True)
    corpus = json_reader.mapping(population, "params.idf", {"corpus"}).get("corpus")
    return edge.SearchParams(exact=True, idf=edge.IdfParams(filters.read(corpus)))


def _vector_json(vector: Any) -> Any:
    if isinstance(vector, edge.SparseVector):
        return {"indices": vector.indices, "values": vector.values}
    return vector
