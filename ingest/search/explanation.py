"""Explanation of a result: how its passage was found, scored and ranked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.search.candidates import Candidate
from ingest.search.options import SearchOptions
from ingest.search.passages import RankedPassage
from ingest.search.retrieval import Query
from ingest.search.scale import Scale
from ingest.search.scoring import Ranking
from ingest.steps import bm25
from ingest.steps.location import names_above


@dataclass(frozen=True)
class DenseExplanation:
    """`rank` is None if the dense list of the search does not reach down to the passage.

    `part` is (cosine - floor) / (1 - floor), and `weight` the share of it in the fused score.
    """

    rank: int | None
    cosine: float
    floor: float
    part: float
    weight: float


@dataclass(frozen=True)
class LexicalExplanation:
    """`rank` is None if the lexical list of the search does not reach down to the passage.

    `part` is bm25 / ceiling, and `weight` the share of it in the fused score. `matched_terms` are the terms of the query
    that the passage, or the name and headings above it, contain.
    """

    rank: int | None
    bm25: float
    ceiling: float
    part: float
    weight: float
    matched_terms: tuple[str, ...]


@dataclass(frozen=True)
class RerankExplanation:
    """The rank and the score that the reranker gave."""

    rank: int | None
    score: float


@dataclass(frozen=True)
class Explanation:
    """How a result was ranked. `query` is the one of several that ranked it best.

    `rank` is its position in the answer, and `fused_rank` that before reranking, folding and capping. Scores are those
    that sort the results and may lie outside 0..1. A part is None if it was not searched or has nothing in common with
    the passage.
    """

    query: str
    rank: int
    score: float
    fused_rank: int
    fused_score: float
    fusion: Literal["absolute", "rrf"]
    dense: DenseExplanation | None
    lexical: LexicalExplanation | None
    rerank: RerankExplanation | None
    filter: Literal["matched"] | None
    """None if the search has no filter."""


def explain(
    shown: Sequence[RankedPassage],
    merged: Sequence[RankedPassage],
    rankings: Mapping[str, Ranking],
    options: SearchOptions,
) -> list[Explanation]:
    """Explain the shown passages. `merged` are those of all queries before reranking, `rankings` those of each query."""
    fused = {passage.key: (rank, passage) for rank, passage in enumerate(merged, 1)}
    return [
        _explain(passage, rank, *fused[passage.key], rankings[passage.query], options)
        for rank, passage in enumerate(shown, 1)
    ]


def _explain(
    passage: RankedPassage,
    rank: int,
    fused_rank: int,
    fused: RankedPassage,
    ranking: Ranking,
    options: SearchOptions,
) -> Explanation:
    # `fused` has the text that was searched; `passage` may have been merged with its neighbours.
    candidate = Candidate(fused.hit, fused.model, fused.dense, fused.lexical)
    rerank = passage.rerank
    return Explanation(
        query=passage.query,
        rank=rank,
        score=passage.score,
        fused_rank=fused_rank,
        fused_score=passage.fused_score,
        fusion="rrf" if options.ranker == "rrf" else "absolute",
        dense=_explain_dense(candidate, ranking.scale),
        lexical=_explain_lexical(candidate, fused.file.filename, ranking.query, ranking.scale),
        rerank=None if rerank is None else RerankExplanation(rerank.rank, rerank.score),
        filter=None if options.filters is None else "matched",
    )


def _explain_dense(candidate: Candidate, scale: Scale) -> DenseExplanation | None:
    if candidate.dense is None:
        return None
    return DenseExplanation(
        candidate.dense.rank,
        candidate.dense.score,
        scale.floors[candidate.model],
        scale.dense_part(candidate),
        scale.weights.scaled().embedding,
    )


def _explain_lexical(candidate: Candidate, filename: str, query: Query, scale: Scale) -> LexicalExplanation | None:
    if candidate.lexical is None:
        return None
    return LexicalExplanation(
        candidate.lexical.rank,
        candidate.lexical.score,
        scale.ceiling,
        scale.lexical_part(candidate),
        scale.weights.scaled().text,
        tuple(matched_terms(query, candidate, filename)),
    )


def matched_terms(query: Query, candidate: Candidate, filename: str) -> list[str]:
    """Return the terms of the query that a passage, or the names above it, contain in any of the store's languages."""
    hit = candidate.hit
    headings = names_above(dict(hit.location or {}))
    found: set[int] = set()
    for language in query.languages:
        found.update(bm25.count_terms(hit.text, language).ids.tolist())
        found.update(bm25.title_terms(filename, headings, language).ids.tolist())
    return sorted({term for number, term in query.words.items() if number in found})
