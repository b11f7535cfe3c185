"""Metrics of one query, from the ranks of what it should find. All are from 0 to 1, and more is better.

`ranks` has one entry per expected item: the rank from 1 at which it is found first, None if it is not found.
Definitions follow trec_eval: nDCG with linear gains and the discount log2(rank + 1).
"""

import math
from collections.abc import Sequence

Ranks = Sequence[int | None]


def recall(ranks: Ranks, k: int) -> float:
    """Return the share of the expected items that are among the first `k` results."""
    return sum(_is_within(rank, k) for rank in ranks) / len(ranks)


def success(ranks: Ranks, k: int) -> float:
    """Return 1.0 if any expected item is among the first `k` results, else 0.0."""
    return float(any(_is_within(rank, k) for rank in ranks))


def reciprocal_rank(ranks: Ranks) -> float:
    """Return 1 / the rank of the first expected item; 0.0 if none is found. Its mean over queries is the MRR."""
    found = [rank for rank in ranks if rank is not None]
    return 1.0 / min(found) if found else 0.0


def ndcg(ranks: Ranks, grades: Sequence[float], k: int) -> float:
    """Return the discounted gain of the first `k` results, divided by the largest possible one.

    `grades` are the gains of the expected items. One passage may hold several of them, which then share its rank: so the
    quotient is capped at 1.
    """
    gains = zip(ranks, grades, strict=True)
    gained = math.fsum(grade / math.log2(rank + 1) for rank, grade in gains if rank is not None and rank <= k)
    best_first = sorted(grades, reverse=True)[:k]
    return min(1.0, gained / math.fsum(grade / math.log2(rank + 1) for rank, grade in enumerate(best_first, start=1)))


def _is_within(rank: int | None, k: int) -> bool:
    return rank is not None and rank <= k
