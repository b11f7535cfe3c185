"""Pages of files for scans, on both databases."""

from ingest.db.content import filterable_files
from ingest.db.queue import membership
from ingest.db.session import Database
from tests.db import rows


def test_pages_have_the_files_of_the_store_in_the_order_of_their_rows(database: Database) -> None:
    store, other = rows.create_store(database), rows.create_store(database)
    ids = rows.create_files(database, 3)
    first, *rest = rows.attach(database, store, ids)
    rows.attach(database, other, ids)

    with database.reading() as session:
        page = filterable_files.page_after(session, store, 0, 2)
        last = filterable_files.page_after(session, store, page[-1].row, 2)

    assert [file.row for file in page + last] == [first, *rest]
    assert [file.file_id for file in page + last] == ids
    assert all(file.filename and file.attributes == {} for file in page + last)


def test_the_row_of_a_removed_file_is_still_known(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    with database.transaction() as session:
        membership.remove(session, store, ids[0])

    with database.reading() as session:
        assert filterable_files.row_of(session, store, ids[0]) == row
        assert filterable_files.row_of(session, store, "file-unknown") is None
