"""Webhook events: each is queued exactly once, for the endpoints that subscribed to it."""

import json
import threading
from typing import Any, get_args

import openai
import pytest
from sqlalchemy import update

from ingest import ids
from ingest.config import Settings
from ingest.db.models import GateState, ImportResult, ImportSchedule
from ingest.db.queue.membership import Member
from ingest.db.schedules import import_schedules as schedule_rows
from ingest.db.session import Database
from ingest.imports import schedules
from ingest.jobs.maintenance import run_maintenance
from ingest.steps.parse.report import ReportBuilder
from ingest.stores import batches as file_batches
from ingest.stores import vector_stores
from ingest.webhooks import delivery, endpoints, events
from ingest.webhooks.delivery import DeliveryWorker
from ingest.webhooks.events import EVENT_TYPES
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import upload_text
from tests.receivers import Receiver
from tests.webhooks.scenes import (
    CANCELLED,
    DAY,
    EXPIRED,
    FAILED,
    GATE_FACTS,
    GATE_TYPES,
    IMPORT_RUN_TYPES,
    create_decided_gate,
    create_ended_batch,
    create_ended_import,
    deliver,
    import_run_count,
    received_events,
    run_import,
    subscribe,
    waiting_deliveries,
)


def test_neither_a_batch_in_progress_nor_one_without_endpoints_makes_an_event(
    services: FakeServices, receiver: Receiver
) -> None:
    create_ended_batch(services)
    run_maintenance(services)
    subscribe(services, receiver.url)  # after that batch had ended
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    file_batches.create(services, CALLER, store, [Member(upload_text(services, "a heron"), {}, 800, 400)])

    run_maintenance(services)

    assert waiting_deliveries(services) == []


def test_a_cancelled_batch_an_expired_store_and_its_failed_batch_each_make_an_event(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker, clock: Clock
) -> None:
    subscribe(services, receiver.url)
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=1).id
    cancelled, cut_short = (
        file_batches.create(services, CALLER, store, [Member(upload_text(services, "a heron"), {}, 800, 400)]).id
        for _ in range(2)
    )
    file_batches.cancel(services, CALLER, store, cancelled)
    clock.advance(DAY)

    run_maintenance(services)
    run_maintenance(services)
    deliver(worker)

    assert sorted(received_events(receiver)) == sorted([(CANCELLED, cancelled), (FAILED, cut_short), (EXPIRED, store)])


def test_the_event_of_a_batch_counts_its_files_with_warnings(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker
) -> None:
    subscribe(services, receiver.url)
    warned, clean = ReportBuilder(), ReportBuilder()
    warned.warn("page_not_read", "The page is a picture.")
    warned.warn("page_not_read", "The page is a picture.")
    batches = []
    for builder in (warned, clean):
        services.parser.report = builder.build()
        batches.append(create_ended_batch(services)[0])

    run_maintenance(services)
    deliver(worker)

    data = [json.loads(body)["data"] for _, body in receiver.received]
    assert {each["id"]: each["warnings"] for each in data} == dict(zip(batches, (1, 0), strict=True))


@pytest.mark.parametrize("state", ["passed", "failed"])
def test_the_verdict_of_a_gate_makes_one_event_without_its_queries(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker, state: GateState
) -> None:
    subscribe(services, receiver.url, *GATE_TYPES)
    store = create_decided_gate(services, state)

    for _ in range(2):
        run_maintenance(services)
        deliver(worker)

    ((_, body),) = receiver.received
    event = json.loads(body)
    assert event["type"] == f"vector_store.reindex_gate.{state}"
    assert event["data"] == {"vector_store_id": store, "model": "m", **GATE_FACTS}


@pytest.mark.parametrize(("result", "event_type"), [*zip(get_args(ImportResult), IMPORT_RUN_TYPES, strict=True)])
def test_the_event_of_an_import_run_has_its_result_and_counts_but_no_path(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker, result: ImportResult, event_type: str
) -> None:
    _, secret = subscribe(services, receiver.url)
    counts = {"completed": 8, "failed": 1, "cancelled": 0, "not_uploaded": 2, "in_progress": 0, "total": 11}
    run_counts = counts | {"warnings": 4}
    before = import_run_count(result)
    reasons = [{"reason": "It is empty", "files": 2, "first": ["/srv/a.txt"]}]
    ended = create_ended_import(services, result, counts=run_counts, reasons=reasons, error="There is no /srv.")

    for _ in range(2):
        run_maintenance(services)
        deliver(worker)

    ((headers, body),) = receiver.received
    event: Any = openai.OpenAI(api_key="none", webhook_secret=secret).webhooks.unwrap(body, headers)
    assert event.type == event_type
    assert json.loads(body)["data"] == {
        "id": ended.run_id, "vector_store_id": ended.vector_store_id, "import_schedule_id": ended.id,
        "began_at": ended.began_at, "ended_at": ended.ended_at,
        "file_counts": counts | {"uploaded": 3, "removed": 1}, "warnings": 4,
    }  # fmt: skip
    assert import_run_count(result) == before + 1


