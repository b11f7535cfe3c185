"""Attaching and removing files, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event

from ingest.db.content import members as member_rows
from ingest.db.models import FileBatch
from ingest.db.pages import Window
from ingest.db.queue import claims, membership
from ingest.db.queue.counters import PointTotals
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.db import rows
from tests.db.queue import steps


def live_generation(database: Database, store: str, row: int) -> int:
    with database.reading() as session:
        return member_rows.live_files(session, store, [row])[row].generation


def test_files_of_a_batch_keep_the_order_in_which_they_were_given(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 50)[::-1]

    rows.attach_batch(database, store, ids)

    with database.reading() as session:
        page = member_rows.list_files(session, store, Window(limit=100, order="asc"), status=None)
    assert [file.file_id for file in page.items] == ids


def test_eight_concurrent_attaches_of_one_file_make_one_row(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)

    with ThreadPoolExecutor(8) as pool:
        attached = list(pool.map(lambda _: rows.attach(database, store, ids), range(8)))

    assert len({tuple(row) for row in attached}) == 1
    assert rows.read_counts(database, store) == (1, 0, 0, 0)


def test_two_concurrent_batches_of_the_same_files_have_exact_counts(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 300)

    with ThreadPoolExecutor(2) as pool:
        batches = list(pool.map(lambda order: rows.attach_batch(database, store, order), (ids, ids[::-1])))
    for file_id in ids:
        steps.complete_row(database, rows.get_row(database, store, file_id).row)

    assert [rows.read_counts(database, batch) for batch in batches] == [(0, 300, 0, 0)] * 2
    assert rows.read_counts(database, store) == (0, 300, 0, 0)


def test_a_batch_of_completed_files_is_completed_at_once(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 2)
    for row in rows.attach(database, store, ids):
        steps.complete_row(database, row)

    batch = rows.attach_batch(database, store, ids)

    assert rows.read_counts(database, batch) == rows.read_counts(database, store) == (0, 2, 0, 0)


def test_a_failed_file_is_processed_again_when_it_is_attached_again(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    first = rows.attach_batch(database, store, ids)
    row = rows.get_row(database, store, ids[0]).row
    claim = rows.claim(database, row)
    with database.transaction() as session:
        claims.fail(session, claim, "server_error", "bad day")

    second = rows.attach_batch(database, store, ids)

    assert rows.read_counts(database, first) == (0, 0, 1, 0)
    assert rows.read_counts(database, second) == rows.read_counts(database, store) == (1, 0, 0, 0)
    assert rows.claim(database, row).generation == 2


def test_other_chunking_processes_a_completed_file_again_while_its_old_points_are_live(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    steps.complete_row(database, row)

    rows.attach(database, store, ids, tokens=400)

    assert live_generation(database, store, row) == 1
    assert rows.read_counts(database, store) == (1, 0, 0, 0)
    steps.complete_row(database, row)
    assert live_generation(database, store, row) == 2
    assert steps.read_purges(database) == [(row, 0, 1)]


def test_the_first_points_stay_live_while_the_chunking_changes_twice(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    steps.complete_row(database, row)

    rows.attach(database, store, ids, tokens=400)
    rows.attach(database, store, ids, tokens=200)

    assert steps.read_purges(database) == []
    assert live_generation(database, store, row) == 1
    steps.complete_row(database, row)
    assert steps.read_purges(database) == [(row, 0, 2)]


def test_a_claim_is_lost_when_its_file_is_attached_with_other_chunking(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    lost = rows.claim(database, row)

    rows.attach(database, store, ids, tokens=400)

    assert steps.has_lost_claim(database, lost)
    assert rows.claim(database, row).generation == 2


def test_a_claim_is_lost_when_its_file_is_removed_and_attached_again(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    lost = rows.claim(database, row)
    with database.transaction() as session:
        assert membership.remove(session, store, ids[0])

    [new_row] = rows.attach(database, store, ids)

    assert steps.has_lost_claim(database, lost)
    assert rows.read_counts(database, store) == (1, 0, 0, 0)
    assert steps.complete(database, rows.claim(database, new_row))


@pytest.mark.parametrize("moment", ["queued", "running", "completed"])
def test_a_removed_file_is_subtracted_from_all_counters_and_its_points_are_purged(
    database: Database, moment: str
) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    batch = rows.attach_batch(database, store, ids)
    row = rows.get_row(database, store, ids[0]).row
    claim = None
    if moment == "running":
        claim = rows.claim(database, row)
    elif moment == "completed":
        steps.complete_row(database, row)

    with database.transaction() as session:
        assert membership.remove(session, store, ids[0])

    assert rows.read_counts(database, store) == (0, 0, 0, 0)
    assert rows.read_counts(database, batch) == ((0, 1, 0, 0) if moment == "completed" else (0, 0, 0, 1))
    assert steps.read_purges(database) == [(row, 0, 1)]
    if claim is not None:
        with pytest.raises(Abandoned), database.transaction() as session:
            claims.complete(session, claim, PointTotals(1, 1, 1))


def test_several_files_are_removed_at_once_and_subtracted_from_the_counters_of_their_batches(
    database: Database,
) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 4)
    batch = rows.attach_batch(database, store, ids[:3])
    rows.attach(database, store, ids[3:])
    steps.complete_row(database, rows.get_row(database, store, ids[0]).row)
    numbers = [rows.get_row(database, store, file_id).row for file_id in ids]

    with database.transaction() as session:
        membership.remove_locked(session, store, membership.lock_rows(session, [*numbers[1:], numbers[0]]))
        membership.remove_locked(session, store, [])

    assert rows.read_counts(database, store) == (0, 0, 0, 0)
    assert rows.read_counts(database, batch) == (0, 1, 0, 2)
    assert sorted(steps.read_purges(database)) == [(row, 0, 1) for row in numbers]


def test_a_removed_file_that_is_attached_again_gets_a_new_row(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [old_row] = rows.attach(database, store, ids)
    with database.transaction() as session:
        membership.remove(session, store, ids[0])

    [new_row] = rows.attach(database, store, ids)

    assert new_row != old_row


def test_new_attributes_of_an_attached_file_are_queued_for_its_points(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 2)
    first, _ = rows.attach(database, store, ids)

    with database.transaction() as session:
        members = [rows.make_member(ids[0], attributes={"b": "2"}), rows.make_member(ids[1])]
        assert membership.attach(session, store, members, None) == [first]

    assert rows.get_row(database, store, ids[0]).attributes == {"b": "2"}
    assert rows.get_row(database, store, ids[0]).attributes_version == 1


@pytest.mark.parametrize(("before", "after"), [(True, 1), (1, True), (0, False), (1, 1.0), ("1", 1)])
def test_attributes_that_are_equal_in_python_but_not_in_json_are_replaced(
    database: Database, before: Any, after: Any
) -> None:
    store = rows.create_store(database)
    [file_id] = rows.create_files(database, 1)
    for value in (before, after, after):
        with database.transaction() as session:
            membership.attach(session, store, [Member(file_id, {"a": value}, 800, 400)], None)

    row = rows.get_row(database, store, file_id)
    assert (repr(row.attributes["a"]), row.attributes_version) == (repr(after), 1)


def test_many_files_are_attached_again_in_few_statements(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 300)
    rows.attach_batch(database, store, ids)
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    second = rows.attach_batch(database, store, ids)

    assert len(statements) < 30
    assert rows.read_counts(database, second) == (300, 0, 0, 0)


def test_a_file_attached_with_the_pending_chunking_joins_the_reindex(database: Database) -> None:
    store = rows.create_store(database)
    _, [file_id] = steps.create_outcomes(database, store, "")
    first = steps.reindex(database, store, tokens=300)
    second = FileBatch(id="vsfb_second", vector_store_id=store, created_at=1)
    with database.transaction() as session:
        membership.attach(session, store, [Member(file_id, None, 300, 0)], second)
    row = rows.get_row(database, store, file_id).row

    steps.fail(database, rows.claim(database, row))

    assert rows.read_counts(database, first) == rows.read_counts(database, second.id) == (0, 0, 1, 0)
    assert rows.read_counts(database, store) == (0, 1, 0, 0)
    assert live_generation(database, store, row) == 1
