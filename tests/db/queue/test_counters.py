"""The counters of batches and stores, on both databases."""

import pytest
from sqlalchemy import select, update

from ingest.db.models import FileBatch, VectorStore
from ingest.db.queue import counters
from ingest.db.queue.counters import CounterDelta, PointTotals
from ingest.db.session import Database
from ingest.errors import Abandoned, ModelChanged
from tests.db import rows
from tests.db.queue import steps


def batch_row(database: Database, batch_id: str) -> int:
    with database.reading() as session:
        return session.scalars(select(FileBatch.row).where(FileBatch.id == batch_id)).one()


def test_a_store_counts_files_and_totals(database: Database) -> None:
    store = rows.create_store(database)

    with database.transaction() as session:
        counters.add_to_store(session, store, CounterDelta(in_progress=2), PointTotals(1, 10, 100))
        counters.add_to_store(session, store, CounterDelta(in_progress=-1, failed=1), epoch=0)

    assert rows.read_counts(database, store) == (1, 0, 1, 0)
    with database.reading() as session:
        totals = session.execute(select(VectorStore.chunks, VectorStore.terms, VectorStore.usage_bytes)).one()
    assert tuple(totals) == (1, 10, 100)


def languages_of(database: Database, store_id: str) -> int:
    with database.reading() as session:
        return session.scalars(select(VectorStore.languages).where(VectorStore.id == store_id)).one()


def test_a_store_gains_the_languages_of_its_files_and_never_loses_one(database: Database) -> None:
    store, other = rows.create_store(database), rows.create_store(database)
    assert languages_of(database, store) == 0

    for languages in (0b1001, 0, 0b0011, 1 << 62):
        with database.transaction() as session:
            counters.add_to_store(session, store, CounterDelta(completed=1), epoch=0, languages=languages)
    with database.transaction() as session:
        counters.add_to_store(session, store, CounterDelta(completed=-1))

    assert languages_of(database, store) == 0b1011 | 1 << 62
    assert languages_of(database, other) == 0


def test_a_store_with_another_epoch_gains_no_languages(database: Database) -> None:
    store = rows.create_store(database)

    with pytest.raises(ModelChanged), database.transaction() as session:
        counters.add_to_store(session, store, CounterDelta(completed=1), epoch=4, languages=2)

    assert languages_of(database, store) == 0


def test_a_store_with_another_epoch_counts_nothing(database: Database) -> None:
    store = rows.create_store(database)
    with database.transaction() as session:
        session.execute(update(VectorStore).values(epoch=5))

    with pytest.raises(ModelChanged), database.transaction() as session:
        counters.add_to_store(session, store, CounterDelta(in_progress=1), epoch=4)

    assert rows.read_counts(database, store) == (0, 0, 0, 0)


@pytest.mark.parametrize("epoch", [None, 0])
def test_an_expired_store_counts_nothing(database: Database, epoch: int | None) -> None:
    store = rows.create_store(database)
    with database.transaction() as session:
        session.execute(update(VectorStore).values(expired_at=1))

    with pytest.raises(Abandoned), database.transaction() as session:
        counters.add_to_store(session, store, CounterDelta(in_progress=1), epoch=epoch)


def test_the_counters_of_a_cancelled_batch_are_final(database: Database) -> None:
    store = rows.create_store(database)
    batch = rows.attach_batch(database, store, rows.create_files(database, 2))
    steps.cancel_batch(database, batch)

    with database.transaction() as session:
        assert not counters.add_to_batch(session, batch_row(database, batch), CounterDelta(completed=1))

    assert rows.read_counts(database, batch) == (0, 0, 0, 2)


def test_a_file_with_a_fallback_fails_in_its_batch_and_stays_completed_in_its_store(database: Database) -> None:
    store = rows.create_store(database)
    _, [file_id] = steps.create_outcomes(database, store, "")
    batch = steps.reindex(database, store)

    steps.fail(database, rows.claim(database, rows.get_row(database, store, file_id).row))

    assert rows.read_counts(database, batch) == (0, 0, 1, 0)
    assert rows.read_counts(database, store) == (0, 1, 0, 0)


def test_totals_are_added_and_subtracted() -> None:
    assert PointTotals(1, 2, 3).plus(PointTotals(10, 20, 30)) == PointTotals(11, 22, 33)
    assert PointTotals(1, 2, 3).minus(PointTotals(1, 1, 1)) == PointTotals(0, 1, 2)
