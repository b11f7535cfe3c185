"""Batches that process files again: retries, re-indexes, rollbacks."""

import pytest

from ingest.config import Settings
from ingest.db.session import Database
from ingest.errors import InvalidFile, InvalidRequest, NotFound
from ingest.reindex import rerun_batches
from ingest.status import batch_status, file_counts
from ingest.stores import batches, vector_stores
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

DAY = 86_400


def store_with_failed_files(services: FakeServices, count: int) -> str:
    services.parser.error = InvalidFile("The file is broken.")
    store, _ = attach_texts(services, *[f"text {n}" for n in range(count)])
    run_published_jobs(services)
    services.parser.error = None
    return store


def test_a_retry_queues_and_publishes_the_failed_files(services: FakeServices) -> None:
    store = store_with_failed_files(services, 2)

    retried = rerun_batches.retry(services, CALLER, store, ["failed"])

    assert retried.batch is not None
    assert [(reason.message, reason.files) for reason in retried.reasons] == [("The file is broken.", 2)]
    assert len(services.queue.lanes["bulk"]) == 2
    run_published_jobs(services)
    ended = batches.retrieve(services, CALLER, store, retried.batch.id)
    assert (batch_status(ended), file_counts(ended)["completed"]) == ("completed", 2)


def test_a_retry_without_failed_files_makes_no_batch(services: FakeServices) -> None:
    store, _ = attach_texts(services, "one")
    run_published_jobs(services)

    retried = rerun_batches.retry(services, CALLER, store, ["failed"])

    assert (retried.batch, list(retried.reasons), retried.has_more) == (None, [], False)


def test_a_retry_reports_that_there_are_more_files_than_the_batch_limit(settings: Settings, database: Database) -> None:
    services = FakeServices(settings.model_copy(update={"max_batch_files": 2}), database)
    store = store_with_failed_files(services, 3)

    first = rerun_batches.retry(services, CALLER, store, ["failed"])
    second = rerun_batches.retry(services, CALLER, store, ["failed"])

    assert (first.has_more, second.has_more) == (True, False)


def test_a_reindex_succeeds_while_the_broker_is_down(services: FakeServices) -> None:
    store, _ = attach_texts(services, "one")
    run_published_jobs(services)
    services.queue.is_down = True

    batch = rerun_batches.reindex(services, CALLER, store, "all", None)

    assert batch.in_progress == 1


def test_an_expired_store_is_neither_retried_nor_reindexed(services: FakeServices, clock: Clock) -> None:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=1).id
    clock.advance(DAY)

    with pytest.raises(InvalidRequest, match="has expired"):
        rerun_batches.retry(services, CALLER, store, ["failed"])
    with pytest.raises(InvalidRequest, match="has expired"):
        rerun_batches.reindex(services, CALLER, store, "all", None)


def test_an_unknown_store_or_batch_is_not_found(services: FakeServices) -> None:
    store, _ = attach_texts(services)

    with pytest.raises(NotFound, match="vector store"):
        rerun_batches.roll_back(services, CALLER, "vs_none")
    with pytest.raises(NotFound, match="file batch"):
        rerun_batches.retry(services, CALLER, store, ["failed"], batch_id="vsfb_none")
