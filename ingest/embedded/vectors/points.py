"""Points, searches and their answers: from the API's JSON to the engine's, and back."""

from collections.abc import Mapping
from typing import Any

import qdrant_edge as edge

from ingest.embedded.vectors import conditions, reading
from ingest.embedded.vectors.configs import VectorKind
from ingest.embedded.vectors.problems import BadRequest

Kinds = Mapping[str, VectorKind]

_MAX_FLOAT32 = 3.4e38


def read(body: Any, kinds: Kinds) -> list[edge.Point]:
    """The points of an upsert request. All are checked before any is written; the engine would stop half-way."""
    given = reading.mapping(body, "body", {"points", "batch"})
    if "batch" in given:
        return [_point(item, kinds) for item in _rows(given["batch"])]
    return [_point(item, kinds) for item in reading.sequence(given.get("points"), "points")]


def ids(value: Any) -> list[str | int]:
    """A list of points' ids."""
    return [conditions.point_id(item) for item in reading.sequence(value, "points")]


def search(value: Any, kinds: Kinds) -> edge.QueryRequest:
    """One query, with its prefetches."""
    given = reading.mapping(value, "query request", {*_STAGE, "offset", "with_payload", "with_vector"})
    stage = _stage(given, kinds, default_limit=10)
    return edge.QueryRequest(
        offset=reading.integer(given.get("offset", 0), "offset", 0, 2**31),
        with_payload=with_payload(given.get("with_payload", False)),
        with_vector=with_vector(given.get("with_vector", False)),
        **stage,
    )


def payload(value: Any) -> dict[str, Any]:
    """A payload as it is, nulls included."""
    reading.mapping(value, "payload")
    return dict(value)


def with_payload(value: Any) -> Any:
    """Which payload fields the answer carries."""
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [reading.text(item, "with_payload") for item in value]
    chosen = reading.mapping(value, "with_payload", {"include", "exclude"})
    if "include" in chosen:
        return edge.PayloadSelector.Include(reading.sequence(chosen["include"], "with_payload.include"))
    return edge.PayloadSelector.Exclude(reading.sequence(chosen.get("exclude"), "with_payload.exclude"))


def with_vector(value: Any) -> bool | list[str]:
    """Which vectors the answer carries."""
    return value if isinstance(value, bool) else [reading.text(item, "with_vector") for item in value]


def record(point: "edge.Record | edge.ScoredPoint") -> dict[str, Any]:
    """A point as it is answered; without "payload" or "vector" when they were not asked for."""
    answer: dict[str, Any] = {"id": point_id(point.id)}
    if point.payload is not None:
        answer["payload"] = point.payload
    if isinstance(point.vector, dict):
        answer["vector"] = {name: _vector_json(vector) for name, vector in point.vector.items()}
    return answer


def scored(point: "edge.ScoredPoint") -> dict[str, Any]:
    """A point with its score."""
    return {**record(point), "score": point.score, "version": point.version}


def point_id(value: Any) -> str | int | None:
    """A point's id as JSON."""
    return value if value is None or isinstance(value, int) else str(value)


def _rows(value: Any) -> list[dict[str, Any]]:
    batch = reading.mapping(value, "batch", {"ids", "vectors", "payloads"})
    keys = reading.sequence(batch.get("ids"), "batch.ids")
    vectors = reading.mapping(batch.get("vectors"), "batch.vectors")
    payloads = reading.sequence(batch.get("payloads", [None] * len(keys)), "batch.payloads")
    if any(not isinstance(column, list) or len(column) != len(keys) for column in (payloads, *vectors.values())):
        raise BadRequest("Wrong input: ids, vectors and payloads of the batch differ in length")
    return [
        {"id": key, "vector": {name: column[row] for name, column in vectors.items()}, "payload": payloads[row]}
        for row, key in enumerate(keys)
    ]


