"""The condition of abandoned work, which claims, renewals and the feeder share."""

from typing import Any

import pytest
from sqlalchemy import select, update

from ingest.db.models import FileBatch, StoreFile, VectorStore
from ingest.db.predicates import is_not_abandoned
from ingest.db.session import Database
from tests.db import rows


@pytest.mark.parametrize(
    ("table", "values", "is_abandoned"),
    [
        (VectorStore, {}, False),
        (VectorStore, {"deleted_at": 1.0}, True),
        (VectorStore, {"expired_at": 1}, True),
        (FileBatch, {"cancelled_at": 1.0, "in_progress": 0}, True),
    ],
)
def test_work_is_abandoned_when_its_batch_is_cancelled_or_its_store_not_active(
    database: Database, table: type[Any], values: dict[str, Any], is_abandoned: bool
) -> None:
    store = rows.create_store(database)
    [file_id] = rows.create_files(database, 1)
    rows.attach_batch(database, store, [file_id])
    if values:
        with database.transaction() as session:
            session.execute(update(table).values(values))

    with database.reading() as session:
        assert (session.scalar(select(StoreFile.row).where(is_not_abandoned())) is None) == is_abandoned


def test_the_file_of_another_batch_or_of_none_is_not_abandoned(database: Database) -> None:
    store = rows.create_store(database)
    alone, cancelled, other = rows.create_files(database, 3)
    rows.attach(database, store, [alone])
    batch_id = rows.attach_batch(database, store, [cancelled])
    rows.attach_batch(database, store, [other])
    with database.transaction() as session:
        cancel = update(FileBatch).where(FileBatch.id == batch_id)
        session.execute(cancel.values(cancelled_at=1.0, in_progress=0))

    with database.reading() as session:
        found = session.scalars(select(StoreFile.file_id).where(is_not_abandoned())).all()
    assert set(found) == {alone, other}
