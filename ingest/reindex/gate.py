"""Gates of re-indexes: a store cuts over to its new index only if golden queries find as much there as before.

The process that would cut the store over evaluates the queries first, outside of transactions and without a lock. It
records how far it came, so that a maintenance run takes a bounded time and another process can continue after a kill.
A verdict counts for one batch and one epoch of the store: files that are re-indexed later lead to a new evaluation.
Decision: deploy/docs/decisions/0011-embedding-models-of-stores.md.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from ingest.caller import Caller
from ingest.db.models import ReindexGate, VectorStore
from ingest.db.queue import model_migration, reindex_gates
from ingest.errors import DependencyDown, IngestError, InvalidRequest
from ingest.observability import logs, metrics
from ingest.reindex import gate_verdict
from ingest.search import search
from ingest.search.evaluation.golden import GoldenQuery, parse_query
from ingest.search.evaluation.matching import FoundPassage, rank_expected
from ingest.search.evaluation.metrics import recall
from ingest.search.options import IndexName, SearchOptions
from ingest.search.passages import SearchResult
from ingest.services import Services
from ingest.steps.filters import parse_filter

MAX_QUERIES = 1_000
MAX_QUERIES_BYTES = 1_000_000
"""Limits of the golden queries of one gate: they are kept in the database."""

INDEXES: tuple[IndexName, ...] = ("current", "other")

SECONDS_PER_RUN = 10.0
"""How long one maintenance run evaluates the queries of one gate. The next run goes on."""

_log = logs.get(__name__)


@dataclass(frozen=True)
class GateRequest:
    """The golden queries of a gate, and by how much their mean recall may fall (0 to 1)."""

    queries: Sequence[GoldenQuery]
    tolerance: float = 0.0

    def rows(self) -> list[dict[str, Any]]:
        """Return the queries as the database keeps them. Raises InvalidRequest if they are too many or too long."""
        rows = [query.to_json() for query in self.queries]
        if not 1 <= len(rows) <= MAX_QUERIES:
            raise InvalidRequest(f"A gate has 1 to {MAX_QUERIES:,} golden queries.", param="gate")
        if len(json.dumps(rows)) > MAX_QUERIES_BYTES:
            message = f"The golden queries of a gate may have at most {MAX_QUERIES_BYTES:,} bytes as JSON."
            raise InvalidRequest(message, param="gate")
        return rows


@dataclass(frozen=True)
class _Evaluation:
    """What is left to evaluate: of this version of the gate, for this batch and this epoch of the store."""

    gate: ReindexGate
    project: str
    batch: int
    epoch: int
    queries: Sequence[GoldenQuery]
    recalls: list[list[float] | None]
    existing_files: set[str]

    def missing_files(self) -> list[str]:
        """Return the expected files that the store does not have."""
        return [name for name in _expected_files(self.queries) if name not in self.existing_files]


def set_gate(session: Session, store: VectorStore, model: str, request: GateRequest | None, *, force: bool) -> None:
    """Set the gate of a locked store's migration to a model, at the request that starts or continues it.

    Without a gate in the request, a migration that continues keeps its gate, which is evaluated anew; with `force` it is
    overridden. A migration that starts without a gate has none.
    """
    continues = store.standby_state == "staging"
    if request is not None:
        reindex_gates.replace(session, store, model, request.rows(), request.tolerance)
    elif not continues:
        reindex_gates.replace(session, store, model, None, 0.0)
    elif gate := reindex_gates.get(session, store.id, model):
        reindex_gates.reset(session, gate, "overridden" if force else "waiting")
        if force:
            _log.warning("store_gate_overridden", store=store.id, model=model)


def renew_gate(session: Session, store: VectorStore, model: str) -> None:
    """Evaluate the gate of a locked store anew, if it has one, because a retry continues or resumes its migration.

    An override stands as long as its migration continues.
    """
    gate = reindex_gates.get(session, store.id, model)
    if gate is not None and not (gate.state == "overridden" and store.standby_state == "staging"):
        reindex_gates.reset(session, gate, "waiting")


def remove_gate(session: Session, store: VectorStore, model: str) -> None:
    """Remove the gate of a locked store's migration to a model, if it has one."""
    reindex_gates.replace(session, store, model, None, 0.0)


