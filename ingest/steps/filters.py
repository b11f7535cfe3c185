"""Attribute filters: from the API's JSON to a condition on points, and to a plain answer in Python.

`matches` is the truth; `compile` gives the same answer over what `payload` has put on the point. Both see attributes as
tokens, so a key may hold anything: dots, brackets, quotes, control characters.

- `ne` and `nin` match when the attribute is missing or of another type; `eq` and `in` then do not.
- A boolean is never equal to a number. Numbers compare as float64: 1 equals 1.0.
- `gt gte lt lte` compare a number with a number; anything else never matches.
- `filename` is an attribute of every file, unless the file has one of its own by that name.
"""

import math
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

from qdrant_client import models

from ingest.errors import InvalidRequest

Scalar: TypeAlias = str | float | bool
Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
Junction = Literal["and", "or"]

MAX_DEPTH = 8  # compounds within compounds
MAX_CONDITIONS = 256  # comparisons and compounds together
MAX_LIST = 1_000  # values of one `in` or `nin`
MAX_KEY = 256  # characters; an attribute's key has 64 at the most
MAX_VALUE = 4_096  # characters; an attribute's value has 512 at the most, a file's name may have more


@dataclass(frozen=True)
class Comparison:
    """One attribute against one value, or against several for `in` and `nin`."""

    operator: Operator
    key: str
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True)
class Compound:
    """Several filters of which all (`and`) or at least one (`or`) must match."""

    operator: Junction
    filters: tuple["Filter", ...]


Filter: TypeAlias = Comparison | Compound


def parse(raw: object) -> Filter:
    """The filter in a request's `filters`; InvalidRequest names the place of whatever is wrong with it."""
    found = _parse(raw, "filters", 1)
    if sum(1 for _ in _walk(found)) > MAX_CONDITIONS:
        raise InvalidRequest(f"A filter may have at most {MAX_CONDITIONS} conditions.", param="filters", code=_VALUE)
    return found


def compile(condition: Filter) -> models.Filter:  # noqa: A001 - the word for it, and used as filters.compile
    """The condition on points that carry `payload`."""
    if isinstance(condition, Compound):
        parts: list[models.Condition] = [compile(part) for part in condition.filters]
        return models.Filter(must=parts) if condition.operator == "and" else models.Filter(should=parts)
    if condition.operator in _RANGES:
        limit = _number(condition.value)
        if limit is None:
            return _NEVER
        return _beyond(condition.operator, condition.key, limit)
    wanted = models.FieldCondition(key="tags", match=models.MatchAny(any=sorted(_wanted(condition))))
    return models.Filter(must=[wanted]) if condition.operator in ("eq", "in") else models.Filter(must_not=[wanted])


def matches(condition: Filter, attributes: Mapping[str, Scalar], filename: str) -> bool:
    """Whether a file with these attributes and this name matches."""
    if isinstance(condition, Compound):
        answers = (matches(part, attributes, filename) for part in condition.filters)
        return all(answers) if condition.operator == "and" else any(answers)
    present = _with_filename(attributes, filename).get(condition.key)
    if condition.operator in _RANGES:
        have, limit = _number(present), _number(condition.value)
        return have is not None and limit is not None and _RANGES[condition.operator](have, limit)
    found = present is not None and _token(condition.key, present) in _wanted(condition)
    return found if condition.operator in ("eq", "in") else not found


def payload(attributes: Mapping[str, Scalar], filename: str) -> dict[str, Any]:
    """What a point carries for `compile`: `tags` for equality, `high` and `low` for ranges."""
    everything = _with_filename(attributes, filename)
    numbers = [_halves(key, number) for key, value in everything.items() if (number := _number(value)) is not None]
    tags = [tag for key, value in everything.items() if (tag := _token(key, value)) is not None]
    return {"tags": tags, "high": [high for (high, _), _ in numbers], "low": [low for _, (low, _) in numbers]}


# --- what is compared ---

