"""Search: meaning and words together, joined with what the database says can be found (contract section 7)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ingest.callers import Caller
from ingest.db import stores as rows
from ingest.db.session import read_clock
from ingest.db.stores import Live
from ingest.errors import DependencyDown
from ingest.steps import filters as filtering
from ingest.steps import terms as bm25
from ingest.steps.embed import Vectors
from ingest.steps.filters import Filter
from ingest.steps.index import Hit, Terms
from ingest.tools import Tools
from ingest.vector_stores import usable

DEPTH = 100
"""Hits of each kind that are fused (DESIGN section 4.6); more when too many of them turn out not to be current."""

DEEPEST = 3_200


OVERTAKEN = 2
"""Times that a search is made again because files were replaced meanwhile; old points may also just not be purged yet."""


@dataclass(frozen=True)
class Weights:
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
    tools: Tools,
    caller: Caller,
    store_id: str,
    queries: Sequence[str],
    *,
    limit: int,
    filters: Filter | None = None,
    weights: Weights = Weights(),
    score_threshold: float = 0.0,
) -> list[Found]:
    """The best passages for any of the queries, best first. Raises NotFound; InvalidRequest for an expired store."""
    _use(tools, caller, store_id)
    best: dict[tuple[int, int], Found] = {}
    for query in dict.fromkeys(queries):
        for passage, found in _search_one(tools, caller, store_id, query, limit, filters, weights).items():
            if passage not in best or best[passage].score < found.score:
                best[passage] = found
    ranked = sorted(best.values(), key=lambda found: -found.score)
    return [found for found in ranked if found.score >= score_threshold][:limit]


def rewritten(tools: Tools, caller: Caller, store_id: str, queries: Sequence[str]) -> list[str]:
    """The queries for a store as the chat model puts them, or as they are. Raises as `search` does."""
    with tools.database.reading() as session:
        usable(rows.get(session, caller.project, store_id), store_id)
    return tools.rewriter.rewrite(queries)


def _search_one(
    tools: Tools, caller: Caller, store_id: str, query: str, limit: int, filters: Filter | None, weights: Weights
) -> dict[tuple[int, int], Found]:
    dense = _embedded(tools, query) if weights.embedding > 0 else None
    indices, values = bm25.query_weights(query) if weights.text > 0 else ([], [])
    terms = Terms(indices, values) if indices else None
    depth, again = max(DEPTH, limit), OVERTAKEN
    while True:
        with tools.breakers["qdrant"].guard():
            lists = tools.index.search(caller.project, store_id, dense=dense, terms=terms, filters=filters, limit=depth)
        live = _live(tools, store_id, [hit for hits in lists for hit in hits])
        if again and _overtaken(live, [hit for hits in lists for hit in hits]):
            again -= 1
            continue
        near, worded = ([hit for hit in hits if _is_current(hit, live, filters)] for hits in lists)
        passages = {(hit.row, hit.number): hit for hit in [*near, *worded]}
        if len(passages) >= limit or depth >= DEEPEST or all(len(hits) < depth for hits in lists):
            break
        depth *= 4
    scores = fuse(_scores(near), _scores(worded), weights)
    return {key: _found(hit, live[hit.row], scores[key]) for key, hit in passages.items()}


def _embedded(tools: Tools, query: str) -> Vectors:
    with tools.breakers["embedder"].guard():
        return tools.embedder.embed_query(query)


def fuse(
    near: Mapping[tuple[int, int], float], worded: Mapping[tuple[int, int], float], weights: Weights
) -> dict[tuple[int, int], float]:
    """One score within 0..1 for each passage: both lists scaled to 0..1 by their least and greatest score, weighted.

    A passage that only one list has gets nothing from the other. Measured level with or better than reciprocal ranks
    on four collections, and the weights mean what the API says of them.
    """
    total = weights.embedding + weights.text
    parts = ((_scaled(near), weights.embedding / total), (_scaled(worded), weights.text / total))
    return {key: sum(part.get(key, 0.0) * share for part, share in parts) for key in {**near, **worded}}


def _scaled(scores: Mapping[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    if not scores:
        return {}
    least, greatest = min(scores.values()), max(scores.values())
    if greatest == least:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - least) / (greatest - least) for key, score in scores.items()}


def _scores(hits: Sequence[Hit]) -> dict[tuple[int, int], float]:
    return {(hit.row, hit.number): hit.score for hit in hits}


def _use(tools: Tools, caller: Caller, store_id: str) -> None:
    with tools.database.reading() as session:
        store = usable(rows.get(session, caller.project, store_id), store_id)
        idle = read_clock(session) - store.last_active_at
    if idle >= 1:  # the time is shown in whole seconds: one write a second is enough
        with suppress(DependencyDown), tools.database.transaction() as session:  # a search must not need to write
            rows.touch(session, store_id)


def _live(tools: Tools, store_id: str, hits: Sequence[Hit]) -> dict[int, Live]:
    if not hits:
        return {}
    with tools.database.reading() as session:
        return rows.live(session, store_id, sorted({hit.row for hit in hits}))


def _overtaken(live: Mapping[int, Live], hits: Sequence[Hit]) -> bool:
    """Whether a file seems to have been replaced after the points were read, so that neither version would be found."""
    current = {hit.row for hit in hits if hit.row in live and hit.generation == live[hit.row].generation}
    older = {hit.row for hit in hits if hit.row in live and hit.generation < live[hit.row].generation}
    return not older <= current


def _is_current(hit: Hit, live: Mapping[int, Live], filters: Filter | None) -> bool:
    """Whether the database still says what the point says: neither deleted nor replaced, with these attributes."""
    file = live.get(hit.row)
    if file is None or file.generation != hit.generation:
        return False
    return filters is None or filtering.matches(filters, file.attributes, file.filename)


def _found(hit: Hit, file: Live, score: float) -> Found:
    return Found(file.file_id, file.filename, min(1.0, max(0.0, score)), file.attributes, hit.text)
