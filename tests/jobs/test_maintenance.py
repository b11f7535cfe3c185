"""T10: what one sweep does, whoever else is alive, and what it leaves alone for a while; on both databases."""

import time
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from ingest.db.content import stores
from ingest.db.models import FileBatch, PointJob, StoreFile, VectorStore
from ingest.db.queue import claims, membership
from ingest.db.queue.point_jobs import TAKEN_SECONDS
from ingest.db.session import Database
from ingest.errors import DependencyDown
from ingest.jobs.maintenance import HEARTBEATS, sweep
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import FakeIndex, FakeServices


class BrokenIndex(FakeIndex):
    """An index client with a defect."""

    def delete_rows(self, rows: Sequence[tuple[int, int, int]]) -> None:
        raise RuntimeError("a defect")


def told(services: FakeServices) -> set[int]:
    return {message.row for lane in services.queue.lanes.values() for message in lane}


def files_in(services: FakeServices, store: str) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).where(StoreFile.vector_store_id == store)) or 0


def test_one_sweep_takes_back_cancels_removes_and_tells(services: FakeServices, clock: Clock) -> None:
    database = services.database
    store, deleted, due = (rows.a_store(database) for _ in range(3))
    ids = rows.files(database, 6)
    [lost, unheard] = rows.attach(database, store, ids[:2])
    rows.claimed(database, lost, lease_seconds=30)
    batch = rows.batch(database, store, ids[2:4])
    rows.attach(database, deleted, ids[4:5])
    rows.attach(database, due, ids[5:])
    with database.transaction() as session:
        membership.cancel(session, session.scalars(select(FileBatch).where(FileBatch.id == batch)).one())
        found = {s.id: s for s in session.scalars(select(VectorStore))}
        assert stores.delete(session, found[deleted].project, deleted)
        found[due].expires_after_days = 1
    clock.advance(31)

    sweep(services)

    assert told(services) == {lost, unheard}
    assert rows.row(database, store, ids[0]).crashes == 1
    assert [rows.row(database, store, file_id).status for file_id in ids[2:4]] == ["cancelled", "cancelled"]
    assert rows.memberships(database, batch) == ["cancelled", "cancelled"]
    assert (files_in(services, deleted), files_in(services, due)) == (0, 0)
    with database.reading() as session:
        ended = {row.id: row.expired_at for row in session.scalars(select(VectorStore))}
    assert deleted not in ended
    assert ended[due] == int(clock())


def test_what_one_part_of_a_sweep_cannot_do_does_not_stop_the_others_and_is_done_later(
    services: FakeServices, clock: Clock
) -> None:
    store = rows.a_store(services.database)
    ids = rows.files(services.database, 2)
    [lost, _] = rows.attach(services.database, store, ids)
    rows.claimed(services.database, lost, lease_seconds=30)
    with services.database.transaction() as session:
        assert membership.remove(session, store, ids[1])
    clock.advance(31)
    well, services.index = services.index, BrokenIndex()

    sweep(services)

    assert told(services) == {lost}
    services.index = well
    clock.advance(TAKEN_SECONDS)
    sweep(services)
    with services.database.reading() as session:
        assert session.scalars(select(PointJob.is_final)).all() == [True]


def outage(database: Database) -> None:
    """Let a transaction find the database away."""
    with suppress(DependencyDown), database.transaction():
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))


def test_an_outage_of_the_database_costs_no_file_a_kill(services: FakeServices, clock: Clock) -> None:
    services.settings = services.settings.model_copy(update={"heartbeat_seconds": 0.2})
    store = rows.a_store(services.database)
    [file] = rows.files(services.database, 1)
    claim = rows.claimed(services.database, rows.attach(services.database, store, [file])[0])
    clock.advance(60)
    outage(services.database)

    sweep(services)

    with services.database.transaction() as session:
        assert claims.renew(session, claim, lease_seconds=30)
    assert rows.row(services.database, store, file).crashes == 0


def test_a_worker_that_stays_silent_after_an_outage_loses_its_file(services: FakeServices, clock: Clock) -> None:
    services.settings = services.settings.model_copy(update={"heartbeat_seconds": 0.1})
    store = rows.a_store(services.database)
    [file] = rows.files(services.database, 1)
    rows.claimed(services.database, rows.attach(services.database, store, [file])[0])
    clock.advance(60)
    outage(services.database)

    time.sleep(HEARTBEATS * 0.1)
    sweep(services)

    lost = rows.row(services.database, store, file)
    assert (lost.status, lost.crashes) == ("queued", 1)
