"""Rows of uploaded files, on both databases."""

from ingest import ids
from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import files
from ingest.db.id_slices import MAX_IDS
from ingest.db.models import File
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows

BLOB = "a" * 64


def add(database: Database, *, expires_at: int | None = None) -> str:
    file = File(
        project=DEFAULT_PROJECT,
        id=ids.new("file-"),
        filename="a.txt",
        bytes=1,
        purpose="assistants",
        blob=BLOB,
        created_at=1,
        expires_at=expires_at,
    )
    with database.transaction() as session:
        files.add(session, file)
    return file.id


def test_an_added_file_is_read(database: Database) -> None:
    file_id = add(database)

    with database.reading() as session:
        file = files.get(session, DEFAULT_PROJECT, file_id)
        assert files.get(session, "another project", file_id) is None
        assert files.is_blob_used(session, BLOB)
        assert not files.is_blob_used(session, "b" * 64)

    assert file is not None
    assert (file.filename, file.bytes, file.blob, file.expires_at) == ("a.txt", 1, BLOB, None)


def test_an_expired_file_is_seen_only_by_garbage_collection(database: Database, clock: Clock) -> None:
    file_id = add(database, expires_at=int(clock()) + 10)
    clock.advance(11)

    with database.reading() as session:
        assert files.get(session, DEFAULT_PROJECT, file_id) is None
        assert files.list_page(session, DEFAULT_PROJECT, rows.WINDOW, purpose=None).items == []
        assert [file.id for file in files.list_expired(session, 10)] == [file_id]


def test_missing_ids_keep_their_order(database: Database) -> None:
    existing = rows.create_files(database, 2)
    missing = [f"file-{n}" for n in range(MAX_IDS + 1)]

    with database.reading() as session:
        assert files.missing_ids(session, DEFAULT_PROJECT, [existing[0], *missing, existing[1]]) == missing


def test_the_stores_of_a_file_are_listed(database: Database) -> None:
    [file_id] = rows.create_files(database, 1)
    stores = [rows.create_store(database) for _ in range(2)]
    for store in stores:
        rows.attach(database, store, [file_id])

    with database.reading() as session:
        assert list(files.stores_of(session, file_id)) == stores
