"""File batches of a vector store."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from ingest.db.models import FileBatch
from ingest.db.queue import reclaim
from ingest.db.queue.membership import Member
from ingest.errors import DependencyDown, NotFound
from ingest.status import batch_status, file_counts
from ingest.stores import batches, vector_stores
from tests.db.rows import WINDOW
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import run_published_jobs, upload_text


def create_batch(services: FakeServices, *texts: str) -> FileBatch:
    """Create a store with a batch of one file for each text."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    members = [Member(upload_text(services, text), {}, 800, 400) for text in texts]
    return batches.create(services, CALLER, store, members)


def test_a_batch_completes_with_its_last_file(services: FakeServices) -> None:
    batch = create_batch(services, "one", "two")
    assert batch_status(batch) == "in_progress"

    run_published_jobs(services)

    ended = batches.retrieve(services, CALLER, batch.vector_store_id, batch.id)
    assert batch_status(ended) == "completed"
    assert file_counts(ended)["completed"] == 2


def test_a_file_listed_twice_gets_the_options_of_its_first_occurrence(services: FakeServices) -> None:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    first, second = upload_text(services, "one"), upload_text(services, "two")
    members = [Member(first, {"n": 1.0}, 800, 400), Member(second, {}, 800, 400), Member(first, {"n": 2.0}, 300, 0)]

    batch = batches.create(services, CALLER, store, members)

    page = batches.list_page(services, CALLER, store, batch.id, WINDOW, status=None)
    attached = {file.file_id: (file.attributes, file.chunk_tokens) for file in page.items}
    assert attached == {first: ({"n": 1.0}, 800), second: ({}, 800)}


def test_a_cancelled_batch_keeps_finished_files(services: FakeServices) -> None:
    finished = create_batch(services, "one", "two")
    run_published_jobs(services)
    unfinished = create_batch(services, "three")

    assert batch_status(batches.cancel(services, CALLER, finished.vector_store_id, finished.id)) == "completed"
    cancelled = batches.cancel(services, CALLER, unfinished.vector_store_id, unfinished.id)

    assert batch_status(cancelled) == "cancelled"
    assert file_counts(cancelled) == {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 1, "total": 1}


@pytest.mark.parametrize("rows_per_transaction", [0, 100])
def test_the_files_of_a_cancelled_batch_are_cancelled_before_maintenance_marks_them(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch, rows_per_transaction: int
) -> None:
    batch = create_batch(services, "one")
    monkeypatch.setattr(reclaim, "ROWS_PER_TRANSACTION", rows_per_transaction)

    batches.cancel(services, CALLER, batch.vector_store_id, batch.id)

    page = batches.list_page(services, CALLER, batch.vector_store_id, batch.id, WINDOW, status="cancelled")
    assert [file.status for file in page.items] == ["cancelled"]


def test_a_cancel_succeeds_although_the_files_cannot_be_marked(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = create_batch(services, "one")
    transaction = services.database.transaction
    used = []

    @contextmanager
    def fail_the_second_time() -> Iterator[Session]:
        used.append(1)
        if len(used) == 2:
            raise DependencyDown("database", "lock timeout")
        with transaction() as session:
            yield session

    monkeypatch.setattr(services.database, "transaction", fail_the_second_time)

    assert batch_status(batches.cancel(services, CALLER, batch.vector_store_id, batch.id)) == "cancelled"
    assert len(used) == 2


def test_batches_are_read_by_row_without_those_of_deleted_stores(services: FakeServices) -> None:
    batch, deleted = create_batch(services, "one"), create_batch(services, "two")
    vector_stores.delete(services, CALLER, deleted.vector_store_id)

    assert list(batches.get_by_rows(services, [batch.row, deleted.row, 999])) == [batch.row]


def test_a_batch_of_another_store_is_not_found(services: FakeServices) -> None:
    batch, other = create_batch(services, "one"), create_batch(services, "two")

    with pytest.raises(NotFound, match="No file batch found"):
        batches.retrieve(services, CALLER, other.vector_store_id, batch.id)
