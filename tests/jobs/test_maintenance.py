"""One run of maintenance: what it does, and what it postpones; on both databases (transition T10)."""

import time
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from ingest.db.content import stores
from ingest.db.models import FileBatch, PointJob, StoreFile, VectorStore
from ingest.db.queue import cancellation, claims, membership
from ingest.db.queue.point_jobs import TAKE_SECONDS
from ingest.db.session import Database
from ingest.errors import DependencyDown
from ingest.jobs.maintenance import GRACE_HEARTBEATS, run_maintenance
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import FakeIndex, FakeServices


class BrokenIndex(FakeIndex):
    """An index client with a defect."""

    def delete_generations(self, ranges: Sequence[tuple[int, int, int]]) -> None:
        raise RuntimeError("a defect")


def published_rows(services: FakeServices) -> set[int]:
    return {message.row for lane in services.queue.lanes.values() for message in lane}


def count_files(services: FakeServices, store: str) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).where(StoreFile.vector_store_id == store)) or 0


def test_one_run_reclaims_cancels_removes_and_publishes(services: FakeServices, clock: Clock) -> None:
    database = services.database
    store, deleted, due = (rows.create_store(database) for _ in range(3))
    ids = rows.create_files(database, 6)
    [expired, queued] = rows.attach(database, store, ids[:2])
    rows.claim(database, expired, lease_seconds=30)
    batch = rows.attach_batch(database, store, ids[2:4])
    rows.attach(database, deleted, ids[4:5])
    rows.attach(database, due, ids[5:])
    with database.transaction() as session:
        cancellation.cancel_batch(session, session.scalars(select(FileBatch).where(FileBatch.id == batch)).one())
        by_id = {row.id: row for row in session.scalars(select(VectorStore))}
        assert stores.delete(session, by_id[deleted].project, deleted)
        by_id[due].expires_after_days = 1
    clock.advance(31)

    run_maintenance(services)

    assert published_rows(services) == {expired, queued}
    assert rows.get_row(database, store, ids[0]).crashes == 1
    assert [rows.get_row(database, store, file_id).status for file_id in ids[2:4]] == ["cancelled", "cancelled"]
    assert rows.read_outcomes(database, batch) == ["cancelled", "cancelled"]
    assert (count_files(services, deleted), count_files(services, due)) == (0, 0)
    with database.reading() as session:
        expired_at = {row.id: row.expired_at for row in session.scalars(select(VectorStore))}
    assert deleted not in expired_at
    assert expired_at[due] == int(clock())


def test_a_failed_maintenance_task_stops_no_other_and_is_repeated_later(services: FakeServices, clock: Clock) -> None:
    store = rows.create_store(services.database)
    ids = rows.create_files(services.database, 2)
    [lost, _] = rows.attach(services.database, store, ids)
    rows.claim(services.database, lost, lease_seconds=30)
    with services.database.transaction() as session:
        assert membership.remove(session, store, ids[1])
    clock.advance(31)
    sound_index, services.index = services.index, BrokenIndex()

    run_maintenance(services)

    assert published_rows(services) == {lost}
    services.index = sound_index
    clock.advance(TAKE_SECONDS)
    run_maintenance(services)
    with services.database.reading() as session:
        assert session.scalars(select(PointJob.is_final)).all() == [True]


def outage(database: Database) -> None:
    """Let one transaction find the database down."""
    with suppress(DependencyDown), database.transaction():
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))


def test_an_outage_of_the_database_counts_no_crash(services: FakeServices, clock: Clock) -> None:
    services.settings = services.settings.model_copy(update={"heartbeat_seconds": 0.2})
    store = rows.create_store(services.database)
    [file] = rows.create_files(services.database, 1)
    claim = rows.claim(services.database, rows.attach(services.database, store, [file])[0])
    clock.advance(60)
    outage(services.database)

    run_maintenance(services)

    with services.database.transaction() as session:
        assert claims.renew(session, claim, lease_seconds=30)
    assert rows.get_row(services.database, store, file).crashes == 0


def test_a_worker_that_sends_no_heartbeat_after_an_outage_loses_its_lease(services: FakeServices, clock: Clock) -> None:
    services.settings = services.settings.model_copy(update={"heartbeat_seconds": 0.1})
    store = rows.create_store(services.database)
    [file] = rows.create_files(services.database, 1)
    rows.claim(services.database, rows.attach(services.database, store, [file])[0])
    clock.advance(60)
    outage(services.database)

    time.sleep(GRACE_HEARTBEATS * 0.1)
    run_maintenance(services)

    lost = rows.get_row(services.database, store, file)
    assert (lost.status, lost.crashes) == ("queued", 1)
