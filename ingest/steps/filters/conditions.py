"""The parts of a filter, and the limits of its size."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Scalar: TypeAlias = str | float | bool
Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "starts_with", "contains"]
Junction = Literal["and", "or"]

MAX_DEPTH = 8
"""Levels of compounds within compounds."""

MAX_CONDITIONS = 256
"""Comparisons and compounds together."""

MAX_LIST_VALUES = 1_000
"""Values of one `in` or `nin`."""


@dataclass(frozen=True)
class Comparison:
    """One attribute compared with one value, or with several for `in` and `nin`."""

    operator: Operator
    key: str
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True)
class Compound:
    """Several filters of which all (`and`) or at least one (`or`) must match."""

    operator: Junction
    filters: tuple["Filter", ...]


Filter: TypeAlias = Comparison | Compound
