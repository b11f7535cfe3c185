"""Workers that process files while their store cuts over."""

import threading

import pytest
from sqlalchemy.orm import Session

from ingest.config import LOCAL_MODEL
from ingest.db.models import StoreFile, VectorStore
from ingest.db.queue import model_migration, point_jobs
from ingest.db.queue.counters import PointTotals
from ingest.db.queue.membership import Member
from ingest.jobs import run
from ingest.jobs.maintenance import run_maintenance
from ingest.jobs.point_jobs import purge_points
from ingest.reindex import migration
from ingest.stores import members
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text
from tests.reindex.scenes import (
    HERONS,
    OTHER_MODEL,
    assert_consistent,
    finish_all_work,
    migrate,
    model_state,
    point_generations,
    search_texts,
)


@pytest.mark.parametrize("file", ["a_new_file", "an_indexed_file"])
def test_a_file_processed_during_the_cut_over_is_processed_again(services: FakeServices, file: str) -> None:
    store, [first, *_] = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    if file == "a_new_file":
        added_file = upload_text(services, "A heron that was added later.")
        members.attach(services, CALLER, store, Member(added_file, {}, 800, 400))
    else:
        members.attach(services, CALLER, store, Member(first, {}, 300, 0))
    [message] = services.queue.lanes["interactive"]
    services.queue.lanes["interactive"].clear()
    services.embedder.before_embedding = lambda: migration.advance_migration(services, store)

    outcome = run.run_job(services, message.row, lease_holder="test/1")

    services.embedder.before_embedding = lambda: None
    assert outcome.result == "released"
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    finish_all_work(services)
    texts = search_texts(services, store)
    assert len(texts) == len(set(texts)) == (4 if file == "a_new_file" else 3)
    with services.database.reading() as session:
        assert all(row.model == OTHER_MODEL and row.crashes == 0 for row in session.query(StoreFile))
    assert_consistent(services)


def test_a_file_that_completes_during_the_cut_over_undoes_it(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    added_file = upload_text(services, "A heron that was added later.")
    members.attach(services, CALLER, store, Member(added_file, {}, 800, 400))
    [message] = services.queue.lanes["interactive"]
    services.queue.lanes["interactive"].clear()
    worker = threading.Thread(target=run.run_job, args=(services, message.row), kwargs={"lease_holder": "test/1"})
    swap = model_migration.swap_standby

    def swap_late(session: Session, store: VectorStore) -> PointTotals:
        worker.start()
        worker.join(
            5 if session.get_bind().dialect.name == "postgresql" else 0.2
        )  # on SQLite the worker waits for this transaction
        return swap(session, store)

    monkeypatch.setattr(model_migration, "swap_standby", swap_late)
    migration.advance_migration(services, store)
    monkeypatch.undo()
    worker.join(10)
    assert not worker.is_alive()

    assert len(search_texts(services, store)) == 4
    finish_all_work(services)
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert len(search_texts(services, store)) == 4
    assert_consistent(services)


def test_a_worker_that_crashes_before_the_cut_over_leaves_no_points_of_two_models(
    services: FakeServices, clock: Clock
) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    added_file = upload_text(services, "A heron that was added later.")
    members.attach(services, CALLER, store, Member(added_file, {}, 800, 400))
    [message] = services.queue.lanes["interactive"]
    lost_claim = rows.claim(services.database, message.row)
    services.queue.lanes["interactive"].clear()
    migrate(services, store)
    run_published_jobs(services)
    run_maintenance(services)
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")

    clock.advance(60)
    finish_all_work(services)

    row = rows.get_row(services.database, store, added_file)
    assert (lost_claim.model, row.model, row.generation) == (LOCAL_MODEL, OTHER_MODEL, lost_claim.generation + 1)
    assert len(search_texts(services, store)) == 4
    assert_consistent(services)


def test_the_repair_after_a_lost_lease_keeps_the_points_of_the_new_lease_holder(services: FakeServices) -> None:
    store, [first] = attach_texts(services, HERONS[0])
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    row = rows.get_row(services.database, store, first).row

    with services.database.transaction() as session:
        point_jobs.repair_after_lost_lease(session, store, row, 2)
    purge_points(services)

    assert point_generations(services, OTHER_MODEL) == {(row, 2)}
