"""Filters: from the API's JSON to the engine's."""

from typing import Any

import qdrant_edge as edge

from ingest.embedded.vectors import reading
from ingest.embedded.vectors.problems import BadRequest

MAX_DEPTH = 32


def read(value: Any, depth: int = 0) -> edge.Filter:
    """The engine's form of a filter; BadRequest for whatever is unknown, since ignoring it would match too much."""
    if depth > MAX_DEPTH:
        raise BadRequest("Wrong input: the filter is nested too deep")
    given = reading.mapping(value, "filter", {"must", "should", "must_not", "min_should"})
    clauses: dict[str, Any] = {
        name: _conditions(given[name], depth) for name in ("must", "should", "must_not") if name in given
    }
    if "min_should" in given:
        least = reading.mapping(given["min_should"], "min_should", {"conditions", "min_count"})
        count = reading.integer(least.get("min_count"), "min_should.min_count")
        return edge.Filter(min_should=edge.MinShould(_conditions(least.get("conditions"), depth), count), **clauses)
    return edge.Filter(**clauses)


def point_id(value: Any) -> str | int:
    """A point's id: an unsigned integer or a UUID (the engine checks that it is one)."""
    return value if isinstance(value, str) else reading.integer(value, "point id", 0, 2**64 - 1)


def _conditions(value: Any, depth: int) -> list[Any]:
    return [_condition(item, depth) for item in (value if isinstance(value, list) else [value])]


def _condition(value: Any, depth: int) -> Any:
    given = reading.mapping(value, "condition")
    if "nested" in given:
        nested = reading.mapping(given["nested"], "nested", {"key", "filter"})
        return edge.NestedCondition(reading.text(nested.get("key"), "key"), read(nested.get("filter"), depth + 1))
    if "key" in given:
        return _field(given)
    if given.keys() == {"has_id"}:
        return edge.HasIdCondition({point_id(item) for item in reading.sequence(given["has_id"], "has_id")})
    if given.keys() == {"is_empty"}:
        return edge.IsEmptyCondition(_payload_key(given["is_empty"]))
    if given.keys() == {"is_null"}:
        return edge.IsNullCondition(_payload_key(given["is_null"]))
    if given.keys() == {"has_vector"}:
        return edge.HasVectorCondition(reading.text(given["has_vector"], "has_vector"))
    return read(given, depth + 1)


def _field(given: dict[str, Any]) -> edge.FieldCondition:
    reading.mapping(given, "condition", {"key", "match", "range", "values_count", "is_empty", "is_null"})
    if len(given) < 2:
        raise BadRequest("Wrong input: a condition on a field needs something to compare it with")
    key = reading.text(given["key"], "key")
    tests: dict[str, Any] = {name: reading.flag(given[name], name) for name in ("is_empty", "is_null") if name in given}
    if "match" in given:
        tests["match"] = _match(given["match"])
    if "range" in given:
        tests["range"] = _range(given["range"])
    if "values_count" in given:
        bounds = reading.mapping(given["values_count"], "values_count", _BOUNDS)
        tests["values_count"] = edge.ValuesCount(**{n: reading.integer(b, n) for n, b in bounds.items()})
    return edge.FieldCondition(key, **tests)


_BOUNDS = ("lt", "lte", "gt", "gte")


def _match(value: Any) -> Any:
    match = reading.mapping(value, "match", {"value", "any", "except"})
    if len(match) != 1:
        raise BadRequest("Format error in JSON body: match takes one of value, any and except")
    (kind, wanted) = match.popitem()
    if kind == "value":
        # A boolean would match nothing: qdrant-edge-py 0.9.0 turns it into an integer.
        if isinstance(wanted, bool) or not isinstance(wanted, (str, int)):
            raise BadRequest("Format error in JSON body: match.value must be a string or an integer here")
        return edge.MatchValue(wanted)
    values = reading.sequence(wanted, f"match.{kind}")
    if not (all(isinstance(item, str) for item in values) or all(type(item) is int for item in values)):
        raise BadRequest(f"Format error in JSON body: match.{kind} takes only strings or only integers")
    return edge.MatchAny(values) if kind == "any" else edge.MatchExcept(values)


def _range(value: Any) -> Any:
    bounds = reading.mapping(value, "range", _BOUNDS)
    if bounds and all(isinstance(bound, str) for bound in bounds.values()):
        return edge.RangeDateTime(**bounds)
    return edge.RangeFloat(**{name: reading.number(bound, f"range.{name}") for name, bound in bounds.items()})


def _payload_key(value: Any) -> str:
    return reading.text(reading.mapping(value, "condition", {"key"}).get("key"), "key")
