"""Parsing of the `filters` object of a search request. Every error names the parameter that is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, get_args

from ingest.errors import InvalidRequest
from ingest.limits import MAX_FILTER_KEY_CHARACTERS, MAX_FILTER_VALUE_CHARACTERS
from ingest.steps.filters.conditions import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_LIST_VALUES,
    MAX_VALUES,
    Comparison,
    Compound,
    Filter,
    Junction,
    Operator,
)
from ingest.steps.filters.matching import RANGE_OPERATORS, TEXT_OPERATORS
from ingest.steps.filters.values import Scalar, is_valid_unicode, to_float

_TYPE, _VALUE, _MISSING, _UNKNOWN = "invalid_type", "invalid_value", "missing_required_parameter", "unknown_parameter"
_OPERATORS = get_args(Operator)
_JUNCTIONS = get_args(Junction)


def parse_filter(raw: object) -> Filter:
    """Return the filter of a request. Raises InvalidRequest with the path of the wrong parameter."""
    condition = _parse(raw, "filters", 1)
    parts = list(_walk(condition))
    if len(parts) > MAX_CONDITIONS:
        raise InvalidRequest(f"A filter may have at most {MAX_CONDITIONS} conditions.", param="filters", code=_VALUE)
    lists = [each.value for each in parts if isinstance(each, Comparison) and isinstance(each.value, tuple)]
    if sum(map(len, lists)) > MAX_VALUES:
        message = f"The lists of a filter may have at most {MAX_VALUES:,} values together."
        raise InvalidRequest(message, param="filters", code=_VALUE)
    return condition


def _walk(condition: Filter) -> Iterator[Filter]:
    yield condition
    if isinstance(condition, Compound):
        for part in condition.filters:
            yield from _walk(part)


def _parse(raw: object, path: str, depth: int) -> Filter:
    if not isinstance(raw, Mapping):
        raise InvalidRequest(f"'{path}' must be an object with a 'type'.", param=path, code=_TYPE)
    kind = _require(raw, "type", path)
    if not isinstance(kind, str):
        raise InvalidRequest(f"'{path}.type' must be a string.", param=f"{path}.type", code=_TYPE)
    if kind in _JUNCTIONS:
        return _parse_compound(raw, cast(Junction, kind), path, depth)
    if kind in _OPERATORS:
        return _parse_comparison(raw, cast(Operator, kind), path)
    allowed = ", ".join(_OPERATORS + _JUNCTIONS)
    raise InvalidRequest(f"'{path}.type' must be one of {allowed}.", param=f"{path}.type", code=_VALUE)


def _parse_compound(raw: Mapping[Any, Any], operator: Junction, path: str, depth: int) -> Compound:
    _refuse_unknown(raw, {"type", "filters"}, path)
    parts, subpath = _require(raw, "filters", path), f"{path}.filters"
    if not isinstance(parts, Sequence) or isinstance(parts, (str, bytes)):
        raise InvalidRequest(f"'{subpath}' must be an array.", param=subpath, code=_TYPE)
    if not parts:
        raise InvalidRequest(f"'{subpath}' must have at least one filter.", param=subpath, code=_VALUE)
    if depth >= MAX_DEPTH:
        raise InvalidRequest(f"Filters may be nested at most {MAX_DEPTH} deep.", param=subpath, code=_VALUE)
    if len(parts) > MAX_CONDITIONS:
        raise InvalidRequest(f"A filter may have at most {MAX_CONDITIONS} conditions.", param=subpath, code=_VALUE)
    return Compound(operator, tuple(_parse(part, f"{subpath}[{n}]", depth + 1) for n, part in enumerate(parts)))


def _parse_comparison(raw: Mapping[Any, Any], operator: Operator, path: str) -> Comparison:
    _refuse_unknown(raw, {"type", "key", "property", "value"}, path)
    if "key" in raw and "property" in raw:
        raise InvalidRequest(f"'{path}' takes 'key' or 'property', not both.", param=f"{path}.property", code=_VALUE)
    name = "property" if "property" in raw else "key"
    key = _parse_text(_require(raw, name, path), f"{path}.{name}", MAX_FILTER_KEY_CHARACTERS)
    if not key:
        raise InvalidRequest(f"'{path}.{name}' must not be empty.", param=f"{path}.{name}", code=_VALUE)
    value, subpath = _require(raw, "value", path), f"{path}.value"
    if operator not in ("in", "nin"):
        scalar = _parse_scalar(value, subpath)
        _require_comparable(operator, scalar, subpath)
        return Comparison(operator, key, scalar)
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise InvalidRequest(f"'{subpath}' must be an array for '{operator}'.", param=subpath, code=_TYPE)
    if not 1 <= len(value) <= MAX_LIST_VALUES:
        raise InvalidRequest(f"'{subpath}' must have 1 to {MAX_LIST_VALUES} values.", param=subpath, code=_VALUE)
    return Comparison(operator, key, tuple(_parse_scalar(item, f"{subpath}[{n}]") for n, item in enumerate(value)))


def _require_comparable(operator: Operator, value: Scalar, path: str) -> None:
    """Refuse values that would never match."""
    if operator in TEXT_OPERATORS and not isinstance(value, str):
        raise InvalidRequest(f"'{path}' must be a string for '{operator}'.", param=path, code=_TYPE)
    if operator in TEXT_OPERATORS and not value:  # it would match every file that has the attribute
        raise InvalidRequest(f"'{path}' must not be empty for '{operator}'.", param=path, code=_VALUE)
    if operator in RANGE_OPERATORS and isinstance(value, bool):
        raise InvalidRequest(f"'{path}' must be a number or a string for '{operator}'.", param=path, code=_TYPE)


def _parse_scalar(value: object, path: str) -> Scalar:
    if isinstance(value, str):
        return _parse_text(value, path, MAX_FILTER_VALUE_CHARACTERS)
    if isinstance(value, bool):
        return value
    if not isinstance(value, (int, float)):
        raise InvalidRequest(f"'{path}' must be a string, a number or a boolean.", param=path, code=_TYPE)
    if to_float(value) is None:
        raise InvalidRequest(f"'{path}' is not a finite number.", param=path, code=_VALUE)
    return value


def _parse_text(value: object, path: str, max_characters: int) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"'{path}' must be a string.", param=path, code=_TYPE)
    if len(value) > max_characters:
        raise InvalidRequest(f"'{path}' is longer than {max_characters} characters.", param=path, code=_VALUE)
    if not is_valid_unicode(value):
        raise InvalidRequest(f"'{path}' is not valid Unicode text.", param=path, code=_VALUE)
    return value


def _require(raw: Mapping[Any, Any], name: str, path: str) -> object:
    if name not in raw:
        raise InvalidRequest(f"Missing required parameter: '{path}.{name}'.", param=f"{path}.{name}", code=_MISSING)
    return raw[name]


def _refuse_unknown(raw: Mapping[Any, Any], allowed: set[str], path: str) -> None:
    for name in raw:
        if name not in allowed:
            raise InvalidRequest(f"Unknown parameter: '{path}.{name}'.", param=f"{path}.{name}", code=_UNKNOWN)