def test_each_run_of_a_schedule_makes_an_event_before_the_next_run_starts(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker
) -> None:
    subscribe(services, receiver.url)
    schedule = create_ended_import(services)
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    with services.database.transaction() as session:
        assert schedule_rows.claim_run(session, "test/1", ids.new("imp_"), 30.0) is None

    run_maintenance(services)
    run_import(services, schedule, "failed")
    run_maintenance(services)
    deliver(worker)

    second = schedules.retrieve(services, CALLER, schedule.vector_store_id, schedule.id)
    completed, _, failed = IMPORT_RUN_TYPES
    assert sorted(received_events(receiver)) == sorted(
        [(completed, str(schedule.run_id)), (failed, str(second.run_id))]
    )


def test_a_run_in_progress_a_deleted_schedule_and_a_deleted_store_make_no_event(
    services: FakeServices, receiver: Receiver
) -> None:
    subscribe(services, receiver.url, *IMPORT_RUN_TYPES)
    of_deleted_store, deleted, in_progress = (create_ended_import(services) for _ in range(3))
    vector_stores.delete(services, CALLER, of_deleted_store.vector_store_id)
    schedules.delete(services, CALLER, deleted.vector_store_id, deleted.id)
    with services.database.transaction() as session:
        session.execute(update(ImportSchedule).where(ImportSchedule.row == in_progress.row).values(announced=True))
    schedules.run_now(services, CALLER, in_progress.vector_store_id, in_progress.id)
    with services.database.transaction() as session:
        assert schedule_rows.claim_run(session, "test/1", ids.new("imp_"), 30.0) is not None

    run_maintenance(services)

    assert waiting_deliveries(services) == []


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_test_event_has_the_fields_of_a_real_one(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker, event_type: Any
) -> None:
    endpoint, _ = subscribe(services, receiver.url)
    create_ended_import(services, "failed")
    create_ended_batch(services)
    create_decided_gate(services, "passed")
    run_maintenance(services)
    deliver(worker)
    real_data_by_kind = {
        body["type"].rpartition(".")[0]: body["data"]
        for body in map(json.loads, (each[1] for each in receiver.received))
    }
    assert len(real_data_by_kind) == 3

    delivery.send_test_event(services, CALLER, endpoint, event_type)

    data = json.loads(receiver.received[-1][1])["data"]
    real_data = real_data_by_kind.get(event_type.rpartition(".")[0], {"id": "vs_1"})
    assert data.keys() - {"test"} == real_data.keys()
    assert data.get("file_counts", {}).keys() == real_data.get("file_counts", {}).keys()


def test_an_endpoint_gets_only_its_event_types_and_nothing_while_paused(
    services: FakeServices, receiver: Receiver
) -> None:
    subscribe(services, receiver.url, EXPIRED)
    paused, _ = subscribe(services, receiver.url)
    endpoints.update(services, CALLER, paused, {"paused": True})
    create_ended_batch(services)

    run_maintenance(services)

    assert waiting_deliveries(services) == []


def test_two_concurrent_maintenance_runs_queue_each_event_once(
    database_url: str, settings: Settings, clock: Clock
) -> None:
    databases = [Database(database_url, clock=clock) for _ in range(2)]
    first, second = (FakeServices(settings, database) for database in databases)
    subscribe(first, "http://127.0.0.1:9/")
    subscribe(first, "http://127.0.0.1:9/other")
    batches = [create_ended_batch(first)[0] for _ in range(10)]
    imports = [str(create_ended_import(first).run_id) for _ in range(5)]
    before = import_run_count("completed")
    barrier = threading.Barrier(2)

    def enqueue_repeatedly(services: FakeServices) -> None:
        barrier.wait(10)
        for _ in range(5):
            events.enqueue_events(services)

    threads = [threading.Thread(target=enqueue_repeatedly, args=(each,)) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    queued = [(row.endpoint, row.object_id) for row in waiting_deliveries(first)]
    assert sorted(queued) == sorted(
        (endpoint, each) for endpoint in {e for e, _ in queued} for each in batches + imports
    )
    assert len(queued) == 30
    assert import_run_count("completed") == before + 5
    for database in databases:
        database.dispose()
