"""Strings in the index: whole numbers that sort as the beginnings of the strings do.

A string is cut into segments of four bytes of UTF-8, whose order is the order of code points. In front of the 32 bits of
a segment stand 17 bits that depend on the key and on all segments before it, so one payload index serves any number of
keys, and a range over one segment implies that the segments before it are equal. If two of these prefixes are the same,
too much may match, but never too little. Every number is below 2**49, so Qdrant reads the bounds of a range exactly.

Only the first BYTES bytes are stored. Strings that differ after them are told apart by the check of the hits with the
database (ingest/search/candidates.py).
"""

import zlib
from collections.abc import Mapping

from qdrant_client import models

from ingest.steps.filters.conditions import Comparison, Compound, Filter
from ingest.steps.filters.values import Scalar

FIELD = "strings"

BYTES = 20
"""Enough for an ISO date with the time in seconds. It costs one number for four bytes and chunk."""

_SEGMENT = 4
_LAST = 2**32 - 1
_NO_STRINGS = -1


def to_numbers(attributes: Mapping[str, Scalar]) -> list[int]:
    """Return the numbers of all attributes that are strings; -1 if there are none, which no condition selects."""
    numbers = [
        prefix + segment
        for key, value in attributes.items()
        if isinstance(value, str)
        for prefix, segment in _segments(key, value)
    ]
    return numbers or [_NO_STRINGS]


def needs_index(condition: Filter) -> bool:
    """Return whether a condition is read from FIELD. Without its index, Qdrant reads the payload of every point."""
    if isinstance(condition, Compound):
        return any(map(needs_index, condition.filters))
    return isinstance(condition.value, str) and condition.operator not in ("eq", "ne", "in", "nin")


def is_exact(comparison: Comparison) -> bool:
    """Return whether the index selects exactly the points that match, apart from those of older versions."""
    if comparison.operator == "contains":
        return False
    if comparison.operator in ("eq", "ne", "in", "nin") or not isinstance(comparison.value, str):
        return True
    return not _is_cut(comparison.value)


def in_order(operator: str, key: str, limit: str) -> models.Filter:
    """Match strings above (`gt`, `gte`) or below (`lt`, `lte`) a limit, and all that begin as a long limit does.

    One range for each segment: it is beyond the segment of the limit, and those before are equal. The last one includes
    its own bound if the limit goes on after it, or if an equal string matches.
    """
    segments = _segments(key, limit)
    is_cut = _is_cut(limit)
    ranges = []
    for position, (prefix, segment) in enumerate(segments, start=1):
        is_last = position == len(segments)
        is_inclusive = is_last and (is_cut or operator.endswith("e"))
        bound = segment if is_inclusive else segment + (1 if operator.startswith("g") else -1)
        if operator.startswith("g"):
            ranges.append(_between(prefix, bound, _LAST))
        else:
            ranges.append(_between(prefix, 0, bound))
    return models.Filter(should=[*(each for each in ranges if each is not None), _OLD_POINT])


def beginning_with(key: str, start: str) -> models.Filter:
    """Match strings that begin with `start`, or with the first bytes of a long `start`."""
    data = _stored_bytes(start)
    whole, rest = divmod(len(data), _SEGMENT)
    if whole * _SEGMENT == BYTES:  # all segments are complete: the last one is equal
        whole, rest = whole - 1, _SEGMENT
    prefix = _prefix(key, data[: whole * _SEGMENT])
    first = int.from_bytes(data[whole * _SEGMENT :].ljust(_SEGMENT, b"\0"), "big")
    last = first + (1 << 8 * (_SEGMENT - rest)) - 1
    condition = _between(prefix, first, last)
    assert condition is not None
    return models.Filter(should=[condition, _OLD_POINT])


_OLD_POINT = models.IsEmptyCondition(is_empty=models.PayloadField(key=FIELD))
"""Points of older versions have no strings. They match, and the check with the database decides."""


def _between(prefix: int, first: int, last: int) -> models.FieldCondition | None:
    if first > last:
        return None
    return models.FieldCondition(key=FIELD, range=models.Range(gte=prefix + first, lte=prefix + last))


def _segments(key: str, text: str) -> list[tuple[int, int]]:
    """Return (prefix, value) of each segment. A string that ends within BYTES has a segment with its end, a zero byte."""
    data = _stored_bytes(text)
    padded = data + b"\0" * (0 if _is_cut(text) else _SEGMENT - len(data) % _SEGMENT)
    return [
        (_prefix(key, padded[:start]), int.from_bytes(padded[start : start + _SEGMENT], "big"))
        for start in range(0, len(padded), _SEGMENT)
    ]


def _stored_bytes(text: str) -> bytes:
    """Return the first bytes, each one higher, so that 0 can be the end."""
    data = text[:BYTES].encode("utf-8", "surrogatepass")[:BYTES]
    return bytes(byte + 1 for byte in data)


def _is_cut(text: str) -> bool:
    return len(text) >= BYTES or len(text.encode("utf-8", "surrogatepass")) >= BYTES


def _prefix(key: str, before: bytes) -> int:
    return (zlib.crc32(b"%d:%s:%s" % (len(before), key.encode("utf-8", "surrogatepass"), before)) & 0x1FFFF) << 32
