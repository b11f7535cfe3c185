"""Search: meaning and words together, joined with what the database says can be found (contract section 7)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from ingest.caller import Caller
from ingest.db.content import stores as rows
from ingest.db.content.stores import Live
from ingest.db.queue import model_migration
from ingest.db.queue.model_migration import Stand
from ingest.db.session import read_clock
from ingest.errors import DependencyDown
from ingest.services import Services
from ingest.steps import bm25
from ingest.steps import filters as filtering
from ingest.steps.embed import Vectors
from ingest.steps.filters import Filter
from ingest.steps.index import Hit, SparseVector
from ingest.stores.vector_stores import require_active_store

DEPTH = 100
"""Hits of each kind that are fused (DESIGN section 4.6); more when too many of them turn out not to be current."""

DEEPEST = 3_200

OVERTAKEN = 2
"""Times that a search is made again because files were replaced meanwhile; old points may also just not be purged yet."""

K = TypeVar("K")


@dataclass(frozen=True)
class FusionWeights:
    """How much meaning (embedding) and words (text) count; they are scaled to add up to 1."""

    embedding: float = 0.5
    text: float = 0.5


@dataclass(frozen=True)
class Found:
    """A passage: the file's id is that of the uploaded file, the score lies within 0..1."""

    file_id: str
    filename: str
    score: float
    attributes: dict[str, Any]
    text: str


def search(
    services: Services,
    caller: Caller,
    store_id: str,
    queries: Sequence[str],
    *,
    limit: int,
    filters: Filter | None = None,
    weights: FusionWeights = FusionWeights(),
    score_threshold: float = 0.0,
) -> list[Found]:
    """The best passages for any of the queries, best first. Raises NotFound; InvalidRequest for an expired store;
    ModelMissing when the store's embedding model is not configured."""
    stand = _use(services, caller, store_id)
    best: dict[tuple[int, int], Found] = {}
    for query in dict.fromkeys(queries):
        for passage, found in _search_one(services, caller, store_id, stand, query, limit, filters, weights).items():
            if passage not in best or best[passage].score < found.score:
                best[passage] = found
    ranked = sorted(best.values(), key=lambda found: -found.score)
    return [found for found in ranked if found.score >= score_threshold][:limit]


def rewrite_queries(services: Services, caller: Caller, store_id: str, queries: Sequence[str]) -> list[str]:
    """The queries for a store as the chat model puts them, or as they are. Raises as `search` does."""
    with services.database.reading() as session:
        require_active_store(rows.get(session, caller.project, store_id), store_id)
    return services.rewriter.rewrite(queries)


def _search_one(
    services: Services,
    caller: Caller,
    store_id: str,
    stand: Stand,
    query: str,
    limit: int,
    filters: Filter | None,
    weights: FusionWeights,
) -> dict[tuple[int, int], Found]:
    indices, values = bm25.query_weights(query) if weights.text > 0 else ([], [])
    terms = SparseVector(indices, values) if indices else None
    wish = _Wish(caller.project, store_id, query, terms, filters, weights.embedding > 0)
    depth, again = max(DEPTH, limit), OVERTAKEN
    embedded: dict[str, Vectors] = {}
    while True:
        lists = {model: _lists(services, model, wish, depth, embedded) for model in stand.models}
        met = [(model, hit) for model, both in lists.items() for hits in both for hit in hits]
        live, epoch = _live(services, store_id, [hit for _, hit in met])
        if again and (epoch != stand.epoch or _overtaken(live, met)):
            again -= 1
            stand = _stand(services, caller, store_id)
            continue
        shown = _shown(live, met) if stand.mixed else {}
        near, worded = (
            {model: _current(model, both[which], live, shown, filters) for model, both in lists.items()}
            for which in (0, 1)
        )
        passages = {_key(hit): hit for part in (near, worded) for hits in part.values() for hit in hits}
        if (
            len(passages) >= limit
            or depth >= DEEPEST
            or all(len(hits) < depth for both in lists.values() for hits in both)
        ):
            break
        depth *= 4
    if len(lists) == 1:
        [model] = lists
        scores = fuse(_scores(near[model]), _scores(worded[model]), weights)
    else:
        meant = _scaled_among({model: both[0] for model, both in lists.items()}, near)
        said = _scaled_among({model: both[1] for model, both in lists.items()}, worded)
        scores = _weighed(meant, said, weights)
    return {key: _found(hit, live[hit.row], scores[key]) for key, hit in passages.items()}


@dataclass(frozen=True)
class _Wish:
    """What is searched for."""

    project: str
    store_id: str
    query: str
    terms: SparseVector | None
    filters: Filter | None
    by_meaning: bool


