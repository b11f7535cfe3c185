"""Rows of batches, on both databases."""

from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import batches, stores
from ingest.db.session import Database
from tests.db import rows


def test_a_batch_is_read_in_its_store_only(database: Database) -> None:
    store, other_store = rows.create_store(database), rows.create_store(database)
    batch_id = rows.attach_batch(database, store, rows.create_files(database, 1))

    with database.reading() as session:
        batch = batches.get_batch(session, store, batch_id)
        assert batches.get_batch(session, other_store, batch_id) is None

    assert batch is not None
    assert batch.id == batch_id


def test_batches_of_deleted_stores_are_not_read(database: Database) -> None:
    kept_store, deleted_store = rows.create_store(database), rows.create_store(database)
    numbers = []
    for store in (kept_store, deleted_store):
        batch_id = rows.attach_batch(database, store, rows.create_files(database, 1))
        with database.reading() as session:
            batch = batches.get_batch(session, store, batch_id)
        assert batch is not None
        numbers.append(batch.row)
    with database.transaction() as session:
        stores.delete(session, DEFAULT_PROJECT, deleted_store)

    with database.reading() as session:
        assert [batch.row for batch in batches.get_batches(session, numbers)] == numbers[:1]
