"""The cancel of a batch, on both databases."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import members as member_rows
from ingest.db.content import stores
from ingest.db.models import FileBatch, StoreFile
from ingest.db.pages import Window
from ingest.db.queue import claims, membership
from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import PointTotals
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.db import rows
from tests.db.queue import steps


def test_a_cancelled_batch_keeps_completed_files(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 5)
    batch = rows.attach_batch(database, store, ids)
    steps.complete_row(database, rows.get_row(database, store, ids[0]).row)

    assert steps.cancel_batch(database, batch)

    assert rows.read_counts(database, batch) == rows.read_counts(database, store) == (0, 1, 0, 4)
    assert rows.read_outcomes(database, batch) == ["cancelled"] * 4 + ["completed"]
    assert {rows.get_row(database, store, file_id).status for file_id in ids[1:]} == {"cancelled"}


def test_a_second_cancel_changes_nothing(database: Database) -> None:
    store = rows.create_store(database)
    batch = rows.attach_batch(database, store, rows.create_files(database, 2))

    assert steps.cancel_batch(database, batch)
    assert not steps.cancel_batch(database, batch)

    assert rows.read_counts(database, batch) == (0, 0, 0, 2)


def test_files_of_a_cancelled_batch_are_cancelled_before_their_rows_are_rewritten(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 3)
    batch = rows.attach_batch(database, store, ids)
    running = rows.claim(database, rows.get_row(database, store, ids[0]).row)

    steps.cancel_batch(database, batch, mark_files=False)

    with database.reading() as session:
        cancelled = member_rows.list_files(session, store, Window(limit=10), status="cancelled")
        in_progress = member_rows.list_files(session, store, Window(limit=10), status="in_progress")
    assert (len(cancelled.items), len(in_progress.items)) == (3, 0)
    assert rows.try_claim(database, rows.get_row(database, store, ids[1]).row) is None
    with database.transaction() as session:
        assert not claims.renew(session, running, lease_seconds=30)
    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, running, PointTotals(1, 1, 1))
    assert rows.read_counts(database, batch) == rows.read_counts(database, store) == (0, 0, 0, 3)


def test_a_cancelled_file_is_processed_in_a_new_batch_before_its_row_is_rewritten(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 2)
    first = rows.attach_batch(database, store, ids)
    steps.cancel_batch(database, first, mark_files=False)

    second = rows.attach_batch(database, store, ids[:1])
    steps.mark_cancelled_files(database)

    assert rows.read_counts(database, first) == (0, 0, 0, 2)
    assert rows.read_counts(database, second) == (1, 0, 0, 0)
    assert rows.read_counts(database, store) == (1, 0, 0, 1)
    steps.complete_row(database, rows.get_row(database, store, ids[0]).row)
    assert rows.read_counts(database, second) == (0, 1, 0, 0)


def test_cancelling_a_batch_leaves_files_that_a_later_batch_has(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 2)
    first = rows.attach_batch(database, store, ids)
    second = rows.attach_batch(database, store, ids[:1])

    steps.cancel_batch(database, first)

    assert rows.read_counts(database, first) == (0, 0, 0, 2)
    assert rows.read_counts(database, second) == (1, 0, 0, 0)
    assert rows.read_counts(database, store) == (1, 0, 0, 1)


def test_cancelling_the_later_batch_of_a_file_ends_the_earlier_one(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 2)
    first = rows.attach_batch(database, store, ids)
    second = rows.attach_batch(database, store, ids)

    steps.cancel_batch(database, second)

    assert rows.read_counts(database, first) == rows.read_counts(database, second) == (0, 0, 0, 2)
    assert rows.read_counts(database, store) == (0, 0, 0, 2)


def test_cancelling_a_batch_cancels_the_running_files_that_it_joined(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    running = rows.claim(database, row)
    batch = rows.attach_batch(database, store, ids)

    steps.cancel_batch(database, batch, mark_files=False)

    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, running, PointTotals(1, 1, 1))
    assert rows.read_counts(database, batch) == rows.read_counts(database, store) == (0, 0, 0, 1)


def test_cancelling_a_batch_leaves_running_files_that_a_later_batch_joined(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    first = rows.attach_batch(database, store, ids)
    running = rows.claim(database, rows.get_row(database, store, ids[0]).row)
    second = rows.attach_batch(database, store, ids)

    steps.cancel_batch(database, first, mark_files=False)

    with database.transaction() as session:
        assert claims.complete(session, running, PointTotals(1, 1, 1))
    assert rows.read_counts(database, first) == (0, 0, 0, 1)
    assert rows.read_counts(database, second) == rows.read_counts(database, store) == (0, 1, 0, 0)


def test_a_cancelled_file_attached_again_before_its_row_is_rewritten_is_not_searched(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    steps.complete_row(database, row)
    with database.transaction() as session:
        batch = FileBatch(id="vsfb_1", vector_store_id=store, created_at=1)
        membership.attach(session, store, [rows.make_member(ids[0], tokens=400)], batch)
    steps.cancel_batch(database, "vsfb_1", mark_files=False)

    rows.attach(database, store, ids)

    with database.reading() as session:
        assert member_rows.live_files(session, store, [row]) == {}
        counted = stores.get(session, DEFAULT_PROJECT, store)
    assert counted is not None
    assert (counted.usage_bytes, counted.in_progress, counted.cancelled) == (0, 1, 0)


def test_a_cancelled_batch_of_a_deleted_store_does_not_stop_the_rewriting(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    steps.complete_row(database, row)
    with database.transaction() as session:
        batch = FileBatch(id="vsfb_1", vector_store_id=store, created_at=1)
        membership.attach(session, store, [rows.make_member(ids[0], tokens=400)], batch)
    steps.cancel_batch(database, "vsfb_1", mark_files=False)
    with database.transaction() as session:
        stores.delete(session, DEFAULT_PROJECT, store)

    steps.mark_cancelled_files(database)

    assert rows.read_outcomes(database, "vsfb_1") == ["cancelled"]


def test_concurrent_cancel_and_completion_leave_one_outcome_a_thousand_times(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1_000)
    batches = [rows.attach_batch(database, store, ids[n : n + 10]) for n in range(0, 1_000, 10)]
    with database.reading() as session:
        members = session.execute(select(StoreFile.row, FileBatch.id).join(FileBatch, FileBatch.row == StoreFile.batch))
        rows_of_batch: dict[str, list[int]] = {}
        for row, batch in members:
            rows_of_batch.setdefault(batch, []).append(row)
    completed = 0

    def complete_all(leases: Sequence[Claim]) -> int:
        won = 0
        for lease in leases:
            try:
                won += steps.complete(database, lease)
            except Abandoned:
                continue
        return won

    for batch in batches:
        leases = [rows.claim(database, row) for row in sorted(rows_of_batch[batch])]
        *results, _ = steps.run_concurrently(
            lambda half=leases[:5]: complete_all(half),  # type: ignore[misc]  # mypy infers no lambda with defaults
            lambda half=leases[5:]: complete_all(half),  # type: ignore[misc]  # as above
            lambda batch=batch: steps.cancel_batch(database, batch, mark_files=False),  # type: ignore[misc]  # as above
        )
        won = sum(int(str(result)) for result in results)
        assert rows.read_counts(database, batch) == (0, won, 0, 10 - won)
        completed += won

    steps.mark_cancelled_files(database)
    assert rows.read_counts(database, store) == (0, completed, 0, 1_000 - completed)
    for batch in batches:
        _, completed_count, _, cancelled_count = rows.read_counts(database, batch)
        outcomes = ["cancelled"] * cancelled_count + ["completed"] * completed_count
        assert rows.read_outcomes(database, batch) == outcomes
