"""Scoring: from the candidates of one query to ranked passages."""

from dataclasses import dataclass

from ingest.search import fusion
from ingest.search.candidates import Candidate, PartScore
from ingest.search.completion import complete
from ingest.search.fusion import FusionWeights
from ingest.search.options import SearchOptions
from ingest.search.passages import RankedPassage
from ingest.search.retrieval import Query, Retrieved, StoreState
from ingest.search.scale import Scale, make_scale
from ingest.services import Services


@dataclass(frozen=True)
class Ranking:
    """The passages of one query, best first, the scale of their scores, and the store as it was searched."""

    store: StoreState
    query: Query
    scale: Scale
    passages: list[RankedPassage]


def rank(services: Services, query: Query, retrieved: Retrieved, options: SearchOptions, needed: int | None) -> Ranking:
    """Return the candidates as passages with their fused score, best first. Equal scores keep the order of the lists.

    The first `needed` passages have exact scores, all if it is None. Raises DependencyDown if the index fails, or the
    embedder when it must be asked for the model's cosine floor.
    """
    scale = make_scale(services, retrieved.store, query, options.weights)
    if options.ranker == "rrf":
        scored = [(each, _rank_score(each, options.weights)) for each in retrieved.candidates.values()]
    else:
        completed = complete(services, query, retrieved, scale, needed)
        scored = [(each, scale.score(each)) for each in completed.values()]
    passages = [_to_passage(each, score, query, retrieved) for each, score in scored]
    return Ranking(retrieved.store, query, scale, sorted(passages, key=lambda passage: -passage.score))


def _to_passage(candidate: Candidate, score: float, query: Query, retrieved: Retrieved) -> RankedPassage:
    return RankedPassage(
        candidate.hit,
        retrieved.files[candidate.hit.row],
        candidate.model,
        query.text,
        candidate.dense,
        candidate.lexical,
        score=score,
        fused_score=score,
    )


def _rank_score(candidate: Candidate, weights: FusionWeights) -> float:
    return fusion.reciprocal_rank_score(_rank_of(candidate.dense), _rank_of(candidate.lexical), weights)


def _rank_of(part: PartScore | None) -> int | None:
    return None if part is None else part.rank