def current_gate(session: Session, store: VectorStore) -> ReindexGate | None:
    """Return the gate of the migration that a store is in, or of the last one that cut over; None without a gate."""
    model = store.standby_model if store.standby_state == "staging" else store.model
    return None if model is None else reindex_gates.get(session, store.id, model)


def allows_cut_over(session: Session, store: VectorStore) -> bool:
    """Return whether a store that is ready may cut over: without a gate, after it passed, or overridden."""
    gate = _gate_of_staging(session, store)
    if gate is None or gate.state == "overridden":
        return True
    return gate.state == "passed" and _is_about(gate, _point(session, store))


def is_failed(session: Session, store: VectorStore) -> bool:
    """Return whether a gate holds a store back at its current index."""
    gate = _gate_of_staging(session, store)
    return gate is not None and gate.state == "failed"


def evaluate(services: Services, store_id: str) -> None:
    """Evaluate the next golden queries of a store that is ready, if its gate needs it; record them, or the verdict.

    An error delays the evaluation to the next maintenance run, with the reason in the gate. It never lets the store cut
    over.
    """
    with services.database.reading() as session:
        evaluation = _next_evaluation(session, store_id)
    if evaluation is None:
        return
    try:
        recalls = _evaluate_slice(services, store_id, evaluation)
    except IngestError as exc:
        _log.warning("store_gate_postponed", store=store_id, model=evaluation.gate.model, reason=str(exc))
        _delay(services, evaluation.gate, f"The golden queries cannot be evaluated at present: {exc}")
        return
    except Exception:  # noqa: BLE001 - logged with its traceback; one store's gate must not stop the others' migrations
        _log.exception("store_gate_crashed", store=store_id, model=evaluation.gate.model)
        _delay(services, evaluation.gate, "The evaluation of the golden queries crashed. The log has the cause.")
        return
    with services.database.transaction() as session:
        _record(session, store_id, evaluation, recalls)


def _gate_of_staging(session: Session, store: VectorStore) -> ReindexGate | None:
    if store.standby_state != "staging" or store.standby_model is None:
        return None
    return reindex_gates.get(session, store.id, store.standby_model)


def _point(session: Session, store: VectorStore) -> tuple[int, int]:
    """Return the latest batch of a store's migration, and its epoch."""
    batch = model_migration.latest_batch(session, store)
    return (0 if batch is None else batch.row), store.epoch


def _is_about(gate: ReindexGate, point: tuple[int, int]) -> bool:
    return (gate.batch, gate.epoch) == point


def _next_evaluation(session: Session, store_id: str) -> _Evaluation | None:
    """Return what the gate of a store must evaluate now; None if it has a verdict, or files are not ready."""
    store = model_migration.get_store(session, store_id)
    gate = None if store is None else _gate_of_staging(session, store)
    if store is None or gate is None or gate.state == "overridden":
        return None
    point = _point(session, store)
    if gate.state != "waiting" and _is_about(gate, point):
        return None
    if model_migration.has_open_migration(session, store) or not model_migration.is_ready(session, store):
        return None
    recalls = list(gate.recalls) if _is_about(gate, point) else []
    queries = [parse_query(row) for row in reindex_gates.read_queries(session, gate)]
    existing = reindex_gates.find_files(session, store_id, _expected_files(queries))
    return _Evaluation(gate, store.project, *point, queries, recalls, existing)


def _expected_files(queries: Sequence[GoldenQuery]) -> list[str]:
    """Return the names and ids of all files that the queries expect, each once, in their order."""
    names = (expected.file for query in queries for expected in query.expected)
    return list(dict.fromkeys(name for name in names if name is not None))