def _lists(
    services: Services, model: str, wish: _Wish, depth: int, embedded: dict[str, Vectors]
) -> tuple[list[Hit], list[Hit]]:
    """What a model's points have, by meaning and by words; `embedded` has the query's vectors so far."""
    if wish.by_meaning and model not in embedded:
        embedder = services.embedder_of(model)
        with services.breaker_of(model).guard():
            embedded[model] = embedder.embed_query(wish.query)
    index = services.index_of(model)
    dense = embedded[model] if wish.by_meaning else None
    with services.breakers["qdrant"].guard():
        return index.search(
            wish.project, wish.store_id, dense=dense, terms=wish.terms, filters=wish.filters, limit=depth
        )


def fuse(
    near: Mapping[tuple[int, int], float], worded: Mapping[tuple[int, int], float], weights: FusionWeights
) -> dict[tuple[int, int], float]:
    """One score within 0..1 for each passage: both lists scaled to 0..1 by their least and greatest score, weighted.

    A passage that only one list has gets nothing from the other. Measured level with or better than reciprocal ranks
    on four collections, and the weights mean what the API says of them.
    """
    return _weighed(_scaled(near), _scaled(worded), weights)


def _weighed(
    near: Mapping[tuple[int, int], float], worded: Mapping[tuple[int, int], float], weights: FusionWeights
) -> dict[tuple[int, int], float]:
    total = weights.embedding + weights.text
    parts = ((near, weights.embedding / total), (worded, weights.text / total))
    return {key: sum(part.get(key, 0.0) * share for part, share in parts) for key in {**near, **worded}}


def _scaled(scores: Mapping[K, float]) -> dict[K, float]:
    if not scores:
        return {}
    least, greatest = min(scores.values()), max(scores.values())
    if greatest == least:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - least) / (greatest - least) for key, score in scores.items()}


def _scaled_among(
    met: Mapping[str, Sequence[Hit]], current: Mapping[str, Sequence[Hit]]
) -> dict[tuple[int, int], float]:
    """The scores of what is current, of several models. These mean nothing to each other, so each list is scaled by all
    that it met: points that are not shown any more are of the same files."""
    scaled = {model: _scaled({hit: hit.score for hit in hits}) for model, hits in met.items()}
    return {_key(hit): scaled[model][hit] for model, hits in current.items() for hit in hits}


def _scores(hits: Sequence[Hit]) -> dict[tuple[int, int], float]:
    return {_key(hit): hit.score for hit in hits}


def _key(hit: Hit) -> tuple[int, int]:
    return hit.row, hit.number


def _stand(services: Services, caller: Caller, store_id: str) -> Stand:
    with services.database.reading() as session:
        return model_migration.stand(session, require_active_store(rows.get(session, caller.project, store_id), store_id))


def _use(services: Services, caller: Caller, store_id: str) -> Stand:
    """The models that the store is searched with; that it is used is written down."""
    with services.database.reading() as session:
        store = require_active_store(rows.get(session, caller.project, store_id), store_id)
        stand = model_migration.stand(session, store)
        idle = read_clock(session) - store.last_active_at
    if idle >= 1:  # the time is shown in whole seconds: one write a second is enough
        with suppress(DependencyDown), services.database.transaction() as session:  # a search must not need to write
            rows.touch(session, store_id)
    return stand


def _live(services: Services, store_id: str, hits: Sequence[Hit]) -> tuple[dict[int, Live], int | None]:
    """What can be found of what was met, and the store's epoch by which that is so."""
    with services.database.reading() as session:
        epoch = rows.epoch(session, store_id)
        return (rows.live(session, store_id, sorted({hit.row for hit in hits})) if hits else {}), epoch


def _overtaken(live: Mapping[int, Live], met: Sequence[tuple[str, Hit]]) -> bool:
    """Whether a file seems to have been replaced after the points were read, so that neither version would be found."""
    here = [hit for model, hit in met if hit.row in live and model == live[hit.row].model]
    current = {hit.row for hit in here if hit.generation == live[hit.row].generation}
    older = {hit.row for hit in here if hit.generation < live[hit.row].generation}
    return not older <= current


def _shown(live: Mapping[int, Live], met: Sequence[tuple[str, Hit]]) -> dict[int, int]:
    """The generations to show of files of which only points of the other model were met: they may have gone over after
    their new points were looked for. Never those of both."""
    current = {hit.row for model, hit in met if hit.row in live and _is_live(model, hit, live[hit.row])}
    return {row: file.aside for row, file in live.items() if row not in current and file.aside is not None}


def _is_live(model: str, hit: Hit, file: Live) -> bool:
    return file.model == model and file.generation == hit.generation


def _current(
    model: str, hits: Sequence[Hit], live: Mapping[int, Live], shown: Mapping[int, int], filters: Filter | None
) -> list[Hit]:
    """Those of which the database still says what the point says: neither deleted nor replaced, with these attributes."""
    return [
        hit
        for hit in hits
        if (file := live.get(hit.row)) is not None
        and (_is_live(model, hit, file) or shown.get(hit.row) == hit.generation)
        and (filters is None or filtering.matches(filters, file.attributes, file.filename))
    ]


def _found(hit: Hit, file: Live, score: float) -> Found:
    return Found(file.file_id, file.filename, min(1.0, max(0.0, score)), file.attributes, hit.text)
