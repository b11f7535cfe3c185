"""Hybrid search of a vector store (deploy/docs/api-contract.md section 7), one stage after the other.

Each query is ranked by itself: its candidates are retrieved from the index and confirmed by the database
(`retrieval`), and scored (`scoring`). The passages of all queries are then merged, thinned and shown.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ingest.caller import Caller
from ingest.db.content import stores as rows
from ingest.db.session import read_clock
from ingest.errors import DependencyDown
from ingest.runtime import cancellation
from ingest.search import filter_scan, near_duplicates, reranking, retrieval, scoring
from ingest.search.absence import FileExplanation, Stages, explain_files
from ingest.search.candidates import PassageKey
from ingest.search.expansion import expand
from ingest.search.explanation import explain
from ingest.search.fusion import DEFAULT_WEIGHTS, FusionWeights, shown_score
from ingest.search.options import IndexName, SearchOptions
from ingest.search.passages import RankedPassage, SearchResult, to_result
from ingest.search.per_file import cap_per_file, count_within_cap
from ingest.search.retrieval import CandidatesByKey, StoreState
from ingest.search.scoring import Ranking
from ingest.services import Services
from ingest.steps.embed import parts_of_each
from ingest.steps.filters import Filter
from ingest.stores.vector_stores import require_active_store


@dataclass(frozen=True)
class SearchAnswer:
    """The results of a search, best first, and what was asked about files (`SearchOptions.explain_file_ids`)."""

    results: list[SearchResult]
    files: list[FileExplanation] | None = None


def search(
    services: Services,
    caller: Caller,
    store_id: str,
    queries: Sequence[str],
    *,
    limit: int,
    filters: Filter | None = None,
    weights: FusionWeights = DEFAULT_WEIGHTS,
    score_threshold: float = 0.0,
) -> list[SearchResult]:
    """Return the best passages for any of the queries, as `search_store` does with these options."""
    options = SearchOptions(limit=limit, filters=filters, weights=weights, score_threshold=score_threshold)
    return search_store(services, caller, store_id, queries, options).results


def search_store(
    services: Services, caller: Caller, store_id: str, queries: Sequence[str], options: SearchOptions
) -> SearchAnswer:
    """Return the best passages for any of the queries, best first. A passage has the best of its scores.

    Raises NotFound, InvalidRequest for an expired store, and ModelMissing if the store's embedding model is not
    configured.
    """
    store = _touch_store(services, caller, store_id, options.index)
    file_rows = filter_scan.matching_rows(services, store_id, options.filters)
    options = replace(
        options,
        file_rows=file_rows,
        query_parts=parts_of_each(len(queries)),
        max_depth=retrieval.depth_of_each(len(queries)),
    )
    rankings = {text: _rank_query(services, caller, store, text, options) for text in dict.fromkeys(queries)}
    merged = _merge([ranking.passages for ranking in rankings.values()])
    ranked = reranking.rerank(services, merged, options)
    if options.fold_duplicates:
        ranked = near_duplicates.fold(ranked, options.limit if options.max_per_file is None else None)
    ranked = cap_per_file(ranked, options.max_per_file)
    shown = [passage for passage in ranked if shown_score(passage.score) >= options.score_threshold][: options.limit]
    stages = Stages(merged, ranked, shown)
    files = explain_files(services, stages, rankings, options) if options.explain_file_ids else None
    if options.expand:
        shown = expand(services, shown, options.expand)
    results = [to_result(passage, with_duplicates=options.fold_duplicates) for passage in shown]
    if options.explain:
        explanations = explain(shown, merged, rankings, options)
        results = [replace(result, explanation=each) for result, each in zip(results, explanations, strict=True)]
    return SearchAnswer(results, files)


def rewrite_queries(services: Services, caller: Caller, store_id: str, queries: Sequence[str]) -> list[str]:
    """Return the queries as the chat model rewrites them, or unchanged if it fails. Raises as `search_store` does."""
    with services.database.reading() as session:
        require_active_store(rows.get(session, caller.project, store_id), store_id)
    return services.rewriter.rewrite(queries)


def _rank_query(services: Services, caller: Caller, store: StoreState, text: str, options: SearchOptions) -> Ranking:
    """Return the passages of one query, best first: retrieve, score."""
    cancellation.check()
    query = retrieval.make_query(store, text, options)

    def is_enough(candidates: CandidatesByKey) -> bool:
        hits = [candidate.hit for candidate in candidates.values()]
        if count_within_cap((hit.row for hit in hits), options.max_per_file) < options.limit:
            return False
        if options.fold_duplicates:
            hits = near_duplicates.distinct(hits, text, options.limit if options.max_per_file is None else None)
        return count_within_cap((hit.row for hit in hits), options.max_per_file) >= options.limit

    retrieved = retrieval.retrieve(services, caller, store, query, options, is_enough)
    return scoring.rank(services, query, retrieved, options, _needed(services, options))


def _needed(services: Services, options: SearchOptions) -> int | None:
    """Return how many of the best passages need exact scores, or None for all: later stages may drop any number."""
    if options.explain or options.fold_duplicates or options.max_per_file is not None:
        return None
    return max(options.limit, 0 if reranking.reranker_for(services, options) is None else reranking.RERANKED)


def _merge(rankings: Sequence[Sequence[RankedPassage]]) -> list[RankedPassage]:
    """Return the passages of several queries, best first, each with the best of its scores."""
    best: dict[PassageKey, RankedPassage] = {}
    for passages in rankings:
        for passage in passages:
            if passage.key not in best or best[passage.key].score < passage.score:
                best[passage.key] = passage
    return sorted(best.values(), key=lambda passage: -passage.score)


def _touch_store(services: Services, caller: Caller, store_id: str, index: IndexName) -> StoreState:
    """Return the state of the store, and record that it was used."""
    with services.database.reading() as session:
        row, state = retrieval.read_store_state(session, caller.project, store_id, index)
        idle_seconds = read_clock(session) - row.last_active_at
    if idle_seconds >= 1:  # the API shows whole seconds, so one write a second is enough
        with suppress(DependencyDown), services.database.transaction() as session:  # a search works without writing
            rows.touch(session, store_id)
    return state