def _point(value: Any, kinds: Kinds) -> edge.Point:
    given = reading.mapping(value, "point", {"id", "vector", "payload"})
    vectors = reading.mapping(given.get("vector"), "vector (only named vectors are served here)")
    return edge.Point(
        conditions.point_id(given.get("id")),
        {name: _vector(item, name, kinds) for name, item in vectors.items()},
        payload(given.get("payload", {})),
    )


def _vector(value: Any, name: str, kinds: Kinds) -> Any:
    kind = kinds.get(name)
    if kind is None:
        raise BadRequest(f"Wrong input: Not existing vector name error: {name[:100]}")
    if not kind.size:
        return _sparse(value)
    rows = reading.sequence(value, "vector")
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
        finite = -_MAX_FLOAT32 < sum(row) < _MAX_FLOAT32  # false for NaN; the engine would store it
    except TypeError:
        finite = False
    if not finite:
        raise BadRequest("Wrong input: a vector takes finite numbers only")
    return row


def _sparse(value: Any) -> edge.SparseVector:
    given = reading.mapping(value, "sparse vector", {"indices", "values"})
    indices = reading.sequence(given.get("indices"), "indices")
    values = _checked(given.get("values"), len(indices))
    if len(set(indices)) != len(indices):  # the engine would take it, and count the term twice
        raise BadRequest("Wrong input: Validation error: indices must be unique")
    return edge.SparseVector(indices, values)


_STAGE = ("query", "using", "prefetch", "filter", "params", "score_threshold", "limit")


def _stage(given: dict[str, Any], kinds: Kinds, default_limit: int) -> dict[str, Any]:
    """What a query and a prefetch have in common."""
    stage: dict[str, Any] = {"limit": reading.integer(given.get("limit", default_limit), "limit", 0, 2**31)}
    if "prefetch" in given:
        wanted = given["prefetch"]
        stage["prefetches"] = [_prefetch(item, kinds) for item in (wanted if isinstance(wanted, list) else [wanted])]
    if "query" in given:
        stage["query"] = _query(given["query"], given.get("using", ""), kinds)
    if "filter" in given:
        stage["filter"] = conditions.read(given["filter"])
    if "params" in given:
        stage["params"] = _params(given["params"])
    if "score_threshold" in given:
        stage["score_threshold"] = reading.number(given["score_threshold"], "score_threshold")
    return stage


def _prefetch(value: Any, kinds: Kinds) -> edge.Prefetch:
    return edge.Prefetch(**_stage(reading.mapping(value, "prefetch", _STAGE), kinds, default_limit=10))


def _query(value: Any, using: Any, kinds: Kinds) -> Any:
    if isinstance(value, dict) and "nearest" in value:
        value = reading.mapping(value, "query", {"nearest"})["nearest"]
    if isinstance(value, dict) and "fusion" in value:
        return reading.choice(value["fusion"], "fusion", {"rrf": edge.Fusion.Rrf(2), "dbsf": edge.Fusion.Dbsf()})
    if isinstance(value, dict) and "rrf" in value:
        rrf = reading.mapping(value["rrf"], "rrf", {"k", "weights"})
        return edge.Fusion.Rrf(reading.integer(rrf.get("k", 2), "rrf.k", 1, 2**31), rrf.get("weights"))
    if not isinstance(value, (list, dict)):
        raise BadRequest("Wrong input: only queries by vector and fusions are served here")
    name = reading.text(using, "using")
    return edge.Query.Nearest(_vector(value, name, kinds), name)


def _params(value: Any) -> edge.SearchParams:
    given = reading.mapping(value, "params", {"exact", "hnsw_ef", "indexed_only", "quantization", "idf"})
    population = given.get("idf", "global")
    if population == "global":
        return edge.SearchParams(exact=True)
    corpus = reading.mapping(population, "params.idf", {"corpus"}).get("corpus")
    return edge.SearchParams(exact=True, idf=edge.IdfParams(conditions.read(corpus)))


def _vector_json(vector: Any) -> Any:
    if isinstance(vector, edge.SparseVector):
        return {"indices": vector.indices, "values": vector.values}
    return vector