_RANGES = {
    "gt": float.__gt__,
    "gte": float.__ge__,
    "lt": float.__lt__,
    "lte": float.__le__,
}
_NEVER = models.Filter(must=[models.HasIdCondition(has_id=[])])


def _beyond(operator: str, key: str, limit: float) -> models.Filter:
    """The high half lies beyond the limit's, or it is the same and the low half decides."""
    (high, high_end), (low, low_end) = _halves(key, limit)
    upwards = operator.startswith("g")

    def between(field: str, bound: int, end: int, operator: str) -> models.FieldCondition:
        other = {"lte": end} if upwards else {"gte": end - _LOW_HALF}
        return models.FieldCondition(key=field, range=models.Range(**{operator: bound, **other}))

    same = models.FieldCondition(key="high", match=models.MatchValue(value=high))
    tie = models.Filter(must=[same, between("low", low, low_end, operator)])
    return models.Filter(should=[between("high", high, high_end, operator[:2]), tie])


_LOW_HALF = 2**32 - 1


def _halves(key: str, number: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """The two halves of a float64 as integers that sort as it does among those of its key, each with the key's last.

    Integers, because Qdrant reads one in six floats of 17 digits with an error in the last place. In front of each half
    stand 17 bits that tell the keys apart, so that two indexes serve all keys there will ever be: below 2**49 the bounds
    of a range, which Qdrant takes as floats, are exact. Where two keys of a file meet in these bits too much may match,
    never too little.
    """
    (bits,) = struct.unpack(">Q", struct.pack(">d", number))
    ordered = bits ^ (2**64 - 1 if bits >> 63 else 2**63)
    high, low = ordered >> 32, ordered & _LOW_HALF
    high_place, low_place = _place(key), _place(f"{high}:{key}")
    return (high_place + high, high_place + _LOW_HALF), (low_place + low, low_place + _LOW_HALF)


def _place(name: str) -> int:
    return (zlib.crc32(name.encode("utf-8", "surrogatepass")) & 0x1FFFF) << 32


def _with_filename(attributes: Mapping[str, Scalar], filename: str) -> dict[str, Scalar]:
    return {"filename": filename, **attributes}


def _wanted(comparison: Comparison) -> set[str]:
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    return {token for value in values if (token := _token(comparison.key, value)) is not None}


def _token(key: str, value: Scalar) -> str | None:
    """Key, type and value in one string, no two pairs in the same; None for a number that is none (NaN, infinite)."""
    # The key's length comes first: without it "a=b" + "c" and "a" + "b=c" would be one.
    if isinstance(value, bool):
        token = f"b{len(key)}:{key}={'true' if value else 'false'}"
    elif isinstance(value, str):
        token = f"s{len(key)}:{key}={value}"
    elif (number := _number(value)) is not None:
        token = f"n{len(key)}:{key}={number!r}"
    else:
        return None
    return token if _encodable(token) else "x" + token.encode("utf-8", "surrogatepass").hex()


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number + 0.0 if math.isfinite(number) else None  # + 0.0 turns -0.0 into 0.0


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- reading the request ---

_TYPE, _VALUE, _MISSING, _UNKNOWN = "invalid_type", "invalid_value", "missing_required_parameter", "unknown_parameter"
_OPERATORS = get_args(Operator)
_JUNCTIONS = get_args(Junction)


def _walk(condition: Filter) -> Iterator[Filter]:
    yield condition
    if isinstance(condition, Compound):
        for part in condition.filters:
            yield from _walk(part)


def _parse(raw: object, at: str, depth: int) -> Filter:
    if not isinstance(raw, Mapping):
        raise InvalidRequest(f"'{at}' must be an object with a 'type'.", param=at, code=_TYPE)
    kind = _required(raw, "type", at)
    if not isinstance(kind, str):
        raise InvalidRequest(f"'{at}.type' must be a string.", param=f"{at}.type", code=_TYPE)
    if kind in _JUNCTIONS:
        return _compound(raw, cast(Junction, kind), at, depth)
    if kind in _OPERATORS:
        return _comparison(raw, cast(Operator, kind), at)
    allowed = ", ".join(_OPERATORS + _JUNCTIONS)
    raise InvalidRequest(f"'{at}.type' must be one of {allowed}.", param=f"{at}.type", code=_VALUE)


def _compound(raw: Mapping[Any, Any], operator: Junction, at: str, depth: int) -> Compound:
    _only(raw, {"type", "filters"}, at)
    parts, place = _required(raw, "filters", at), f"{at}.filters"
    if not isinstance(parts, Sequence) or isinstance(parts, (str, bytes)):
        raise InvalidRequest(f"'{place}' must be an array.", param=place, code=_TYPE)
    if not parts:
        raise InvalidRequest(f"'{place}' must have at least one filter.", param=place, code=_VALUE)
    if depth >= MAX_DEPTH:
        raise InvalidRequest(f"Filters may be nested at most {MAX_DEPTH} deep.", param=place, code=_VALUE)
    if len(parts) > MAX_CONDITIONS:
        raise InvalidRequest(f"A filter may have at most {MAX_CONDITIONS} conditions.", param=place, code=_VALUE)
    return Compound(operator, tuple(_parse(part, f"{place}[{n}]", depth + 1) for n, part in enumerate(parts)))


def _comparison(raw: Mapping[Any, Any], operator: Operator, at: str) -> Comparison:
    _only(raw, {"type", "key", "property", "value"}, at)
    if "key" in raw and "property" in raw:
        raise InvalidRequest(f"'{at}' takes 'key' or 'property', not both.", param=f"{at}.property", code=_VALUE)
    name = "property" if "property" in raw else "key"
    key = _text(_required(raw, name, at), f"{at}.{name}", MAX_KEY)
    if not key:
        raise InvalidRequest(f"'{at}.{name}' must not be empty.", param=f"{at}.{name}", code=_VALUE)
    value, place = _required(raw, "value", at), f"{at}.value"
    if operator not in ("in", "nin"):
        return Comparison(operator, key, _scalar(value, place))
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise InvalidRequest(f"'{place}' must be an array for '{operator}'.", param=place, code=_TYPE)
    if not 1 <= len(value) <= MAX_LIST:
        raise InvalidRequest(f"'{place}' must have 1 to {MAX_LIST} values.", param=place, code=_VALUE)
    return Comparison(operator, key, tuple(_scalar(item, f"{place}[{n}]") for n, item in enumerate(value)))


def _scalar(value: object, at: str) -> Scalar:
    if isinstance(value, str):
        return _text(value, at, MAX_VALUE)
    if isinstance(value, bool):
        return value
    if not isinstance(value, (int, float)):
        raise InvalidRequest(f"'{at}' must be a string, a number or a boolean.", param=at, code=_TYPE)
    if _number(value) is None:
        raise InvalidRequest(f"'{at}' is not a finite number.", param=at, code=_VALUE)
    return value


def _text(value: object, at: str, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"'{at}' must be a string.", param=at, code=_TYPE)
    if len(value) > longest:
        raise InvalidRequest(f"'{at}' is longer than {longest} characters.", param=at, code=_VALUE)
    if not _encodable(value):
        raise InvalidRequest(f"'{at}' is not valid Unicode text.", param=at, code=_VALUE)
    return value


def _required(raw: Mapping[Any, Any], name: str, at: str) -> object:
    if name not in raw:
        raise InvalidRequest(f"Missing required parameter: '{at}.{name}'.", param=f"{at}.{name}", code=_MISSING)
    return raw[name]


def _only(raw: Mapping[Any, Any], known: set[str], at: str) -> None:
    for name in raw:
        if name not in known:
            raise InvalidRequest(f"Unknown parameter: '{at}.{name}'.", param=f"{at}.{name}", code=_UNKNOWN)
