"""Converts configurations of collections and payload indexes between the JSON of the API and objects of the engine."""

from dataclasses import dataclass
from typing import Any

import qdrant_edge as edge

from ingest.embedded.vectors import json_reader
from ingest.embedded.vectors.errors import BadRequest

_DISTANCES = {name: getattr(edge.Distance, name) for name in ("Cosine", "Euclid", "Dot", "Manhattan")}

# Placement and graph settings of a server. They are accepted and have no effect: this engine always scans.
_IGNORED = (
    *("hnsw_config", "optimizers_config", "wal_config", "quantization_config", "strict_mode_config", "metadata"),
    *("shard_number", "sharding_method", "replication_factor", "write_consistency_factor"),
    *("on_disk_payload", "on_disk", "memory"),
)
# No graphs: an exact scan takes 4 ms for 20,000 chunks of 4 windows and 0.4 ms for 2,000 chunks, but building a graph
# blocks the process for minutes.
_NO_GRAPHS_KIB = 2**40
_VACUUM_DELETED_SHARE = 0.3


@dataclass(frozen=True)
class VectorKind:
    """Type of a named vector; `size` is 0 for a sparse one, and `multi` means several rows per point."""

    size: int
    multi: bool = False


def read(body: Any) -> dict[str, Any]:
    """Return the configuration of a create request in its canonical form, which can be saved as JSON."""
    fields = json_reader.mapping(body, "body", {"vectors", "sparse_vectors", *_IGNORED})
    vectors = json_reader.mapping(fields.get("vectors", {}), "vectors")
    if "size" in vectors:
        raise BadRequest("Wrong input: only named vectors are served here")
    sparse = json_reader.mapping(fields.get("sparse_vectors", {}), "sparse_vectors")
    return {
        "vectors": {name: _dense(params, f"vectors.{name}") for name, params in vectors.items()},
        "sparse_vectors": {name: _sparse(params, f"sparse_vectors.{name}") for name, params in sparse.items()},
    }


def vector_kinds(config: dict[str, Any]) -> dict[str, VectorKind]:
    """Return the types of the vectors of a configuration by name."""
    dense = {
        name: VectorKind(params["size"], "multivector_config" in params) for name, params in config["vectors"].items()
    }
    return dense | {name: VectorKind(0) for name in config["sparse_vectors"]}


def engine(config: dict[str, Any]) -> edge.EdgeConfig:
    """Convert a configuration to an object of the engine."""
    return edge.EdgeConfig(
        vectors={
            name: edge.EdgeVectorParams(
                size=params["size"],
                distance=_DISTANCES[params["distance"]],
                multivector_config=edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)
                if "multivector_config" in params
                else None,
            )
            for name, params in config["vectors"].items()
        },
        sparse_vectors={
            name: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf if "modifier" in params else None)
            for name, params in config["sparse_vectors"].items()
        },
        optimizers=edge.EdgeOptimizersConfig(
            indexing_threshold=_NO_GRAPHS_KIB,
            max_segment_size=_NO_GRAPHS_KIB,
            deleted_threshold=_VACUUM_DELETED_SHARE,
        ),
    )


def info(config: dict[str, Any], shard: "edge.ShardInfo") -> dict[str, Any]:
    """Build the response of "get collection"."""
    return {
        "status": "green",
        "optimizer_status": "ok",
        "points_count": shard.points_count,
        "indexed_vectors_count": 0,
        "segments_count": shard.segments_count,
        "config": {
            "params": {**config, "shard_number": 1, "replication_factor": 1, "on_disk_payload": True},
            "hnsw_config": {"m": 0, "ef_construct": 100, "full_scan_threshold": 10_000},
            "optimizer_config": {"default_segment_number": 1, "flush_interval_sec": 5, "max_optimization_threads": 1},
        },
        "payload_schema": {name: _index_info(index) for name, index in shard.payload_schema.items()},
    }


def index_schema(schema: Any) -> Any:
    """Convert the schema of a payload index to an object of the engine."""
    if isinstance(schema, str):
        return json_reader.choice(schema, "field_schema", _SIMPLE_INDEXES)
    fields = json_reader.mapping(schema, "field_schema")
    kind, flags = json_reader.choice(fields.pop("type", None), "field_schema.type", _INDEXES)
    allowed_keys = {*flags, "on_disk", "memory", "enable_hnsw"}
    fields = json_reader.mapping(fields, "field_schema", allowed_keys)
    return kind(**{name: json_reader.flag(fields[name], f"field_schema.{name}") for name in flags if name in fields})


_SIMPLE_INDEXES = {
    name.lower(): getattr(edge.PayloadSchemaType, name)
    for name in ("Keyword", "Integer", "Float", "Bool", "Datetime", "Uuid", "Text")
}
_INDEXES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "keyword": (edge.KeywordIndexParams, ("is_tenant", "prefix")),
    "integer": (edge.IntegerIndexParams, ("lookup", "range", "is_principal")),
    "float": (edge.FloatIndexParams, ("is_principal",)),
    "bool": (edge.BoolIndexParams, ()),
    "datetime": (edge.DatetimeIndexParams, ("is_principal",)),
    "uuid": (edge.UuidIndexParams, ("is_tenant",)),
}


def _index_info(index: "edge.PayloadIndexInfo") -> dict[str, Any]:
    kind = next(name for name, member in _SIMPLE_INDEXES.items() if member == index.data_type)
    answer: dict[str, Any] = {"data_type": kind, "points": index.points}
    if index.params is not None and kind in _INDEXES:
        flags = {name: getattr(index.params, name) for name in _INDEXES[kind][1]}
        answer["params"] = {"type": kind, **{name: value for name, value in flags.items() if value is not None}}
    return answer


def _dense(value: Any, what: str) -> dict[str, Any]:
    params = json_reader.mapping(value, what, {"size", "distance", "multivector_config", *_IGNORED})
    canonical: dict[str, Any] = {"size": json_reader.integer(params.get("size"), f"{what}.size", 1, 65_536)}
    json_reader.choice(params.get("distance"), f"{what}.distance", _DISTANCES)
    canonical["distance"] = params["distance"]
    if "multivector_config" in params:
        multi = json_reader.mapping(params["multivector_config"], f"{what}.multivector_config", {"comparator"})
        json_reader.choice(multi.get("comparator"), f"{what}.multivector_config.comparator", {"max_sim": True})
        canonical["multivector_config"] = {"comparator": "max_sim"}
    return canonical


def _sparse(value: Any, what: str) -> dict[str, Any]:
    params = json_reader.mapping(value, what, {"modifier", "index", *_IGNORED})
    idf = json_reader.choice(params.get("modifier", "none"), f"{what}.modifier", {"none": False, "idf": True})
    return {"modifier": "idf"} if idf else {}
