"""What workers and the sweep do to a file's state, on both databases."""

import pytest

from ingest.db.queue import claims, membership
from ingest.db.queue.counters import Sizes
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.conftest import Clock
from tests.db import rows


def test_a_file_has_one_claimant(database: Database) -> None:
    store = rows.a_store(database)
    [row] = rows.attach(database, store, rows.files(database, 1))

    first, second = rows.claim(database, row), rows.claim(database, row)

    assert first is not None
    assert first.attempt == 1
    assert second is None


def test_a_completed_file_is_counted_in_its_batch_and_its_store(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 2)
    batch = rows.batch(database, store, ids)
    claim = rows.claimed(database, rows.row(database, store, ids[0]).row)

    with database.transaction() as session:
        assert claims.complete(session, claim, Sizes(chunks=3, terms=10, usage_bytes=99))

    assert rows.counts(database, batch) == (1, 1, 0, 0)
    assert rows.counts(database, store) == (1, 1, 0, 0)
    assert rows.memberships(database, batch) == ["completed", "in_progress"]
    assert rows.row(database, store, ids[0]).live_generation == 1


def test_a_failed_file_says_why(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    claim = rows.claimed(database, row)

    with database.transaction() as session:
        claims.fail(session, claim, "invalid_file", "It is broken.")

    found = rows.row(database, store, ids[0])
    assert (found.status, found.error_code, found.error_message) == ("failed", "invalid_file", "It is broken.")
    assert rows.counts(database, store) == (0, 0, 1, 0)


def test_a_worker_that_lost_its_file_can_change_nothing(database: Database, clock: Clock) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    zombie = rows.claimed(database, row, lease_seconds=30)
    clock.advance(31)
    with database.transaction() as session:
        assert claims.recover(session, max_kills=3) == 1
    owner = rows.claimed(database, row)

    with database.transaction() as session:
        assert not claims.renew(session, zombie, lease_seconds=30)
    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, zombie, Sizes(1, 1, 1))
    with pytest.raises(Abandoned), database.transaction() as session:
        claims.fail(session, zombie, "server_error", "late")

    assert rows.counts(database, store) == (1, 0, 0, 0)
    with database.transaction() as session:
        assert claims.complete(session, owner, Sizes(1, 1, 1))
    assert rows.counts(database, store) == (0, 1, 0, 0)


def test_a_lease_that_is_renewed_does_not_expire(database: Database, clock: Clock) -> None:
    store = rows.a_store(database)
    [row] = rows.attach(database, store, rows.files(database, 1))
    claim = rows.claimed(database, row, lease_seconds=30)

    for _ in range(5):
        clock.advance(20)
        with database.transaction() as session:
            assert claims.renew(session, claim, lease_seconds=30)
            assert claims.recover(session, max_kills=3) == 0


def test_a_file_that_takes_down_three_workers_fails(database: Database, clock: Clock) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    batch = rows.batch(database, store, ids)
    row = rows.row(database, store, ids[0]).row

    for _ in range(3):
        rows.claimed(database, row, lease_seconds=30)
        clock.advance(31)
        with database.transaction() as session:
            claims.recover(session, max_kills=3)

    found = rows.row(database, store, ids[0])
    assert (found.status, found.error_code) == ("failed", "server_error")
    assert "took down its worker 3 times" in (found.error_message or "")
    assert rows.counts(database, batch) == rows.counts(database, store) == (0, 0, 1, 0)


def test_a_file_given_back_waits_and_counts_no_kill(database: Database, clock: Clock) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    claim = rows.claimed(database, row)

    with database.transaction() as session:
        claims.give_back(session, claim, delay_seconds=5)

    assert rows.claim(database, row) is None
    clock.advance(5)
    assert rows.claimed(database, row).attempt == 2
    assert rows.row(database, store, ids[0]).crashes == 0


def test_a_machine_that_was_stopped_gets_its_files_back_at_once(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 2)
    mine, others = rows.attach(database, store, ids)
    rows.claimed(database, mine)
    with database.transaction() as session:
        claims.claim(session, others, owner="elsewhere/1", lease_seconds=30)

    with database.transaction() as session:
        assert claims.release(session, "test/") == 1

    assert [rows.row(database, store, file_id).status for file_id in ids] == ["queued", "running"]


def test_attributes_that_changed_meanwhile_are_written_before_the_file_completes(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    claim = rows.claimed(database, row)
    with database.transaction() as session:
        assert membership.set_attributes(session, store, ids[0], {"colour": "red"}) == row

    with database.transaction() as session:
        assert not claims.complete(session, claim, Sizes(1, 1, 1))
        assert claims.attributes_of(session, claim) == ({"colour": "red"}, 1)

    assert rows.counts(database, store) == (1, 0, 0, 0)
