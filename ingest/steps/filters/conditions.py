"""The parts of a filter, and the limits of its size."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from ingest.steps.filters.values import Scalar, to_token

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "starts_with", "contains"]
Junction = Literal["and", "or"]

MAX_DEPTH = 8
"""Levels of compounds within compounds."""

MAX_CONDITIONS = 256
"""Comparisons and compounds together."""

MAX_LIST_VALUES = 1_000
"""Values of one `in` or `nin`."""

MAX_VALUES = 4_000
"""Values of a filter in all. Evaluating 256 lists of 1,000 values would take longer than a request may."""


@dataclass(frozen=True)
class Comparison:
    """One attribute compared with one value, or with several for `in` and `nin`."""

    operator: Operator
    key: str
    value: Scalar | tuple[Scalar, ...]

    @cached_property
    def tokens(self) -> frozenset[str]:
        """The tokens of its values. A search compares them with thousands of files."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return frozenset(token for value in values if (token := to_token(self.key, value)) is not None)


@dataclass(frozen=True)
class Compound:
    """Several filters of which all (`and`) or at least one (`or`) must match."""

    operator: Junction
    filters: tuple["Filter", ...]


Filter: TypeAlias = Comparison | Compound
