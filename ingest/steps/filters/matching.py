"""Evaluation of a filter in Python."""

from collections.abc import Mapping

from ingest.steps.filters.conditions import Compound, Filter, Scalar
from ingest.steps.filters.values import accepted_tokens, to_float, to_token, with_filename

RANGE_OPERATORS = {
    "gt": float.__gt__,
    "gte": float.__ge__,
    "lt": float.__lt__,
    "lte": float.__le__,
}


def matches(condition: Filter, attributes: Mapping[str, Scalar], filename: str) -> bool:
    """Return whether a file with these attributes and this name matches."""
    if isinstance(condition, Compound):
        results = (matches(part, attributes, filename) for part in condition.filters)
        return all(results) if condition.operator == "and" else any(results)
    value = with_filename(attributes, filename).get(condition.key)
    if condition.operator in RANGE_OPERATORS:
        number, limit = to_float(value), to_float(condition.value)
        return number is not None and limit is not None and RANGE_OPERATORS[condition.operator](number, limit)
    is_equal = value is not None and to_token(condition.key, value) in accepted_tokens(condition)
    return is_equal if condition.operator in ("eq", "in") else not is_equal
