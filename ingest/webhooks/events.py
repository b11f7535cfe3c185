"""Webhook events: their types, their bodies, and the queueing of one delivery per subscribed endpoint.

Decision: deploy/docs/decisions/0010-webhooks.md.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, get_args

from sqlalchemy.orm import Session

from ingest import ids
from ingest.db import locks
from ingest.db import webhooks as rows
from ingest.db.models import FileBatch, ImportResult, ReindexGate, WebhookDelivery
from ingest.db.session import read_clock
from ingest.db.webhooks import EndedRun, Ending
from ingest.observability import logs, metrics
from ingest.services import Services
from ingest.status import FILE_STATUSES, batch_status, file_counts

EventType = Literal[
    "vector_store.file_batch.completed",
    "vector_store.file_batch.cancelled",
    "vector_store.file_batch.failed",
    "vector_store.expired",
    "vector_store.import_run.completed",
    "vector_store.import_run.incomplete",
    "vector_store.import_run.failed",
    "vector_store.reindex_gate.passed",
    "vector_store.reindex_gate.failed",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

EVENTS_PER_TRANSACTION = 500
"""How many ended batches, ended import runs, verdicts of gates and expired stores, each, one transaction handles."""

BATCH_COUNTS = (*FILE_STATUSES, "total")
GATE_FACTS = ("metric", "current", "staged", "queries", "better", "worse")
IMPORT_COUNTS = ("uploaded", "removed", *FILE_STATUSES, "not_uploaded", "total")

_BATCH_EVENT_TYPES: dict[str, EventType] = {
    "completed": "vector_store.file_batch.completed",
    "cancelled": "vector_store.file_batch.cancelled",
    "failed": "vector_store.file_batch.failed",
}
_IMPORT_RUN_EVENT_TYPES: dict[ImportResult, EventType] = {
    "completed": "vector_store.import_run.completed",
    "incomplete": "vector_store.import_run.incomplete",
    "failed": "vector_store.import_run.failed",
}

_log = logs.get(__name__)


def enqueue_events(services: Services) -> None:
    """Queue an event for each subscribed endpoint of what has ended, exactly once.

    Maintenance calls it. It also counts ended import runs in the metrics and deletes replaced secrets that are no longer
    valid.
    """
    with services.database.transaction() as session:
        rows.delete_old_secrets(session)
    count = EVENTS_PER_TRANSACTION
    while count >= EVENTS_PER_TRANSACTION:
        with services.database.transaction() as session:
            endings = _enqueue_page(session) if locks.try_advisory_lock(session, locks.WEBHOOK_EVENTS) else []
        for ending in endings:
            if isinstance(ending.subject, EndedRun):
                metrics.import_runs.labels(ending.subject.result).inc()
        count = max(Counter(type(ending.subject) for ending in endings).values(), default=0)


def build_event(session: Session, event_type: EventType, data: dict[str, Any]) -> tuple[str, str]:
    """Return the id and the JSON body of a new event."""
    event_id = ids.new("evt_")
    created_at = int(read_clock(session))
    event = {"id": event_id, "object": "event", "created_at": created_at, "type": event_type, "data": data}
    return event_id, json.dumps(event, separators=(",", ":"))


def sample_data(event_type: EventType) -> dict[str, Any]:
    """Return the data of a made-up event, to test an endpoint with."""
    if event_type == "vector_store.expired":
        return {"id": "vs_test", "test": True}
    if event_type.startswith("vector_store.import_run."):
        about = {"id": "imp_test", "vector_store_id": "vs_test", "import_schedule_id": "isch_test"}
        times = {"began_at": 0, "ended_at": 0}
        return about | times | {"file_counts": dict.fromkeys(IMPORT_COUNTS, 0), "warnings": 0, "test": True}
    if event_type.startswith("vector_store.reindex_gate."):
        facts = dict.fromkeys(GATE_FACTS, 0) | {"metric": "recall@10"}
        return {"vector_store_id": "vs_test", "model": "test", **facts, "test": True}
    counts = dict.fromkeys(BATCH_COUNTS, 0)
    return {"id": "vsfb_test", "vector_store_id": "vs_test", "file_counts": counts, "warnings": 0, "test": True}


def _enqueue_page(session: Session) -> list[Ending]:
    """Queue events for up to `EVENTS_PER_TRANSACTION` of each kind, and return them."""
    endings = rows.take_unannounced(session, EVENTS_PER_TRANSACTION)
    endpoints = rows.list_active_endpoints(session, {ending.project for ending in endings})
    ended_batches = [ending.subject.row for ending in endings if isinstance(ending.subject, FileBatch)]
    warnings = rows.count_files_with_warnings(session, ended_batches) if ended_batches and endpoints else {}
    at = read_clock(session)
    for ending in endings:
        event_type, object_id, data = _describe(ending, warnings)
        subscribed = [each for each in endpoints.get(ending.project, []) if event_type in each.event_types]
        if not subscribed:
            continue
        event_id, body = build_event(session, event_type, data)
        session.add_all(
            WebhookDelivery(
                endpoint=endpoint.row, event_id=event_id, type=event_type, object_id=object_id,
                body=body, created_at=at, next_try=at,
            )
            for endpoint in subscribed
        )  # fmt: skip
        _log.info("webhook_queued", type=event_type, object=object_id, endpoints=len(subscribed))
    return endings


def _describe(ending: Ending, warnings: Mapping[int, int]) -> tuple[EventType, str, dict[str, Any]]:
    """Return the type, the object id and the data of the event about an ending.

    `warnings` has the number of files with warnings of each batch, by its row.
    """
    match ending.subject:
        case None:
            return "vector_store.expired", ending.store_id, {"id": ending.store_id}
        case EndedRun() as run:
            return _IMPORT_RUN_EVENT_TYPES[run.result], run.run_id, _import_run_data(run, ending.store_id)
        case ReindexGate() as gate:
            return _gate_event_type(gate), ending.store_id, _gate_data(gate)
        case batch:
            return (
                _BATCH_EVENT_TYPES[batch_status(batch)],
                batch.id,
                _batch_data(batch, ending.store_id, warnings.get(batch.row, 0)),
            )


def _batch_data(batch: FileBatch, store_id: str, warnings: int) -> dict[str, Any]:
    return {"id": batch.id, "vector_store_id": store_id, "file_counts": file_counts(batch), "warnings": warnings}


def _gate_event_type(gate: ReindexGate) -> EventType:
    return "vector_store.reindex_gate.passed" if gate.state == "passed" else "vector_store.reindex_gate.failed"


def _gate_data(gate: ReindexGate) -> dict[str, Any]:
    # No queries: they may be confidential, and readers of the store see them in its gate.
    result = gate.result or {}
    return {
        "vector_store_id": gate.vector_store_id,
        "model": gate.model,
        **{name: result.get(name) for name in GATE_FACTS},
    }


def _import_run_data(run: EndedRun, store_id: str) -> dict[str, Any]:
    # No error and no reasons: they contain paths, which only readers of the schedule may see.
    return {
        "id": run.run_id,
        "vector_store_id": store_id,
        "import_schedule_id": run.schedule_id,
        "began_at": run.began_at,
        "ended_at": run.ended_at,
        "file_counts": {name: run.counts.get(name, 0) for name in IMPORT_COUNTS},
        "warnings": run.counts.get("warnings", 0),
    }
