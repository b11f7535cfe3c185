"""The files of a store as the API and search see them, on both databases."""

from sqlalchemy import select

from ingest.db.content import members, stores
from ingest.db.models import FileBatch, VectorStore
from ingest.db.session import Database
from ingest.status import FILE_STATUSES
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps


def test_the_status_filter_agrees_with_the_status_of_each_file(database: Database) -> None:
    store = rows.create_store(database)
    steps.create_outcomes(database, store, "", "broken", "")
    reindexed = steps.reindex(database, store)
    steps.cancel_batch(database, reindexed, mark_files=False)
    rows.attach(database, store, rows.create_files(database, 1))
    steps.cancel_batch(database, rows.attach_batch(database, store, rows.create_files(database, 2)), mark_files=False)

    with database.reading() as session:
        files = members.list_files(session, store, rows.WINDOW, status=None).items
        for status in FILE_STATUSES:
            page = members.list_files(session, store, rows.WINDOW, status=status)
            assert [file.row for file in page.items] == [file.row for file in files if file.status == status]
        assert members.get_file(session, store, files[0].file_id) == files[0]

    assert [file.status for file in files] == ["completed", "cancelled", "completed", "in_progress", *["cancelled"] * 2]


def test_a_reindex_shows_the_outcomes_of_its_files(database: Database) -> None:
    store = rows.create_store(database)
    _, ids = steps.create_outcomes(database, store, "", "")
    batch_id = steps.reindex(database, store)
    steps.fail(database, rows.claim(database, rows.get_row(database, store, ids[0]).row), "too late")
    steps.complete_row(database, rows.get_row(database, store, ids[1]).row)

    with database.reading() as session:
        batch = session.scalars(select(FileBatch).where(FileBatch.id == batch_id)).one()
        files = members.list_batch_files(session, batch, rows.WINDOW, status=None).items
        failed = members.list_batch_files(session, batch, rows.WINDOW, status="failed").items
        views = members.list_files(session, store, rows.WINDOW, status=None).items

    assert [(file.status, file.error_message) for file in files] == [("failed", "too late"), ("completed", None)]
    assert [file.file_id for file in failed] == [ids[0]]
    assert [file.status for file in views] == ["completed", "completed"]


def test_search_sees_live_files_only(database: Database) -> None:
    store = rows.create_store(database)
    _, ids = steps.create_outcomes(database, store, "", "broken")
    [queued] = rows.attach(database, store, rows.create_files(database, 1))
    numbers = [rows.get_row(database, store, file_id).row for file_id in ids]

    with database.reading() as session:
        live = members.live_files(session, store, [*numbers, queued])
        assert members.live_files(session, "vs_other", numbers) == {}

    assert {row: file.generation for row, file in live.items()} == {numbers[0]: 1}


def test_a_store_past_its_expiry_has_no_files(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    [file_id] = rows.create_files(database, 1)
    rows.attach(database, store, [file_id])
    with database.transaction() as session:
        session.scalars(select(VectorStore)).one().expires_after_days = 1

    with database.reading() as session:
        assert members.list_files(session, store, rows.WINDOW, status=None).items == []
        assert members.get_file(session, store, file_id) is None
        assert list(stores.list_due(session, 10)) == [store]
