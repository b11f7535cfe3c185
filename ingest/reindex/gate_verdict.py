"""The verdict of a gate: whether the new index finds as much as the current one, and what to tell the operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ingest.db.models import GateState
from ingest.search.evaluation.comparison import EPSILON, sign_test

DEPTH = 10
"""Recall is measured among this many results."""

METRIC = f"recall@{DEPTH}"

SHOWN_QUERIES = 20
"""Worse queries, and missing files, that a result names."""

SHOWN_CHARACTERS = 200
"""Of a query in a result."""

Recalls = Sequence[Sequence[float] | None]
"""The recall with the current and with the new index, of each query; None of a query that was left out."""


@dataclass(frozen=True)
class Verdict:
    """The state that a gate gets, its measurements as JSON, and why it failed."""

    state: GateState
    result: dict[str, Any]
    reason: str | None


def decide(queries: Sequence[str], recalls: Recalls, tolerance: float, missing: Sequence[str]) -> Verdict:
    """Return the verdict on complete recalls, in the order of the queries.

    The gate passes if the mean recall does not fall by more than the tolerance. It fails if neither index finds
    anything: then the golden queries measure nothing. `missing` are expected files that the store does not have.
    """
    counted = [(query, pair[0], pair[1]) for query, pair in zip(queries, recalls, strict=True) if pair is not None]
    current = fmean(before for _, before, _ in counted) if counted else 0.0
    staged = fmean(after for _, _, after in counted) if counted else 0.0
    worse = sorted((each for each in counted if each[2] < each[1] - EPSILON), key=lambda each: each[2] - each[1])
    better = sum(after > before + EPSILON for _, before, after in counted)
    result = {
        "metric": METRIC,
        "current": current,
        "staged": staged,
        "queries": len(counted),
        "left_out": len(queries) - len(counted),
        "better": better,
        "worse": len(worse),
        "sign_test": sign_test(better, len(worse)),
        "worse_queries": [
            {"query": query[:SHOWN_CHARACTERS], "current": before, "staged": after}
            for query, before, after in worse[:SHOWN_QUERIES]
        ],
        "missing_files": [name[:SHOWN_CHARACTERS] for name in missing[:SHOWN_QUERIES]],
    }
    if max(current, staged) <= EPSILON:
        return Verdict("failed", result, _nothing_measured(len(queries), missing))
    if staged < current - tolerance - EPSILON:
        return Verdict("failed", result, _worse(result, tolerance))
    return Verdict("passed", result, None)


def _worse(result: dict[str, Any], tolerance: float) -> str:
    names = ", ".join(f"'{each['query'][:60]}'" for each in result["worse_queries"][:3])
    return (
        f"With the new index, {METRIC} of {result['queries']:,} golden queries falls from {result['current']:.4f} to "
        f"{result['staged']:.4f}; the tolerance is {tolerance:g}. Worse are {result['worse']:,} queries, first {names}."
    )


def _nothing_measured(queries: int, missing: Sequence[str]) -> str:
    reason = f"Neither index finds what the {queries:,} golden queries expect, so they measure nothing."
    if not missing:
        return reason
    return f"{reason} The store has no file named '{missing[0][:60]}' ({len(missing):,} expected files are missing)."
