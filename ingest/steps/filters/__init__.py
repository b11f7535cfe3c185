"""Attribute filters: parse them from the API's JSON, and evaluate them in Python or as a condition in Qdrant.

`matches` defines the meaning. `to_qdrant` must select these files through the payload that `to_payload` writes. It may select
more only for strings (ingest/steps/filters/strings.py): every hit is checked with `matches` again.
The rules are in deploy/docs/api-contract.md section 7:

- `ne` and `nin` match when the attribute is missing or of another type; `eq` and `in` then do not.
- A boolean is never equal to a number. Numbers compare as float64: 1 equals 1.0.
- `gt gte lt lte` compare two numbers, or two strings by code points, so that ISO dates sort; other pairs never match.
- `starts_with` and `contains` compare two strings, exactly as they are written.
- `filename` is an attribute of every file, unless the file has an attribute of its own by that name.

Limits of the attributes themselves belong to `ingest/limits.py`, the search that uses filters to `ingest/stores`.
"""

from ingest.steps.filters.conditions import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_LIST_VALUES,
    Comparison,
    Compound,
    Filter,
    Junction,
    Operator,
)
from ingest.steps.filters.matching import matches
from ingest.steps.filters.parsing import parse_filter
from ingest.steps.filters.qdrant import to_payload, to_qdrant
from ingest.steps.filters.values import Scalar

__all__ = [
    "MAX_CONDITIONS",
    "MAX_DEPTH",
    "MAX_LIST_VALUES",
    "Comparison",
    "Compound",
    "Filter",
    "Junction",
    "Operator",
    "Scalar",
    "matches",
    "parse_filter",
    "to_payload",
    "to_qdrant",
]
