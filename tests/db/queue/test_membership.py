"""What requests do to the files of a store, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, select

from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import stores
from ingest.db.models import FileBatch, PointJob
from ingest.db.pages import Window
from ingest.db.queue import claims, membership, point_jobs
from ingest.db.queue.counters import Sizes
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.conftest import Clock
from tests.db import rows


def complete(database: Database, row: int) -> None:
    claim = rows.claimed(database, row)
    with database.transaction() as session:
        assert claims.complete(session, claim, Sizes(2, 20, 200))


def cancel(database: Database, batch_id: str, *, sweep: bool = True) -> bool:
    with database.transaction() as session:
        batch = session.scalars(select(FileBatch).where(FileBatch.id == batch_id)).one()
        done = membership.cancel(session, batch)
    with database.transaction() as session:
        while sweep and claims.sweep_cancelled(session):
            pass
    return done


def purged(database: Database) -> list[tuple[int | None, int]]:
    with database.reading() as session:
        return [(job.store_file, job.last_generation) for job in session.scalars(select(PointJob).order_by(PointJob.row))]


def test_files_of_a_batch_keep_the_order_in_which_they_were_given(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 50)[::-1]

    rows.batch(database, store, ids)

    with database.reading() as session:
        page = stores.files(session, store, Window(limit=100, order="asc"), status=None)
    assert [file.file_id for file in page.items] == ids


def test_eight_concurrent_attaches_of_one_file_make_one_row(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: rows.attach(database, store, ids), range(8)))

    assert len({tuple(row) for row in found}) == 1
    assert rows.counts(database, store) == (1, 0, 0, 0)


def test_two_batches_of_the_same_files_at_the_same_moment_both_have_exact_counts(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 300)

    with ThreadPoolExecutor(2) as pool:
        batches = list(pool.map(lambda order: rows.batch(database, store, order), (ids, ids[::-1])))
    for file_id in ids:
        complete(database, rows.row(database, store, file_id).row)

    assert [rows.counts(database, batch) for batch in batches] == [(0, 300, 0, 0)] * 2
    assert rows.counts(database, store) == (0, 300, 0, 0)


def test_a_batch_of_files_that_are_there_already_is_complete_at_once(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 2)
    for row in rows.attach(database, store, ids):
        complete(database, row)

    batch = rows.batch(database, store, ids)

    assert rows.counts(database, batch) == rows.counts(database, store) == (0, 2, 0, 0)


def test_a_failed_file_runs_again_when_it_is_attached_again(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    first = rows.batch(database, store, ids)
    row = rows.row(database, store, ids[0]).row
    claim = rows.claimed(database, row)
    with database.transaction() as session:
        claims.fail(session, claim, "server_error", "bad day")

    second = rows.batch(database, store, ids)

    assert rows.counts(database, first) == (0, 0, 1, 0)
    assert rows.counts(database, second) == rows.counts(database, store) == (1, 0, 0, 0)
    assert rows.claimed(database, row).generation == 2


def test_other_chunking_runs_a_completed_file_again_while_the_old_points_are_found(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    complete(database, row)

    rows.attach(database, store, ids, tokens=400)

    with database.reading() as session:
        assert stores.live(session, store, [row])[row].generation == 1
    assert rows.counts(database, store) == (1, 0, 0, 0)
    complete(database, row)
    with database.reading() as session:
        assert stores.live(session, store, [row])[row].generation == 2
    assert purged(database) == [(row, 1)]


def test_a_cancelled_batch_keeps_what_was_finished(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 5)
    batch = rows.batch(database, store, ids)
    complete(database, rows.row(database, store, ids[0]).row)

    assert cancel(database, batch)

    assert rows.counts(database, batch) == rows.counts(database, store) == (0, 1, 0, 4)
    assert rows.memberships(database, batch) == ["cancelled"] * 4 + ["completed"]
    assert {rows.row(database, store, file_id).status for file_id in ids[1:]} == {"cancelled"}


def test_cancelling_twice_changes_nothing(database: Database) -> None:
    store = rows.a_store(database)
    batch = rows.batch(database, store, rows.files(database, 2))

    assert cancel(database, batch)
    assert not cancel(database, batch)

    assert rows.counts(database, batch) == (0, 0, 0, 2)


def test_files_of_a_cancelled_batch_are_cancelled_before_their_rows_are(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 3)
    batch = rows.batch(database, store, ids)
    running = rows.claimed(database, rows.row(database, store, ids[0]).row)

    cancel(database, batch, sweep=False)

    with database.reading() as session:
        cancelled = stores.files(session, store, Window(limit=10), status="cancelled")
        in_progress = stores.files(session, store, Window(limit=10), status="in_progress")
    assert (len(cancelled.items), len(in_progress.items)) == (3, 0)
    assert rows.claim(database, rows.row(database, store, ids[1]).row) is None
    with database.transaction() as session:
        assert not claims.renew(session, running, lease_seconds=30)
    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, running, Sizes(1, 1, 1))
    assert rows.counts(database, batch) == rows.counts(database, store) == (0, 0, 0, 3)


def test_a_cancelled_file_runs_again_in_a_new_batch_before_its_row_was_rewritten(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 2)
    first = rows.batch(database, store, ids)
    cancel(database, first, sweep=False)

    second = rows.batch(database, store, ids[:1])
    with database.transaction() as session:
        while claims.sweep_cancelled(session):
            pass

    assert rows.counts(database, first) == (0, 0, 0, 2)
    assert rows.counts(database, second) == (1, 0, 0, 0)
    assert rows.counts(database, store) == (1, 0, 0, 1)
    complete(database, rows.row(database, store, ids[0]).row)
    assert rows.counts(database, second) == (0, 1, 0, 0)


def test_cancelling_a_batch_leaves_files_that_a_later_batch_wants(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 2)
    first = rows.batch(database, store, ids)
    second = rows.batch(database, store, ids[:1])

    cancel(database, first)

    assert rows.counts(database, first) == (0, 0, 0, 2)
    assert rows.counts(database, second) == (1, 0, 0, 0)
    assert rows.counts(database, store) == (1, 0, 0, 1)


def test_cancelling_the_later_batch_settles_the_earlier_one_too(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 2)
    first = rows.batch(database, store, ids)
    second = rows.batch(database, store, ids)

    cancel(database, second)

    assert rows.counts(database, first) == rows.counts(database, second) == (0, 0, 0, 2)
    assert rows.counts(database, store) == (0, 0, 0, 2)


@pytest.mark.parametrize("moment", ["queued", "running", "completed"])
def test_a_removed_file_is_counted_nowhere_and_its_points_are_purged(database: Database, moment: str) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    batch = rows.batch(database, store, ids)
    row = rows.row(database, store, ids[0]).row
    claim = None
    if moment == "running":
        claim = rows.claimed(database, row)
    elif moment == "completed":
        complete(database, row)

    with database.transaction() as session:
        assert membership.remove(session, store, ids[0])

    assert rows.counts(database, store) == (0, 0, 0, 0)
    assert rows.counts(database, batch) == ((0, 1, 0, 0) if moment == "completed" else (0, 0, 0, 1))
    assert purged(database) == [(row, 1)]
    if claim is not None:
        with pytest.raises(Abandoned), database.transaction() as session:
            claims.complete(session, claim, Sizes(1, 1, 1))


def test_a_batch_that_took_over_a_running_file_and_was_cancelled_cancels_it(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    running = rows.claimed(database, row)
    batch = rows.batch(database, store, ids)

    cancel(database, batch, sweep=False)

    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, running, Sizes(1, 1, 1))
    assert rows.counts(database, batch) == rows.counts(database, store) == (0, 0, 0, 1)


def test_a_cancelled_batch_whose_running_file_was_taken_over_leaves_it_alone(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    first = rows.batch(database, store, ids)
    running = rows.claimed(database, rows.row(database, store, ids[0]).row)
    second = rows.batch(database, store, ids)

    cancel(database, first, sweep=False)

    with database.transaction() as session:
        assert claims.complete(session, running, Sizes(1, 1, 1))
    assert rows.counts(database, first) == (0, 0, 0, 1)
    assert rows.counts(database, second) == rows.counts(database, store) == (0, 1, 0, 0)


def test_chunking_a_file_anew_twice_leaves_its_first_points_to_be_found(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    complete(database, row)

    rows.attach(database, store, ids, tokens=400)
    rows.attach(database, store, ids, tokens=200)

    assert purged(database) == []
    with database.reading() as session:
        assert stores.live(session, store, [row])[row].generation == 1
    complete(database, row)
    assert purged(database) == [(row, 2)]


def test_a_cancelled_file_is_not_found_when_it_is_attached_again_before_its_row_was_rewritten(
    database: Database,
) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    complete(database, row)
    with database.transaction() as session:
        batch = FileBatch(id="vsfb_1", vector_store_id=store, created_at=1)
        membership.attach(session, store, [rows.member(ids[0], tokens=400)], batch)
    cancel(database, "vsfb_1", sweep=False)

    rows.attach(database, store, ids)

    with database.reading() as session:
        assert stores.live(session, store, [row]) == {}
        found = stores.get(session, DEFAULT_PROJECT, store)
    assert found is not None
    assert (found.usage_bytes, found.in_progress, found.cancelled) == (0, 1, 0)


def test_a_cancelled_batch_of_a_deleted_store_does_not_stop_the_sweep(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    complete(database, row)
    with database.transaction() as session:
        batch = FileBatch(id="vsfb_1", vector_store_id=store, created_at=1)
        membership.attach(session, store, [rows.member(ids[0], tokens=400)], batch)
    cancel(database, "vsfb_1", sweep=False)
    with database.transaction() as session:
        stores.delete(session, DEFAULT_PROJECT, store)

    with database.transaction() as session:
        while claims.sweep_cancelled(session):
            pass

    assert rows.memberships(database, "vsfb_1") == ["cancelled"]


def test_new_attributes_of_a_file_that_is_there_are_due_on_its_points(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 2)
    first, _ = rows.attach(database, store, ids)

    with database.transaction() as session:
        members = [rows.member(ids[0], attributes={"b": "2"}), rows.member(ids[1])]
        assert membership.attach(session, store, members, None) == [first]

    assert rows.row(database, store, ids[0]).attributes == {"b": "2"}
    assert rows.row(database, store, ids[0]).attributes_version == 1


@pytest.mark.parametrize(("before", "after"), [(True, 1), (1, True), (0, False), (1, 1.0), ("1", 1)])
def test_an_attribute_that_only_python_takes_for_the_same_is_a_new_one(
    database: Database, before: Any, after: Any
) -> None:
    store = rows.a_store(database)
    [file_id] = rows.files(database, 1)
    for value in (before, after, after):
        with database.transaction() as session:
            membership.attach(session, store, [Member(file_id, {"a": value}, 800, 400)], None)

    row = rows.row(database, store, file_id)
    assert (repr(row.attributes["a"]), row.attributes_version) == (repr(after), 1)


def test_many_files_are_attached_again_in_few_statements(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 300)
    rows.batch(database, store, ids)
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    second = rows.batch(database, store, ids)

    assert len(statements) < 30
    assert rows.counts(database, second) == (300, 0, 0, 0)


def test_a_removed_file_that_is_attached_again_gets_points_of_its_own(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [old] = rows.attach(database, store, ids)
    with database.transaction() as session:
        membership.remove(session, store, ids[0])

    [new] = rows.attach(database, store, ids)

    assert new != old


def test_nothing_completes_in_a_deleted_store(database: Database) -> None:
    store = rows.a_store(database)
    [row] = rows.attach(database, store, rows.files(database, 1))
    claim = rows.claimed(database, row)
    with database.transaction() as session:
        assert stores.delete(session, DEFAULT_PROJECT, store)

    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, claim, Sizes(1, 1, 1))
    with database.transaction() as session:
        while stores.sweep_deleted(session, 100):
            pass
    assert purged(database) == [(None, 0)]


def test_a_purge_is_repeated_once_after_the_lease_horizon(database: Database, clock: Clock) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    rows.attach(database, store, ids)
    with database.transaction() as session:
        membership.remove(session, store, ids[0])

    for expected in (1, 1, 0):
        with database.transaction() as session:
            due = point_jobs.take(session, "purge", 10)
            point_jobs.done(session, due, again_after_seconds=80)
        assert len(due) == expected
        with database.transaction() as session:
            assert point_jobs.take(session, "purge", 10) == []
        clock.advance(80)
