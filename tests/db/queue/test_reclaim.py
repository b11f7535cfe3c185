"""Files of workers that crashed or were stopped, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from ingest.db.models import StoreFile
from ingest.db.queue import claims, reclaim
from ingest.db.queue.counters import PointTotals
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps


def test_a_worker_with_an_expired_lease_changes_nothing(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    expired = rows.claim(database, row, lease_seconds=30)
    clock.advance(31)
    with database.transaction() as session:
        assert reclaim.reclaim_expired_leases(session, max_crashes=3) == 1
    current = rows.claim(database, row)

    with database.transaction() as session:
        assert not claims.renew(session, expired, lease_seconds=30)
    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, expired, PointTotals(1, 1, 1))
    with pytest.raises(Abandoned), database.transaction() as session:
        claims.fail(session, expired, "server_error", "late")

    assert rows.read_counts(database, store) == (1, 0, 0, 0)
    with database.transaction() as session:
        assert claims.complete(session, current, PointTotals(1, 1, 1))
    assert rows.read_counts(database, store) == (0, 1, 0, 0)


def test_a_worker_can_neither_renew_complete_fail_nor_release_a_reclaimed_file(
    database: Database, clock: Clock
) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    expired = rows.claim(database, row, lease_seconds=30)
    clock.advance(31)

    assert steps.reclaim_expired_leases(database) == 1

    assert steps.has_lost_claim(database, expired)
    assert rows.read_counts(database, store) == (1, 0, 0, 0)
    current = rows.claim(database, row)
    assert steps.has_lost_claim(database, expired)
    assert steps.complete(database, current)


def test_a_lease_that_expires_while_its_holder_waits_for_a_lock_is_lost_to_the_next_holder(
    database: Database, clock: Clock
) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    slow = rows.claim(database, row, lease_seconds=30)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(select(StoreFile).where(StoreFile.row == row).with_for_update())
            waiting = pool.submit(steps.complete, database, slow)
            clock.advance(31)
            assert reclaim.reclaim_expired_leases(session, max_crashes=3) == 1
            assert claims.claim(session, row, lease_holder="next/1", lease_seconds=30) is not None
        with pytest.raises(Abandoned):
            waiting.result(30)

    assert rows.read_counts(database, store) == (1, 0, 0, 0)


def test_a_file_that_crashes_three_workers_fails(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    batch = rows.attach_batch(database, store, ids)
    row = rows.get_row(database, store, ids[0]).row

    for _ in range(3):
        rows.claim(database, row, lease_seconds=30)
        clock.advance(31)
        steps.reclaim_expired_leases(database)

    failed = rows.get_row(database, store, ids[0])
    assert (failed.status, failed.error_code) == ("failed", "server_error")
    assert "took down its worker 3 times" in (failed.error_message or "")
    assert rows.read_counts(database, batch) == rows.read_counts(database, store) == (0, 0, 1, 0)


def test_files_of_a_stopped_machine_are_queued_at_once(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 2)
    stopped_row, other_row = rows.attach(database, store, ids)
    rows.claim(database, stopped_row)
    with database.transaction() as session:
        claims.claim(session, other_row, lease_holder="elsewhere/1", lease_seconds=30)

    with database.transaction() as session:
        assert reclaim.release_machine(session, "test/") == 1

    assert [rows.get_row(database, store, file_id).status for file_id in ids] == ["queued", "running"]