def _evaluate_slice(services: Services, store_id: str, evaluation: _Evaluation) -> list[list[float] | None]:
    """Return the recalls so far with those of the next queries: at least one, for `SECONDS_PER_RUN`."""
    recalls, deadline = list(evaluation.recalls), time.monotonic() + SECONDS_PER_RUN
    for query in evaluation.queries[len(recalls) :]:
        recalls.append(_recalls_of(services, store_id, evaluation, query))
        if time.monotonic() >= deadline or services.stopping.is_set():
            break
    return recalls


def _recalls_of(services: Services, store_id: str, evaluation: _Evaluation, query: GoldenQuery) -> list[float] | None:
    """Return the recall of a query with the current and the new index; None if the store has no file it expects."""
    expected = [each for each in query.expected if each.file is None or each.file in evaluation.existing_files]
    if not expected:
        return None
    reduced = replace(query, expected=tuple(expected))
    found = [_search(services, evaluation.project, store_id, reduced, index) for index in INDEXES]
    return [recall(rank_expected(reduced, each), gate_verdict.DEPTH) for each in found]


def _search(
    services: Services, project: str, store_id: str, query: GoldenQuery, index: IndexName
) -> list[FoundPassage]:
    """Search one of the two indexes, without a reranker: it would hide what changes, and cost more than the search."""
    options = SearchOptions(
        limit=gate_verdict.DEPTH,
        filters=None if query.filters is None else parse_filter(query.filters),
        ranker="none",
        max_per_file=1 if query.expects_files else None,
        index=index,
    )
    answer = search.search_store(services, Caller(project), store_id, [query.query], options)
    return [_to_found(result) for result in answer.results]


def _to_found(result: SearchResult) -> FoundPassage:
    pages = result.location.get("pages")
    return FoundPassage(result.file_id, result.filename, result.text, (pages[0], pages[1]) if pages else None)


def _record(session: Session, store_id: str, evaluation: _Evaluation, recalls: list[list[float] | None]) -> None:
    """Record the recalls, and the verdict if they are complete. They are discarded if anything changed meanwhile."""
    store = model_migration.lock_store(session, store_id)
    gate = None if store is None else _gate_of_staging(session, store)
    if store is None or gate is None or gate.version != evaluation.gate.version or gate.state == "overridden":
        return
    point = (evaluation.batch, evaluation.epoch)
    recorded = gate.recalls if _is_about(gate, point) else []
    if _point(session, store) != point or len(recorded) != len(evaluation.recalls):
        return  # files were re-indexed, or another process evaluated the same queries
    values: dict[str, Any] = {"batch": evaluation.batch, "epoch": evaluation.epoch, "recalls": recalls, "reason": None}
    if len(recalls) < len(evaluation.queries):
        reindex_gates.update_columns(session, gate, values | {"state": "waiting"})
        return
    texts = [query.query for query in evaluation.queries]
    verdict = gate_verdict.decide(texts, recalls, gate.tolerance, evaluation.missing_files())
    reindex_gates.record_verdict(session, gate, values, verdict.state, verdict.result, verdict.reason)
    _report(store_id, gate.model, verdict)


def _report(store_id: str, model: str, verdict: gate_verdict.Verdict) -> None:
    facts = {name: verdict.result[name] for name in ("current", "staged", "queries", "better", "worse")}
    metrics.gate_verdicts.labels(verdict.state).inc()
    if verdict.state == "passed":
        _log.info("store_gate_passed", store=store_id, model=model, **facts)
    else:
        _log.warning("store_gate_failed", store=store_id, model=model, reason=verdict.reason, **facts)


def _delay(services: Services, gate: ReindexGate, reason: str) -> None:
    metrics.gate_verdicts.labels("postponed").inc()
    if gate.reason == reason:
        return
    try:
        with services.database.transaction() as session:
            if model_migration.lock_store(session, gate.vector_store_id) is not None:
                reindex_gates.update_columns(session, gate, {"state": "waiting", "reason": reason})
    except DependencyDown:
        return  # the log has the reason
