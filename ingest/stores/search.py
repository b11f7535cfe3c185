"""Hybrid search of a vector store (deploy/docs/api-contract.md section 7).

Dense and lexical candidates come from the index, are checked against the database, and are fused into one ranking.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ingest.caller import Caller
from ingest.db.content import members as member_rows
from ingest.db.content import stores as rows
from ingest.db.content.members import LiveFile
from ingest.db.queue import model_migration
from ingest.db.queue.model_migration import SearchModels
from ingest.db.session import read_clock
from ingest.errors import DependencyDown
from ingest.services import Services
from ingest.steps import bm25
from ingest.steps.filters import Filter
from ingest.steps.index import Hit
from ingest.steps.location import Location
from ingest.steps.vectors import SparseVector, Vectors
from ingest.stores.candidates import Candidates, PassageKey
from ingest.stores.fusion import EQUAL_WEIGHTS, FusionWeights, fuse_hits, fuse_hits_of_models
from ingest.stores.vector_stores import require_active_store

FIRST_DEPTH = 100
"""How many hits of each list are fused. A search goes deeper when too few of them are current."""

MAX_DEPTH = 3_200

MAX_REPEATS = 2
"""How often a search is repeated because a file was replaced meanwhile. The cause may also be points that await their
purge, which a repetition does not change."""


@dataclass(frozen=True)
class SearchResult:
    """A passage. `file_id` is the id of the uploaded file; `score` is from 0 to 1.

    `location` says where in the file the passage is (ingest/steps/location.py). It also has `content_hash`, the SHA-256
    of the passage, and `generation`, the version of the file's points, which rises when the file is re-indexed.
    """

    file_id: str
    filename: str
    score: float
    attributes: dict[str, Any]
    text: str
    location: Location


@dataclass
class _Query:
    """One query against one store, and its vectors by model, each made when first needed."""

    project: str
    store_id: str
    text: str
    sparse: SparseVector | None
    filters: Filter | None
    weights: FusionWeights
    vectors: dict[str, Vectors]


def search(
    services: Services,
    caller: Caller,
    store_id: str,
    queries: Sequence[str],
    *,
    limit: int,
    filters: Filter | None = None,
    weights: FusionWeights = EQUAL_WEIGHTS,
    score_threshold: float = 0.0,
) -> list[SearchResult]:
    """Return the best passages for any of the queries, best first. A passage has the best of its scores.

    Raises NotFound, InvalidRequest for an expired store, and ModelMissing if the store's embedding model is not
    configured.
    """
    models = _touch_store(services, caller, store_id)
    best: dict[PassageKey, SearchResult] = {}
    for text in dict.fromkeys(queries):
        sparse = bm25.query_vector(text) if weights.text > 0 else None
        query = _Query(caller.project, store_id, text, sparse, filters, weights, vectors={})
        for key, result in _search_one(services, caller, query, models, limit).items():
            if key not in best or best[key].score < result.score:
                best[key] = result
    ranked = sorted(best.values(), key=lambda result: -result.score)
    return [result for result in ranked if result.score >= score_threshold][:limit]


def rewrite_queries(services: Services, caller: Caller, store_id: str, queries: Sequence[str]) -> list[str]:
    """Return the queries as the chat model rewrites them, or unchanged if it fails. Raises as `search` does."""
    with services.database.reading() as session:
        require_active_store(rows.get(session, caller.project, store_id), store_id)
    return services.rewriter.rewrite(queries)


def _search_one(
    services: Services, caller: Caller, query: _Query, models: SearchModels, limit: int
) -> dict[PassageKey, SearchResult]:
    depth, repeats = max(FIRST_DEPTH, limit), MAX_REPEATS
    while True:
        candidates = _find_candidates(services, query, models, depth)
        live_files, epoch = _read_live_files(services, query.store_id, candidates)
        if repeats and (epoch != models.epoch or candidates.miss_a_replaced_file(live_files)):
            repeats -= 1
            models = _read_search_models(services, caller, query.store_id)
            continue
        current = candidates.current(live_files, query.filters, include_standby=models.is_mixed)
        passages = current.passages()
        if len(passages) >= limit or depth >= MAX_DEPTH or candidates.are_exhausted(depth):
            break
        depth *= 4
    scores = _fuse(candidates, current, query.weights)
    return {key: _result(hit, live_files[hit.row], scores[key]) for key, hit in passages.items()}


def _find_candidates(services: Services, query: _Query, models: SearchModels, depth: int) -> Candidates:
    """Search the points of every model."""
    hits = {model: _search_index(services, model, query, depth) for model in models.models}
    return Candidates(
        dense={model: dense for model, (dense, _) in hits.items()},
        lexical={model: lexical for model, (_, lexical) in hits.items()},
    )


def _search_index(services: Services, model: str, query: _Query, depth: int) -> tuple[list[Hit], list[Hit]]:
    """Return the dense and the lexical hits among the points of one model."""
    is_dense = query.weights.embedding > 0
    if is_dense and model not in query.vectors:
        embedder = services.embedder_of(model)
        with services.breaker_of(model).guard():
            query.vectors[model] = embedder.embed_query(query.text)
    index = services.index_of(model)
    dense = query.vectors[model] if is_dense else None
    with services.breakers["qdrant"].guard():
        return index.search(
            query.project, query.store_id, dense=dense, sparse=query.sparse, filters=query.filters, limit=depth
        )


def _fuse(candidates: Candidates, current: Candidates, weights: FusionWeights) -> dict[PassageKey, float]:
    if len(candidates.dense) == 1:
        [model] = candidates.dense
        return fuse_hits(current.dense[model], current.lexical[model], weights)
    return fuse_hits_of_models(candidates.dense, candidates.lexical, current.dense, current.lexical, weights)


def _read_search_models(services: Services, caller: Caller, store_id: str) -> SearchModels:
    with services.database.reading() as session:
        store = require_active_store(rows.get(session, caller.project, store_id), store_id)
        return model_migration.search_models(session, store)


def _touch_store(services: Services, caller: Caller, store_id: str) -> SearchModels:
    """Return the models to search with, and record that the store was used."""
    with services.database.reading() as session:
        store = require_active_store(rows.get(session, caller.project, store_id), store_id)
        models = model_migration.search_models(session, store)
        idle_seconds = read_clock(session) - store.last_active_at
    if idle_seconds >= 1:  # the API shows whole seconds, so one write a second is enough
        with suppress(DependencyDown), services.database.transaction() as session:  # a search works without writing
            rows.touch(session, store_id)
    return models


def _read_live_files(
    services: Services, store_id: str, candidates: Candidates
) -> tuple[dict[int, LiveFile], int | None]:
    """Return the searchable files among the candidates by row, and the model epoch of the store at that moment."""
    file_rows = candidates.rows()
    with services.database.reading() as session:
        epoch = rows.model_epoch(session, store_id)
        return (member_rows.live_files(session, store_id, file_rows) if file_rows else {}), epoch


def _result(hit: Hit, file: LiveFile, score: float) -> SearchResult:
    content_hash = hashlib.sha256(hit.text.encode()).hexdigest()
    location = {**(hit.location or {}), "content_hash": content_hash, "generation": hit.generation}
    return SearchResult(file.file_id, file.filename, min(1.0, max(0.0, score)), file.attributes, hit.text, location)
