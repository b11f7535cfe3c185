"""Comparison of two evaluations, query by query: what changed, and whether chance explains it.

Both evaluations have the same queries, so differences are paired. Significance is a hint: golden queries are few, and they
are not a random sample of what users ask.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ingest.errors import InvalidRequest
from ingest.search.evaluation.runs import Evaluation

RESAMPLES = 2_000
SEED = 20_240_229
"""Fixed, so that the same evaluations give the same interval."""

CONFIDENCE = 0.95
EPSILON = 1e-9
"""Differences below it are rounding."""


@dataclass(frozen=True)
class MetricDifference:
    """The difference of a metric: the second evaluation minus the first."""

    name: str
    first: float
    second: float
    interval: tuple[float, float]
    """Bootstrap interval of the mean difference, with 95 % confidence."""
    better: int
    worse: int
    """Queries whose value rose or fell."""
    sign_test: float
    """Two-sided p-value of the sign test: how likely chance alone splits `better` and `worse` at least so unevenly."""

    @property
    def difference(self) -> float:
        return self.second - self.first

    @property
    def is_significant(self) -> bool:
        """Whether zero is outside of the interval."""
        return self.interval[0] > EPSILON or self.interval[1] < -EPSILON


@dataclass(frozen=True)
class ChangedQuery:
    """A query whose value of a metric differs between the evaluations."""

    query: str
    first: float
    second: float


@dataclass(frozen=True)
class Comparison:
    """Two evaluations of the same queries; `changed` is by the first metric, the largest losses first."""

    metrics: Sequence[MetricDifference]
    changed: Sequence[ChangedQuery]
    queries: int
    unmatched: int
    """Queries that only one of the evaluations has. They are left out."""

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON."""
        metrics = [asdict(each) | {"difference": each.difference} for each in self.metrics]
        changed = [asdict(each) for each in self.changed]
        return {"metrics": metrics, "changed": changed, "queries": self.queries, "unmatched": self.unmatched}


def compare(first: Evaluation, second: Evaluation) -> Comparison:
    """Compare the queries and metrics that both evaluations have. Raises InvalidRequest if they share none."""
    by_key = {each.key: each for each in second.queries}
    pairs = [(each, by_key[each.key]) for each in first.queries if each.key in by_key]
    if not pairs:
        raise InvalidRequest("The two evaluations have no query in common.")
    names = [name for name in pairs[0][0].metrics if name in pairs[0][1].metrics]
    values = {name: ([a.metrics[name] for a, _ in pairs], [b.metrics[name] for _, b in pairs]) for name in names}
    differences = [difference_of(name, *values[name]) for name in names]
    changed = [
        ChangedQuery(a.query, before, after)
        for (a, _), before, after in zip(pairs, *values[names[0]], strict=True)
        if abs(after - before) > EPSILON
    ]
    changed.sort(key=lambda each: each.second - each.first)
    unmatched = len(first.queries) + len(second.queries) - 2 * len(pairs)
    return Comparison(differences, changed, len(pairs), unmatched)


def difference_of(name: str, first: Sequence[float], second: Sequence[float]) -> MetricDifference:
    """Compare one metric of the same queries, in the same order."""
    differences = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)
    better, worse = int((differences > EPSILON).sum()), int((differences < -EPSILON).sum())
    return MetricDifference(
        name,
        math.fsum(first) / len(first),
        math.fsum(second) / len(second),
        _bootstrap_interval(differences),
        better,
        worse,
        sign_test(better, worse),
    )


def sign_test(better: int, worse: int) -> float:
    """Return the two-sided p-value of the exact sign test; ties are left out. 1.0 when nothing differs."""
    trials = better + worse
    tail = sum(math.comb(trials, successes) for successes in range(min(better, worse) + 1))
    return min(1.0, tail / 2 ** (trials - 1)) if trials else 1.0


def _bootstrap_interval(differences: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[float, float]:
    """Return the percentile interval of the mean over resamples of the queries."""
    generator = np.random.default_rng(SEED)
    count = len(differences)
    means = [differences[generator.integers(0, count, count)].mean() for _ in range(RESAMPLES)]
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)
