"""The API status of files in SQL agrees with that in Python, on both databases."""

from sqlalchemy import select

from ingest.db.models import FileBatch, StoreFile
from ingest.db.queue import api_status
from ingest.db.session import Database
from ingest.status import FILE_STATUSES, UNFINISHED, file_status
from tests.db import rows
from tests.db.queue import steps


def create_all_states(database: Database, store: str) -> None:
    """Create ended, queued and running files, and unfinished ones of cancelled batches with and without fallback."""
    steps.create_outcomes(database, store, "", "broken", "")
    for mark_files in (True, False):
        batch = rows.attach_batch(database, store, rows.create_files(database, 2))
        steps.cancel_batch(database, batch, mark_files=mark_files)
    steps.cancel_batch(database, steps.reindex(database, store), mark_files=False)
    rows.claim(database, rows.attach(database, store, rows.create_files(database, 2))[0])


def test_a_filter_by_status_matches_the_files_with_this_api_status(database: Database) -> None:
    store = rows.create_store(database)
    create_all_states(database, store)

    with database.reading() as session:
        joined = select(StoreFile, FileBatch.cancelled_at).outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        files = session.execute(joined).all()
        shown = {file.row: file_status(file, batch_is_cancelled=at is not None) for file, at in files}
        for status in FILE_STATUSES:
            matched = {file.row for file, _ in session.execute(joined.where(api_status.has_status(status)))}
            assert matched == {row for row, file_status in shown.items() if file_status == status}

        is_in_cancelled_batch = api_status.is_in_cancelled_batch(store)
        for status, matches in (("completed", api_status.is_completed), ("cancelled", api_status.is_cancelled)):
            matched = set(session.scalars(select(StoreFile.row).where(matches(is_in_cancelled_batch))))
            assert matched == {row for row, file_status in shown.items() if file_status == status}


def test_the_status_of_unfinished_files_when_their_batch_is_cancelled(database: Database) -> None:
    store = rows.create_store(database)
    create_all_states(database, store)

    with database.reading() as session:
        for file, status in session.execute(select(StoreFile, api_status.status_when_cancelled())):
            assert status == file_status(file, batch_is_cancelled=file.status in UNFINISHED)
