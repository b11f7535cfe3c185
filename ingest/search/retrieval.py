"""Retrieval: from the text of a query to candidates that the database confirms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from ingest.caller import Caller
from ingest.db.content import members as member_rows
from ingest.db.content import stores as rows
from ingest.db.content.members import LiveFile
from ingest.db.models import VectorStore
from ingest.db.queue import model_migration
from ingest.db.queue.model_migration import SearchModels
from ingest.errors import InvalidRequest
from ingest.search.candidates import Candidate, Candidates, LeastScores, PassageKey
from ingest.search.options import MAX_DEPTH, IndexName, SearchOptions
from ingest.services import Services
from ingest.steps import bm25
from ingest.steps.embed import MAX_PARTS
from ingest.steps.index import Hit
from ingest.steps.vectors import SparseVector, Vectors
from ingest.stores.vector_stores import require_active_store

FIRST_DEPTH = 100
"""How many hits of each list are fused. A search goes deeper when too few of them are current."""

MAX_SEARCH_DEPTH = 6_400
"""Hits of each list for all queries of a search together. Reading as many takes 1 s of a core."""

MAX_REPEATS = 2
"""How often a search is repeated because a file was replaced meanwhile. The cause may also be points that await their
purge, which a repetition does not change."""

CandidatesByKey = Mapping[PassageKey, Candidate]


@dataclass(frozen=True)
class StoreState:
    """What a search must know of its store. `languages` are those of its texts, as a set of bits."""

    project: str
    store_id: str
    models: SearchModels
    chunks: int
    languages: int


@dataclass
class Query:
    """One query, its terms, and its vectors by model, each made when first needed.

    `languages` are those of the store. `sparse` is None if the lexical list has no weight. `primary_weight` is the sum of
    the weights of the query's words, without those of their further forms. `words` are the terms by their ids.
    `max_parts` bounds the parts of the text that are embedded.
    """

    text: str
    languages: tuple[str, ...]
    sparse: SparseVector | None
    primary_weight: float
    words: Mapping[int, str] = field(default_factory=dict)
    vectors: dict[str, Vectors] = field(default_factory=dict)
    max_parts: int = MAX_PARTS


@dataclass(frozen=True)
class Retrieved:
    """The confirmed candidates of one query and the files they belong to, by row number.

    `store` is the state that the candidates are of: the store may have changed its models during the search.
    """

    store: StoreState
    candidates: CandidatesByKey
    files: Mapping[int, LiveFile]
    least_scores: LeastScores


def read_store_state(
    session: Session, project: str, store_id: str, index: IndexName = "current"
) -> tuple[VectorStore, StoreState]:
    """Return an active store and what a search must know of it.

    Raises NotFound, and InvalidRequest if the store expired or does not have the index.
    """
    store = require_active_store(rows.get(session, project, store_id), store_id)
    models = model_migration.search_models(session, store)
    if index == "other":
        if store.standby_model is None or store.standby_state not in ("staging", "kept"):
            raise InvalidRequest("The store has no other index that can be searched.", param="index")
        models = SearchModels((store.standby_model,), False, store.epoch)
    return store, StoreState(project, store_id, models, store.chunks, store.languages)


def make_query(store: StoreState, text: str, options: SearchOptions) -> Query:
    """Return a query of a store, without its vectors."""
    languages = bm25.languages_of_bits(store.languages)
    if options.weights.text <= 0:
        return Query(text, languages, None, 0.0, max_parts=options.query_parts)
    terms = bm25.query_terms(text, languages)
    return Query(text, languages, terms.vector, terms.primary_weight, terms.words, max_parts=options.query_parts)


def retrieve(
    services: Services,
    caller: Caller,
    store: StoreState,
    query: Query,
    options: SearchOptions,
    is_enough: Callable[[CandidatesByKey], bool],
) -> Retrieved:
    """Return the candidates of a query: as many as `is_enough` wants, if the store has them within the depth."""
    depth, repeats = max(FIRST_DEPTH, options.limit), MAX_REPEATS
    while True:
        found = _find_candidates(services, store, query, options, depth, options.file_rows)
        live_files, epoch = _read_live_files(services, store.store_id, found, options.index)
        if repeats and (epoch != store.models.epoch or found.miss_a_replaced_file(live_files)):
            repeats -= 1
            with services.database.reading() as session:
                _, store = read_store_state(session, caller.project, store.store_id, options.index)
            continue
        current = found.current(live_files, options.filters, include_standby=store.models.is_mixed)
        passages = current.passages()
        if found.are_exhausted(depth) or depth >= options.max_depth or is_enough(passages):
            return Retrieved(store, passages, live_files, found.least_scores(depth))
        depth = min(4 * depth, options.max_depth)


def retrieve_file(services: Services, store: StoreState, query: Query, options: SearchOptions, row: int) -> Retrieved:
    """Return the candidates of one file, by its row number, wherever they rank in the store."""
    found = _find_candidates(services, store, query, options, FIRST_DEPTH, [row])
    live_files, _ = _read_live_files(services, store.store_id, found, options.index)
    current = found.current(live_files, options.filters, include_standby=store.models.is_mixed)
    return Retrieved(store, current.passages(), live_files, found.least_scores(FIRST_DEPTH))


def depth_of_each(queries: int) -> int:
    """Return how deep a search goes for each of its queries."""
    return min(MAX_DEPTH, max(4 * FIRST_DEPTH, MAX_SEARCH_DEPTH // max(1, queries)))


def query_vector(services: Services, query: Query, model: str) -> Vectors:
    """Return the query's vector of a model, made at its first use."""
    if model not in query.vectors:
        embedder = services.embedder_of(model)
        with services.breaker_of(model).guard():
            query.vectors[model] = embedder.embed_query(query.text, query.max_parts)
    return query.vectors[model]


def _find_candidates(
    services: Services,
    store: StoreState,
    query: Query,
    options: SearchOptions,
    depth: int,
    file_rows: Sequence[int] | None = None,
) -> Candidates:
    """Search the points of every model, of all files or of these rows."""
    hits = {
        model: _search_index(services, model, store, query, options, depth, file_rows) for model in store.models.models
    }
    return Candidates(
        dense={model: dense for model, (dense, _) in hits.items()},
        lexical={model: lexical for model, (_, lexical) in hits.items()},
    )


def _search_index(
    services: Services,
    model: str,
    store: StoreState,
    query: Query,
    options: SearchOptions,
    depth: int,
    file_rows: Sequence[int] | None,
) -> tuple[list[Hit], list[Hit]]:
    """Return the dense and the lexical hits among the points of one model."""
    dense = query_vector(services, query, model) if options.weights.embedding > 0 else None
    index = services.index_of(model)
    with services.breakers["qdrant"].guard():
        return index.search(
            store.project,
            store.store_id,
            dense=dense,
            sparse=query.sparse,
            filters=options.filters,
            limit=depth,
            rows=file_rows,
        )


def _read_live_files(
    services: Services, store_id: str, candidates: Candidates, index: IndexName
) -> tuple[dict[int, LiveFile], int | None]:
    """Return the searchable files among the candidates by row, and the model epoch of the store at that moment.

    For the other index, the standby generation of a file takes the place of its live one.
    """
    file_rows = candidates.rows()
    with services.database.reading() as session:
        epoch = rows.model_epoch(session, store_id)
        files = member_rows.live_files(session, store_id, file_rows) if file_rows else {}
    if index == "other":
        standby = ((row, file.as_standby()) for row, file in files.items())
        files = {row: file for row, file in standby if file is not None}
    return files, epoch
