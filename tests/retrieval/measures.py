"""Measures of a ranking: how early the right passage comes, and whether the top scores tell that there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from ingest.search.evaluation import metrics

DEPTH = 10
"""How many results of a query count."""


@dataclass(frozen=True)
class Measures:
    """Means over queries with one right passage each.

    `ndcg` is nDCG@10, `success` the share of queries with the right passage first, `reciprocal_rank` MRR@10, `evidence`
    the share with the right passage among the first five. `auc` is the probability that the top score of a question with
    an answer is higher than that of a foreign one.
    """

    ndcg: float
    success: float
    reciprocal_rank: float
    evidence: float
    auc: float


def measure(ranks: Sequence[int | None], top_scores: Sequence[float], foreign_scores: Sequence[float]) -> Measures:
    """Return the measures of queries: the rank of each one's right passage from 1, None beyond DEPTH, and top scores."""
    queries = [[rank if rank is not None and rank <= DEPTH else None] for rank in ranks]
    return Measures(
        ndcg=fmean(metrics.ndcg(query, [1.0], DEPTH) for query in queries),
        success=fmean(metrics.success(query, 1) for query in queries),
        reciprocal_rank=fmean(map(metrics.reciprocal_rank, queries)),
        evidence=fmean(metrics.recall(query, 5) for query in queries),
        auc=area_under_curve(top_scores, foreign_scores),
    )


def area_under_curve(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the share of pairs in which the positive score is higher; equal ones count half. 1 without negatives."""
    if not negative:
        return 1.0
    wins = sum((high > low) + (high == low) / 2 for high in positive for low in negative)
    return wins / (len(positive) * len(negative))


def mean_of(measured: Mapping[str, Measures], names: Sequence[str], measure_name: str) -> float:
    """Return the mean of one measure over some collections."""
    values: list[float] = [getattr(measured[name], measure_name) for name in names]
    return fmean(values)
