"""Reranking: the best passages of a search in the order of a model that reads query and passage together.

The models are in `ingest/steps/rerank`. Without a working one, a search is ranked by fusion alone.
"""

from collections.abc import Sequence
from dataclasses import replace

from ingest.errors import DependencyDown
from ingest.observability import logs, metrics
from ingest.runtime import cancellation
from ingest.search.candidates import PartScore
from ingest.search.options import SearchOptions
from ingest.search.passages import RankedPassage
from ingest.services import Services
from ingest.steps.rerank import PairsRefused, Reranker

RERANKED = 50
"""How many passages a search has reranked. No request asks for more results."""

_RANKERS_WITHOUT_MODEL = ("none", "rrf")

_log = logs.get(__name__)


def reranker_for(services: Services, options: SearchOptions) -> Reranker | None:
    """Return the reranker that a search uses, or None if none is configured or the request names a ranker without."""
    return None if options.ranker in _RANKERS_WITHOUT_MODEL else services.reranker


def rerank(services: Services, passages: Sequence[RankedPassage], options: SearchOptions) -> list[RankedPassage]:
    """Return the passages, of which the best RERANKED are in the reranker's order; unchanged if it fails.

    A passage is read together with the query that found it best.
    """
    reranker = reranker_for(services, options)
    if reranker is None or not passages:
        return list(passages)
    scores = _score(services, reranker, passages[:RERANKED])
    return reorder(passages, scores)


def reorder(passages: Sequence[RankedPassage], scores: Sequence[float | None]) -> list[RankedPassage]:
    """Return the passages by the scores of the first `len(scores)` of them, those without a score last.

    A score replaces that of the fusion. The passages without one keep their order and their score, but not more than the
    least of the reranker's, so that the scores of the whole list fall. Without any score, nothing changes.
    """
    scored = [(score, passage) for score, passage in zip(scores, passages, strict=False) if score is not None]
    if not scored:
        return list(passages)
    scored.sort(key=lambda item: -item[0])
    least = scored[-1][0]
    first = [
        replace(passage, score=score, rerank=PartScore(score, rank)) for rank, (score, passage) in enumerate(scored, 1)
    ]
    reranked_keys = {passage.key for passage in first}
    rest = [passage for passage in passages if passage.key not in reranked_keys]
    return first + [replace(passage, score=min(passage.score, least)) for passage in rest]


def _score(services: Services, reranker: Reranker, passages: Sequence[RankedPassage]) -> list[float | None]:
    """Return the reranker's scores; none at all if it fails, which the log and the metrics show."""
    cancellation.check()
    try:
        with services.breakers["reranker"].guard():
            scores = reranker.score([(passage.query, passage.hit.text) for passage in passages])
    except (DependencyDown, PairsRefused) as exc:
        metrics.reranks.labels("failed").inc()
        _log.warning("search_not_reranked", passages=len(passages), reason=str(exc))
        return []
    missing = scores.count(None)
    metrics.reranks.labels("partial" if missing else "completed").inc()
    if missing:
        _log.warning("search_not_reranked", passages=missing, reason="these passages got no score")
    return scores
