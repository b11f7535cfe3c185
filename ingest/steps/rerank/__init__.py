"""Rerankers: the `Reranker` protocol, its remote and its local implementation.

`build` chooses the implementation. A reranker reads a query and a passage together, which tells more than comparing two
vectors, but is too slow for more than the best passages of a search. What a search does with the scores is in
`ingest/search/reranking.py`.
"""

from collections.abc import Sequence
from math import exp
from typing import Protocol

from ingest.config import Settings
from ingest.errors import IngestError

Pair = tuple[str, str]
"""A query and a passage."""


class PairsRefused(IngestError):
    """The reranker works, but refuses these texts. A retry does not help."""


class Reranker(Protocol):
    """Scores passages for queries. Safe to use from several threads.

    It may be created before a fork, but is used in one process: the first pair loads the model or opens a connection.
    """

    def score(self, pairs: Sequence[Pair]) -> list[float | None]:
        """Return one score from 0 to 1 for each pair, in order; None for a pair that got none.

        Takes about `rerank_timeout_seconds` at most. The most important pairs come first. Raises DependencyDown and
        PairsRefused.
        """
        ...

    def close(self) -> None:
        """Release connections and memory."""
        ...


def build(settings: Settings) -> Reranker | None:
    """Return the reranker that the settings ask for, or None. Nothing is loaded or requested yet."""
    # Imported here, so that a service without a reranker loads nothing for it.
    if settings.rerank_url:
        from ingest.steps.rerank.server import RerankServer

        return RerankServer(settings)
    if settings.rerank_model_path:
        from ingest.steps.rerank.cross_encoder import LocalCrossEncoder

        return LocalCrossEncoder(settings)
    return None


def sigmoid(logit: float) -> float:
    """Return the probability from 0 to 1 of a logit of any size."""
    if logit >= 0:
        return 1 / (1 + exp(-logit))
    return exp(logit) / (1 + exp(logit))


def best(scores: Sequence[float | None]) -> float | None:
    """Return the highest of the scores of a passage's windows, or None if none of them has one."""
    return max((score for score in scores if score is not None), default=None)
