"""Row numbers of files in stores: reserved ones, and those that are skipped."""

import pytest

from ingest.db import row_numbers
from ingest.db.session import Database
from tests.db import rows


def test_reserved_row_numbers_are_not_used_by_attached_files(database: Database) -> None:
    store = rows.create_store(database)
    with database.transaction() as session:
        reserved = [row_numbers.reserve(session) for _ in range(3)]

    attached = rows.attach(database, store, rows.create_files(database, 3))

    assert len({*reserved, *attached}) == 6


@pytest.mark.parametrize("files_before", [0, 3])
def test_skipped_row_numbers_are_not_given_out(database: Database, files_before: int) -> None:
    store = rows.create_store(database)
    rows.attach(database, store, rows.create_files(database, files_before))

    with database.transaction() as session:
        row_numbers.advance(session, 70)
        row_numbers.advance(session, 50)
        assert row_numbers.last_row_number(session) == 70

    assert rows.attach(database, store, rows.create_files(database, 2)) == [71, 72]
