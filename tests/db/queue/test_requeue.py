"""Retries and repairs, on both databases. Re-indexes are in test_requeue_reindex.py."""

import pytest

from ingest import ids
from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import batches as batch_rows
from ingest.db.content import stores
from ingest.db.models import FileBatch
from ingest.db.queue import claims, membership, requeue
from ingest.db.queue.counters import PointTotals
from ingest.db.queue.requeue import ReasonCount
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.db import rows
from tests.db.queue import steps


def test_only_failed_files_are_retried_and_their_batch_keeps_its_counts(database: Database) -> None:
    store = rows.create_store(database)
    old, files = steps.create_outcomes(database, store, "", "broken", "broken", "empty")

    new, reasons = steps.retry(database, store, ["failed"])

    assert reasons == [ReasonCount("invalid_file", "broken", 2), ReasonCount("invalid_file", "empty", 1)]
    assert rows.read_counts(database, old) == (0, 1, 3, 0)
    assert rows.read_counts(database, new) == (3, 0, 0, 0)
    assert rows.read_counts(database, store) == (3, 1, 0, 0)
    assert rows.read_outcomes(database, new) == ["in_progress"] * 3
    assert [rows.get_row(database, store, file_id).status for file_id in files] == ["completed", *["queued"] * 3]


def test_a_retried_file_is_counted_in_the_new_batch_only(database: Database) -> None:
    store = rows.create_store(database)
    old, [file_id] = steps.create_outcomes(database, store, "broken")
    new, _ = steps.retry(database, store, ["failed"])

    claim = rows.claim(database, rows.get_row(database, store, file_id).row)
    with database.transaction() as session:
        assert claims.complete(session, claim, PointTotals(1, 10, 100))

    assert (claim.generation, claim.attempt) == (2, 1)
    assert rows.read_counts(database, old) == (0, 0, 1, 0)
    assert rows.read_counts(database, new) == (0, 1, 0, 0)
    assert rows.read_counts(database, store) == (0, 1, 0, 0)


def test_a_retried_file_keeps_its_attributes_and_chunking(database: Database) -> None:
    store = rows.create_store(database)
    [file_id] = rows.create_files(database, 1)
    with database.transaction() as session:
        membership.attach(session, store, [rows.make_member(file_id, tokens=300, attributes={"a": "b"})], None)
    claim = rows.claim(database, rows.get_row(database, store, file_id).row)
    with database.transaction() as session:
        claims.fail(session, claim, "server_error", "no luck")

    steps.retry(database, store, ["failed"])

    again = rows.get_row(database, store, file_id)
    assert (again.attributes, again.chunk_tokens, again.chunk_overlap) == ({"a": "b"}, 300, 150)
    assert (again.error_code, again.error_message, again.crashes) == (None, None, 0)


def test_retrying_a_batch_leaves_the_files_of_other_batches(database: Database) -> None:
    store = rows.create_store(database)
    first, [own_file] = steps.create_outcomes(database, store, "broken")
    _, [other_file] = steps.create_outcomes(database, store, "broken")

    steps.retry(database, store, ["failed"], of_batch=first)

    assert rows.get_row(database, store, own_file).status == "queued"
    assert rows.get_row(database, store, other_file).status == "failed"


def test_a_retry_without_files_makes_no_batch(database: Database) -> None:
    store = rows.create_store(database)
    steps.create_outcomes(database, store, "")

    new, reasons = steps.retry(database, store, ["failed", "cancelled"])

    assert reasons == []
    with database.reading() as session:
        assert batch_rows.get_batch(session, store, new) is None


def test_a_retry_of_no_status_matches_no_file(database: Database) -> None:
    store = rows.create_store(database)
    batch, _ = steps.create_outcomes(database, store, "", "broken")

    for of_batch in (None, batch):
        assert steps.retry(database, store, [], of_batch=of_batch)[1] == []
    assert rows.read_counts(database, store) == (0, 1, 1, 0)


def test_no_more_files_than_the_limit_are_retried(database: Database) -> None:
    store = rows.create_store(database)
    steps.create_outcomes(database, store, *["broken"] * 5)

    new, _ = steps.retry(database, store, ["failed"], limit=3)

    assert rows.read_counts(database, new) == (3, 0, 0, 0)
    assert rows.read_counts(database, store) == (3, 0, 2, 0)


@pytest.mark.parametrize("are_rewritten", [True, False])
def test_cancelled_files_are_retried_before_and_after_their_rows_are_rewritten(
    database: Database, are_rewritten: bool
) -> None:
    store = rows.create_store(database)
    files = rows.create_files(database, 3)
    old = rows.attach_batch(database, store, files)
    rows.claim(database, rows.get_row(database, store, files[0]).row)
    steps.cancel_batch(database, old, mark_files=are_rewritten)

    new, reasons = steps.retry(database, store, ["cancelled"])
    steps.mark_cancelled_files(database)

    assert reasons == [ReasonCount("cancelled", "It was cancelled.", 3)]
    assert rows.read_counts(database, old) == (0, 0, 0, 3)
    assert rows.read_outcomes(database, old) == ["cancelled"] * 3
    assert rows.read_counts(database, new) == (3, 0, 0, 0)
    assert rows.read_counts(database, store) == (3, 0, 0, 0)
    claimed_row = rows.get_row(database, store, files[0]).row
    assert steps.read_purges(database) == [(claimed_row, 0, 1)]


def test_the_claim_of_a_cancelled_file_cannot_complete_the_retried_one(database: Database) -> None:
    store = rows.create_store(database)
    [file_id] = rows.create_files(database, 1)
    old = rows.attach_batch(database, store, [file_id])
    claim = rows.claim(database, rows.get_row(database, store, file_id).row)
    assert steps.cancel_batch(database, old, mark_files=False)

    steps.retry(database, store, ["cancelled"])

    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, claim, PointTotals(1, 1, 1))


def test_the_totals_of_a_cancelled_file_are_subtracted_when_it_is_retried(database: Database) -> None:
    store = rows.create_store(database)
    _, [file_id] = steps.create_outcomes(database, store, "")
    other = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=1)
    with database.transaction() as session:
        membership.attach(session, store, [rows.make_member(file_id, tokens=200)], other)
    assert steps.cancel_batch(database, other.id, mark_files=False)

    steps.retry(database, store, ["cancelled"])

    file = rows.get_row(database, store, file_id)
    assert (file.chunks, file.live_generation) == (0, None)
    with database.reading() as session:
        counted = stores.get(session, DEFAULT_PROJECT, store)
    assert counted is not None
    assert (counted.chunks, counted.terms, counted.usage_bytes) == (0, 0, 0)


def test_rewritten_files_keep_their_live_points_until_they_complete(database: Database) -> None:
    store = rows.create_store(database)
    old, files = steps.create_outcomes(database, store, "", "", "broken")
    numbers = [rows.get_row(database, store, file_id).row for file_id in files]
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=1)

    with database.transaction() as session:
        assert requeue.rewrite_points(session, batch, numbers) == 2

    file = rows.get_row(database, store, files[0])
    assert (file.status, file.generation, file.live_generation, file.chunks) == ("queued", 2, 1, 1)
    assert rows.read_counts(database, old) == (0, 2, 1, 0)
    assert rows.read_counts(database, batch.id) == (2, 0, 0, 0)
    assert rows.read_counts(database, store) == (2, 0, 1, 0)
