"""Evaluation of a filter in Python."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from ingest.steps.filters.conditions import Comparison, Compound, Filter
from ingest.steps.filters.values import Scalar, to_float, to_token, with_filename

RANGE_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
TEXT_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {"starts_with": str.startswith, "contains": str.__contains__}


def matches(condition: Filter, attributes: Mapping[str, Scalar], filename: str) -> bool:
    """Return whether a file with these attributes and this name matches."""
    return _matches(condition, with_filename(attributes, filename))


def _matches(condition: Filter, values: Mapping[str, Scalar]) -> bool:
    if isinstance(condition, Compound):
        results = (_matches(part, values) for part in condition.filters)
        return all(results) if condition.operator == "and" else any(results)
    value = values.get(condition.key)
    if condition.operator in RANGE_OPERATORS:
        return _is_in_range(condition, value)
    if condition.operator in TEXT_OPERATORS:
        wanted = condition.value
        return isinstance(value, str) and isinstance(wanted, str) and TEXT_OPERATORS[condition.operator](value, wanted)
    is_equal = value is not None and to_token(condition.key, value) in condition.tokens
    return is_equal if condition.operator in ("eq", "in") else not is_equal


def _is_in_range(condition: Comparison, value: Scalar | None) -> bool:
    """Compare two numbers, or two strings by code points. Values of different types are in no range."""
    compare, limit = RANGE_OPERATORS[condition.operator], condition.value
    if isinstance(value, str) and isinstance(limit, str):
        return compare(value, limit)
    number, limit_number = to_float(value), to_float(limit)
    return number is not None and limit_number is not None and compare(number, limit_number)
