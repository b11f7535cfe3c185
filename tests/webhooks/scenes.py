"""Helpers of webhook tests: subscribed endpoints, ended batches, ended import runs."""

import json
from typing import Any

from prometheus_client import REGISTRY
from sqlalchemy import select

from ingest import ids
from ingest.db.models import GateState, ImportResult, ImportSchedule, ReindexGate, WebhookDelivery
from ingest.db.queue.membership import Member
from ingest.db.schedules import import_schedules as schedule_rows
from ingest.imports import schedules
from ingest.stores import batches as file_batches
from ingest.stores import vector_stores
from ingest.webhooks import endpoints
from ingest.webhooks.delivery import DeliveryWorker
from ingest.webhooks.events import EVENT_TYPES
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import run_published_jobs, upload_text
from tests.receivers import Receiver

COMPLETED, CANCELLED, FAILED, EXPIRED, *IMPORT_RUN_TYPES = EVENT_TYPES[:7]
GATE_TYPES = EVENT_TYPES[7:]
GATE_FACTS = {"metric": "recall@10", "current": 1.0, "staged": 0.5, "queries": 2, "better": 0, "worse": 1}
DAY = 86_400.0


def subscribe(services: FakeServices, url: str, *event_types: Any) -> tuple[str, str]:
    """Create an endpoint and return its id and its secret."""
    created = endpoints.create(services, CALLER, name="", url=url, event_types=event_types or EVENT_TYPES, paused=False)
    return created.id, created.new_secret or ""


def create_ended_batch(services: FakeServices) -> tuple[str, str]:
    """Create a completed batch and return its id and the id of its store."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=1).id
    batch = file_batches.create(services, CALLER, store, [Member(upload_text(services, "a heron"), {}, 800, 400)])
    run_published_jobs(services)
    return batch.id, store


def create_ended_import(services: FakeServices, result: ImportResult = "completed", **outcome: Any) -> ImportSchedule:
    """Create an import schedule whose run has ended. No other schedule may wait for a run."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    options: dict[str, Any] = {
        "sources": ["https://docs.example/a.txt"], "manifests": [], "include": [], "exclude": [], "attributes": {},
        "attributes_from_path": [], "delete_missing": False, "retry_failed": False,
    }  # fmt: skip
    created = schedules.create(services, CALLER, store, cron="0 3 * * *", timezone="UTC", paused=False, options=options)
    run_import(services, created, result, **outcome)
    return schedules.retrieve(services, CALLER, store, created.id)


def create_decided_gate(services: FakeServices, state: GateState) -> str:
    """Create a store whose gate has this verdict, which was not announced, and return its id."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    gate = ReindexGate(
        vector_store_id=store, model="m", created_at=1, tolerance=0.0, queries=[], query_count=2, state=state,
        result={**GATE_FACTS, "worse_queries": [{"query": "secret"}]}, announced=False,
    )  # fmt: skip
    with services.database.transaction() as session:
        session.add(gate)
    return store


def run_import(
    services: FakeServices, schedule: ImportSchedule, result: ImportResult = "completed", **outcome: Any
) -> None:
    """Run an import schedule to its end."""
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    with services.database.transaction() as session:
        run = schedule_rows.claim_run(session, "test/1", ids.new("imp_"), 30.0)
        assert run is not None
        assert run.id == schedule.id
        schedule_rows.add_counts(session, run.row, run.fence, uploaded=3, removed=1)
        assert schedule_rows.end_run(session, run.row, run.fence, result, **outcome)


def deliver(worker: DeliveryWorker) -> None:
    """Deliver what is due and wait for the end."""
    worker.deliver_due()
    worker.wait_until_idle()


def waiting_deliveries(services: FakeServices) -> list[WebhookDelivery]:
    with services.database.reading() as session:
        return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.row)))


def import_run_count(result: str) -> float:
    """Return how many import runs the metrics have counted with a result."""
    return REGISTRY.get_sample_value("ingest_import_runs_total", {"result": result}) or 0.0


def delivery_count(outcome: str) -> float:
    """Return how many delivery attempts the metrics have counted with an outcome."""
    return REGISTRY.get_sample_value("ingest_webhook_deliveries_total", {"outcome": outcome}) or 0.0


def received_events(receiver: Receiver) -> list[tuple[str, str]]:
    """Return the type and the object id of each received event."""
    bodies = [json.loads(body) for _, body in receiver.received]
    return [(body["type"], body["data"]["id"]) for body in bodies]
