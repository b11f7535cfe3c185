"""The transitions of a worker, on both databases."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from ingest.db.models import StoreFile, VectorStore
from ingest.db.queue import claims, point_attributes
from ingest.db.queue.counters import PointTotals
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps


def test_a_file_is_claimed_once(database: Database) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))

    first, second = rows.try_claim(database, row), rows.try_claim(database, row)

    assert first is not None
    assert first.attempt == 1
    assert second is None


def test_one_of_eight_concurrent_claims_wins(database: Database) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))

    results = steps.run_concurrently(*[lambda: rows.try_claim(database, row)] * 8)

    assert sum(claim is not None for claim in results) == 1


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.services)], indirect=True)
def test_undoing_a_claim_waits_for_its_commit(database: Database) -> None:
    [row] = rows.attach(database, rows.create_store(database), rows.create_files(database, 1))
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert claims.claim(session, row, lease_holder=rows.HOLDER, lease_seconds=30)
            undone = pool.submit(steps.undo_claim, database, row)
            time.sleep(0.3)
            assert not undone.done()
        undone.result()

    with database.reading() as session:
        assert session.scalars(select(StoreFile.status)).one() == "queued"


def test_a_claim_of_another_worker_is_not_undone(database: Database) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    with database.transaction() as session:
        assert claims.claim(session, row, lease_holder="other/1", lease_seconds=30)

    steps.undo_claim(database, row)

    with database.reading() as session:
        assert session.scalars(select(StoreFile.status)).one() == "running"


def test_a_completed_file_is_counted_in_its_batch_and_its_store(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 2)
    batch = rows.attach_batch(database, store, ids)
    claim = rows.claim(database, rows.get_row(database, store, ids[0]).row)

    assert steps.complete(database, claim, PointTotals(chunks=3, terms=10, usage_bytes=99))

    assert rows.read_counts(database, batch) == (1, 1, 0, 0)
    assert rows.read_counts(database, store) == (1, 1, 0, 0)
    assert rows.read_outcomes(database, batch) == ["completed", "in_progress"]
    assert rows.get_row(database, store, ids[0]).live_generation == 1


def test_a_failed_file_keeps_its_error_code_and_message(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    claim = rows.claim(database, row)

    with database.transaction() as session:
        claims.fail(session, claim, "invalid_file", "It is broken.")

    failed = rows.get_row(database, store, ids[0])
    assert (failed.status, failed.error_code, failed.error_message) == ("failed", "invalid_file", "It is broken.")
    assert rows.read_counts(database, store) == (0, 0, 1, 0)


def test_a_renewed_lease_does_not_expire(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    claim = rows.claim(database, row, lease_seconds=30)

    for _ in range(5):
        clock.advance(20)
        assert steps.renew(database, claim)
        assert steps.reclaim_expired_leases(database) == 0


def test_a_released_file_waits_and_counts_no_crash(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    claim = rows.claim(database, row)

    with database.transaction() as session:
        claims.release(session, claim, delay_seconds=5)

    assert rows.try_claim(database, row) is None
    clock.advance(5)
    assert rows.claim(database, row).attempt == 2
    assert rows.get_row(database, store, ids[0]).crashes == 0


def test_a_file_whose_attributes_changed_does_not_complete_without_them(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    claim = rows.claim(database, row)
    with database.transaction() as session:
        assert point_attributes.replace_attributes(session, store, ids[0], {"colour": "red"}) == row

    with database.transaction() as session:
        assert not claims.complete(session, claim, PointTotals(1, 1, 1))
        assert claims.current_attributes(session, claim) == ({"colour": "red"}, 1)

    assert rows.read_counts(database, store) == (1, 0, 0, 0)


def test_the_attributes_of_a_lost_file_are_not_read(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    claim = rows.claim(database, row, lease_seconds=30)
    clock.advance(31)
    steps.reclaim_expired_leases(database)

    with pytest.raises(Abandoned), database.reading() as session:
        claims.current_attributes(session, claim)


def test_a_file_for_the_slow_lane_is_queued_there_as_if_it_had_not_been_claimed(database: Database) -> None:
    """Transition T11."""
    store = rows.create_store(database)
    [row] = rows.attach(database, store, ids := rows.create_files(database, 1))
    claim = rows.claim(database, row)
    assert claim.lane == "fast"

    with database.transaction() as session:
        claims.defer_to_slow_lane(session, claim)

    file = rows.get_row(database, store, ids[0])
    assert (file.status, file.lane, file.attempts, file.crashes, file.published_at) == ("queued", "slow", 0, 0, None)
    assert file.fence > claim.fence
    again = rows.claim(database, row)
    assert (again.attempt, again.lane) == (1, "slow")


def test_a_worker_that_lost_its_file_does_not_move_it(database: Database) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, ids := rows.create_files(database, 1))
    claim = rows.claim(database, row)
    with database.transaction() as session:
        claims.release(session, claim, delay_seconds=0)

    with pytest.raises(Abandoned), database.transaction() as session:
        claims.defer_to_slow_lane(session, claim)

    assert rows.get_row(database, store, ids[0]).lane == "fast"


def test_pages_are_recorded_with_the_lease_and_only_by_its_holder(database: Database) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, ids := rows.create_files(database, 1))
    claim = rows.claim(database, row)

    def pages() -> tuple[int | None, int | None]:
        file = rows.get_row(database, store, ids[0])
        return file.pages_done, file.pages_total

    with database.transaction() as session:
        assert claims.renew(session, claim, lease_seconds=30)
    assert pages() == (None, None)
    with database.transaction() as session:
        assert claims.renew(session, claim, lease_seconds=30, pages=(3, 40))
    assert pages() == (3, 40)
    with database.transaction() as session:
        claims.release(session, claim, delay_seconds=0)
    with database.transaction() as session:
        assert not claims.renew(session, claim, lease_seconds=30, pages=(4, 40))
    assert pages() == (None, None)


def test_completing_a_file_adds_its_languages_to_the_store_and_a_refused_completion_does_not(
    database: Database,
) -> None:
    store = rows.create_store(database)
    claim, other = (rows.claim(database, row) for row in rows.attach(database, store, rows.create_files(database, 2)))

    with database.transaction() as session:
        assert claims.complete(session, claim, steps.TOTALS, languages=0b101)
        assert not claims.complete(session, replace(other, attributes_version=7), steps.TOTALS, languages=0b010)

    with database.reading() as session:
        assert session.scalars(select(VectorStore.languages)).one() == 0b101
