"""Counters against a recount of the files."""

import pytest
from sqlalchemy import update

from ingest.db.checks import recount
from ingest.db.models import FileBatch, VectorStore
from ingest.db.session import Database
from tests.db import rows


@pytest.fixture
def counted(database: Database) -> tuple[str, str]:
    """A store and its batch, with two files in progress."""
    store = rows.create_store(database)
    return store, rows.attach_batch(database, store, rows.create_files(database, 2))


def test_right_counters_agree_with_the_recount(database: Database, counted: tuple[str, str]) -> None:
    with database.reading() as session:
        stores, batches = recount.recount_stores(session, 0), recount.recount_batches(session, 0)

    assert [(each.id, each.is_correct, each.difference) for each in [*stores, *batches]] == [
        (object_id, True, "") for object_id in counted
    ]


def test_wrong_counters_are_described_and_corrected(database: Database, counted: tuple[str, str]) -> None:
    with database.transaction() as session:
        session.execute(update(VectorStore).values(in_progress=1, chunks=4))
        session.execute(update(FileBatch).values(in_progress=1, failed=3))

    with database.transaction() as session:
        [store], [batch] = recount.recount_stores(session, 0), recount.recount_batches(session, 0)
        assert (store.is_correct, batch.is_correct) == (False, False)
        assert store.difference == "in_progress is stored as 1, counted 2, chunks is stored as 4, counted 0"
        assert batch.difference == "in_progress is stored as 1, counted 2, failed is stored as 3, counted 0"
        assert recount.correct_store(session, store.id) == store
        assert recount.correct_batch(session, batch.row) == batch

    assert [rows.read_counts(database, each) for each in counted] == [(2, 0, 0, 0)] * 2


def test_the_open_files_of_a_cancelled_batch_count_as_cancelled(database: Database, counted: tuple[str, str]) -> None:
    with database.transaction() as session:
        session.execute(update(FileBatch).values(in_progress=0, cancelled=2, cancelled_at=1.0))
        session.execute(update(VectorStore).values(in_progress=0, cancelled=2))

    with database.reading() as session:
        checked = [*recount.recount_stores(session, 0), *recount.recount_batches(session, 0)]
    assert [each.is_correct for each in checked] == [True, True]


def test_a_deleted_store_is_neither_recounted_nor_corrected(database: Database, counted: tuple[str, str]) -> None:
    with database.transaction() as session:
        session.execute(update(VectorStore).values(deleted_at=1.0))

        assert recount.recount_stores(session, 0) == []
        assert recount.correct_store(session, counted[0]) is None
