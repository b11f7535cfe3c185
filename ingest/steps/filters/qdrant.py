"""Filters in Qdrant: the payload fields that points carry, and the conditions over them.

`tags` holds one token for each attribute, for equality. `high` and `low` hold the numbers, and `strings` the beginnings of
the strings (ingest/steps/filters/strings.py), for ranges. Conditions on long strings match too much, never too little.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import Any

from qdrant_client import models

from ingest.steps.filters import strings
from ingest.steps.filters.conditions import Comparison, Compound, Filter
from ingest.steps.filters.matching import RANGE_OPERATORS, TEXT_OPERATORS
from ingest.steps.filters.values import Scalar, to_float, to_token, with_filename

_LOW_HALF = 2**32 - 1
_MATCHES_NOTHING = models.Filter(must=[models.HasIdCondition(has_id=[])])


def to_payload(attributes: Mapping[str, Scalar], filename: str) -> dict[str, Any]:
    """Return the payload fields by which `to_qdrant` selects a file's points."""
    values = with_filename(attributes, filename)
    numbers = [_halves(key, number) for key, value in values.items() if (number := to_float(value)) is not None]
    tags = [tag for key, value in values.items() if (tag := to_token(key, value)) is not None]
    return {
        "tags": tags,
        "high": [high for (high, _), _ in numbers],
        "low": [low for _, (low, _) in numbers],
        strings.FIELD: strings.to_numbers(values),
    }


def to_qdrant(condition: Filter) -> models.Filter:
    """Return a condition on points that carry `to_payload`: it selects those that match, and at most a few more."""
    if isinstance(condition, Compound):
        parts: list[models.Condition] = [to_qdrant(part) for part in condition.filters]
        return models.Filter(must=parts) if condition.operator == "and" else models.Filter(should=parts)
    if condition.operator in RANGE_OPERATORS:
        return _ordered(condition)
    if condition.operator in TEXT_OPERATORS:
        # The index cannot tell what a string contains: all strings match, and the database decides.
        start = condition.value if condition.operator == "starts_with" else ""
        return strings.beginning_with(condition.key, start) if isinstance(start, str) else _MATCHES_NOTHING
    has_token = models.FieldCondition(key="tags", match=models.MatchAny(any=sorted(condition.tokens)))
    if condition.operator in ("eq", "in"):
        return models.Filter(must=[has_token])
    return models.Filter(must_not=[has_token])


def _ordered(condition: Comparison) -> models.Filter:
    if isinstance(condition.value, str):
        return strings.in_order(condition.operator, condition.key, condition.value)
    limit = to_float(condition.value)
    return _MATCHES_NOTHING if limit is None else _range(condition.operator, condition.key, limit)


def _range(operator: str, key: str, limit: float) -> models.Filter:
    """Match numbers whose high half is beyond the limit's, or is equal to it and the low half decides."""
    (high, high_end), (low, low_end) = _halves(key, limit)
    upwards = operator.startswith("g")

    def between(field: str, bound: int, end: int, operator: str) -> models.FieldCondition:
        other_bound = {"lte": end} if upwards else {"gte": end - _LOW_HALF}
        return models.FieldCondition(key=field, range=models.Range(**{operator: bound, **other_bound}))

    same_high = models.FieldCondition(key="high", match=models.MatchValue(value=high))
    tie = models.Filter(must=[same_high, between("low", low, low_end, operator)])
    return models.Filter(should=[between("high", high, high_end, operator[:2]), tie])


def _halves(key: str, number: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the high and the low 32 bits of a float64, each as (value, last value of its key).

    The bits are rearranged so that they sort as the numbers do. Integers are used because Qdrant reads one in six
    floats of 17 digits with an error in the last place. In front of each half stand 17 bits that depend on the key, so
    that two payload indexes serve any number of keys. The result is below 2**49, so the bounds of a range, which Qdrant
    takes as floats, are exact. If two keys of one file share these 17 bits, too much may match, but never too little.
    """
    (bits,) = struct.unpack(">Q", struct.pack(">d", number))
    ordered = bits ^ (2**64 - 1 if bits >> 63 else 2**63)
    high, low = ordered >> 32, ordered & _LOW_HALF
    high_prefix, low_prefix = _key_prefix(key), _key_prefix(f"{high}:{key}")
    return (high_prefix + high, high_prefix + _LOW_HALF), (low_prefix + low, low_prefix + _LOW_HALF)


def _key_prefix(name: str) -> int:
    return (zlib.crc32(name.encode("utf-8", "surrogatepass")) & 0x1FFFF) << 32
