"""The cancel of a batch of 100,000 files is immediate for the caller, on both databases."""

import time

import pytest
from sqlalchemy import insert, select

from ingest.caller import DEFAULT_PROJECT
from ingest.db.models import BatchFile, File, FileBatch, StoreFile, VectorStore
from ingest.db.session import Database
from ingest.jobs.maintenance import finish_cancelled_batches
from ingest.stores import batches
from tests.db import rows
from tests.fakes import CALLER, FakeServices

FILES = 100_000


def insert_large_batch(database: Database, store: str) -> str:
    """Insert a batch and its files directly: attaching them takes longer than the test."""
    with database.transaction() as session:
        batch = FileBatch(id="vsfb_large", vector_store_id=store, created_at=1, in_progress=FILES)
        session.add(batch)
        session.flush()
        counted = session.scalars(select(VectorStore).where(VectorStore.id == store)).one()
        counted.in_progress = FILES
        common = {"project": DEFAULT_PROJECT, "filename": "a.txt", "bytes": 1, "purpose": "assistants", "created_at": 1}
        names = [f"file-{n}" for n in range(FILES)]
        session.execute(insert(File), [common | {"id": name, "blob": "0" * 64} for name in names])
        queued = {
            "vector_store_id": store, "batch": batch.row, "created_at": 1, "attributes": {}, "attributes_version": 0,
            "chunk_tokens": 800, "chunk_overlap": 400, "status": "queued", "fence": 0, "generation": 1, "attempts": 0,
            "crashes": 0, "queued_at": 1.0, "not_before": 0.0, "chunks": 0, "terms": 0, "usage_bytes": 0,
        }  # fmt: skip
        session.execute(insert(StoreFile), [queued | {"file_id": name} for name in names])
        members = select(StoreFile.batch, StoreFile.row, StoreFile.status).where(StoreFile.batch == batch.row)
        waiting = [{"batch": m.batch, "store_file": m.row, "status": "in_progress"} for m in session.execute(members)]
        session.execute(insert(BatchFile), waiting)
    return batch.id


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_batch_of_100_000_files_is_cancelled_in_less_than_a_second(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    batch = insert_large_batch(services.database, store)
    row = rows.get_row(services.database, store, "file-77777").row

    began = time.monotonic()
    cancelled = batches.cancel(services, CALLER, store, batch)
    seconds = time.monotonic() - began

    assert (cancelled.in_progress, cancelled.cancelled) == (0, FILES)
    assert rows.read_counts(services.database, store) == (0, 0, 0, FILES)
    assert seconds < 1, f"the caller waited {seconds:.2f} s"
    assert rows.try_claim(services.database, row) is None
    assert services.feeder.top_up() == 0

    began = time.monotonic()
    finish_cancelled_batches(services)
    rewriting_seconds = time.monotonic() - began

    print(f"cancelled in {seconds:.3f} s, rewritten in {rewriting_seconds:.1f} s")
    with services.database.reading() as session:
        assert set(session.scalars(select(StoreFile.status).distinct())) == {"cancelled"}
    assert rows.read_counts(services.database, batch) == rows.read_counts(services.database, store) == (0, 0, 0, FILES)
