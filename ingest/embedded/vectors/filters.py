"""Converts filters from the JSON of the API to objects of the engine."""

from typing import Any

import qdrant_edge as edge

from ingest.embedded.vectors import json_reader
from ingest.embedded.vectors.errors import BadRequest

MAX_DEPTH = 32


def read(value: Any, depth: int = 0) -> edge.Filter:
    """Convert a filter. Raises BadRequest for unknown conditions: ignoring one would match too many points."""
    if depth > MAX_DEPTH:
        raise BadRequest("Wrong input: the filter is nested too deep")
    fields = json_reader.mapping(value, "filter", {"must", "should", "must_not", "min_should"})
    clauses: dict[str, Any] = {
        name: _conditions(fields[name], depth) for name in ("must", "should", "must_not") if name in fields
    }
    if "min_should" in fields:
        min_should = json_reader.mapping(fields["min_should"], "min_should", {"conditions", "min_count"})
        count = json_reader.integer(min_should.get("min_count"), "min_should.min_count")
        return edge.Filter(
            min_should=edge.MinShould(_conditions(min_should.get("conditions"), depth), count), **clauses
        )
    return edge.Filter(**clauses)


def point_id(value: Any) -> str | int:
    """Return a point id: an unsigned integer or a UUID, whose syntax the engine checks."""
    return value if isinstance(value, str) else json_reader.integer(value, "point id", 0, 2**64 - 1)


def _conditions(value: Any, depth: int) -> list[Any]:
    return [_condition(item, depth) for item in (value if isinstance(value, list) else [value])]


def _condition(value: Any, depth: int) -> Any:
    fields = json_reader.mapping(value, "condition")
    if "nested" in fields:
        nested = json_reader.mapping(fields["nested"], "nested", {"key", "filter"})
        return edge.NestedCondition(json_reader.text(nested.get("key"), "key"), read(nested.get("filter"), depth + 1))
    if "key" in fields:
        return _field(fields)
    if fields.keys() == {"has_id"}:
        return edge.HasIdCondition({point_id(item) for item in json_reader.sequence(fields["has_id"], "has_id")})
    if fields.keys() == {"is_empty"}:
        return edge.IsEmptyCondition(_payload_key(fields["is_empty"]))
    if fields.keys() == {"is_null"}:
        return edge.IsNullCondition(_payload_key(fields["is_null"]))
    if fields.keys() == {"has_vector"}:
        return edge.HasVectorCondition(json_reader.text(fields["has_vector"], "has_vector"))
    return read(fields, depth + 1)


def _field(fields: dict[str, Any]) -> edge.FieldCondition:
    json_reader.mapping(fields, "condition", {"key", "match", "range", "values_count", "is_empty", "is_null"})
    if len(fields) < 2:
        raise BadRequest("Wrong input: a condition on a field needs something to compare it with")
    key = json_reader.text(fields["key"], "key")
    tests: dict[str, Any] = {
        name: json_reader.flag(fields[name], name) for name in ("is_empty", "is_null") if name in fields
    }
    if "match" in fields:
        tests["match"] = _match(fields["match"])
    if "range" in fields:
        tests["range"] = _range(fields["range"])
    if "values_count" in fields:
        bounds = json_reader.mapping(fields["values_count"], "values_count", _BOUNDS)
        tests["values_count"] = edge.ValuesCount(**{n: json_reader.integer(b, n) for n, b in bounds.items()})
    return edge.FieldCondition(key, **tests)


_BOUNDS = ("lt", "lte", "gt", "gte")


def _match(value: Any) -> Any:
    match = json_reader.mapping(value, "match", {"value", "any", "except"})
    if len(match) != 1:
        raise BadRequest("Format error in JSON body: match takes one of value, any and except")
    (kind, operand) = match.popitem()
    if kind == "value":
        # qdrant-edge-py 0.9.0 converts a boolean to an integer, which matches nothing.
        if isinstance(operand, bool) or not isinstance(operand, (str, int)):
            raise BadRequest("Format error in JSON body: match.value must be a string or an integer here")
        return edge.MatchValue(operand)
    values = json_reader.sequence(operand, f"match.{kind}")
    if not (all(isinstance(item, str) for item in values) or all(type(item) is int for item in values)):
        raise BadRequest(f"Format error in JSON body: match.{kind} takes only strings or only integers")
    return edge.MatchAny(values) if kind == "any" else edge.MatchExcept(values)


def _range(value: Any) -> Any:
    bounds = json_reader.mapping(value, "range", _BOUNDS)
    if bounds and all(isinstance(bound, str) for bound in bounds.values()):
        return edge.RangeDateTime(**bounds)
    return edge.RangeFloat(**{name: json_reader.number(bound, f"range.{name}") for name, bound in bounds.items()})


def _payload_key(value: Any) -> str:
    return json_reader.text(json_reader.mapping(value, "condition", {"key"}).get("key"), "key")
