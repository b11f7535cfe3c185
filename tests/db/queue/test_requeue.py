"""Files that run again, on both databases."""

from collections.abc import Callable, Sequence

import pytest

from ingest import ids
from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import stores
from ingest.db.models import FileBatch, PointJob, StoreFile
from ingest.db.queue import claims, membership, requeue
from ingest.db.queue.counters import Sizes
from ingest.db.queue.requeue import Reason, Retryable
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.db import rows


def outcomes(database: Database, store: str, *messages: str) -> tuple[str, list[str]]:
    """A batch whose files failed with these messages, completed where a message is empty; its id and the files."""
    files = rows.files(database, len(messages))
    batch = rows.batch(database, store, files)
    for file_id, message in zip(files, messages, strict=True):
        claim = rows.claimed(database, rows.row(database, store, file_id).row)
        with database.transaction() as session:
            if message:
                claims.fail(session, claim, "invalid_file", message)
            else:
                claims.complete(session, claim, Sizes(1, 10, 100))
    return batch, files


def retry(
    database: Database, store: str, statuses: Sequence[Retryable], *, of_batch: str | None = None, limit: int = 1_000
) -> tuple[str, list[Reason]]:
    """The new batch's id, and the reasons."""
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=1)
    with database.transaction() as session:
        of = None
        if of_batch is not None:
            found = stores.batch(session, store, of_batch)
            assert found is not None
            of = found.row
        reasons = requeue.retry(session, batch, statuses, of_batch=of, limit=limit)
    return batch.id, reasons


def test_only_what_failed_runs_again_and_the_old_batch_keeps_its_counts(database: Database) -> None:
    store = rows.a_store(database)
    old, files = outcomes(database, store, "", "broken", "broken", "empty")

    new, reasons = retry(database, store, ["failed"])

    assert reasons == [Reason("invalid_file", "broken", 2), Reason("invalid_file", "empty", 1)]
    assert rows.counts(database, old) == (0, 1, 3, 0)
    assert rows.counts(database, new) == (3, 0, 0, 0)
    assert rows.counts(database, store) == (3, 1, 0, 0)
    assert rows.memberships(database, new) == ["in_progress"] * 3
    assert [rows.row(database, store, file_id).status for file_id in files] == ["completed", *["queued"] * 3]


def test_a_retried_file_ends_in_the_new_batch_only(database: Database) -> None:
    store = rows.a_store(database)
    old, [file_id] = outcomes(database, store, "broken")
    new, _ = retry(database, store, ["failed"])

    claim = rows.claimed(database, rows.row(database, store, file_id).row)
    with database.transaction() as session:
        assert claims.complete(session, claim, Sizes(1, 10, 100))

    assert (claim.generation, claim.attempt) == (2, 1)
    assert rows.counts(database, old) == (0, 0, 1, 0)
    assert rows.counts(database, new) == (0, 1, 0, 0)
    assert rows.counts(database, store) == (0, 1, 0, 0)


def test_a_file_keeps_its_attributes_and_chunking(database: Database) -> None:
    store = rows.a_store(database)
    [file_id] = rows.files(database, 1)
    with database.transaction() as session:
        membership.attach(session, store, [rows.member(file_id, tokens=300, attributes={"a": "b"})], None)
    claim = rows.claimed(database, rows.row(database, store, file_id).row)
    with database.transaction() as session:
        claims.fail(session, claim, "server_error", "no luck")

    retry(database, store, ["failed"])

    again = rows.row(database, store, file_id)
    assert (again.attributes, again.chunk_tokens, again.chunk_overlap) == ({"a": "b"}, 300, 150)
    assert (again.error_code, again.error_message, again.crashes) == (None, None, 0)


def test_of_one_batch_only_its_own_files_run_again(database: Database) -> None:
    store = rows.a_store(database)
    first, [mine] = outcomes(database, store, "broken")
    _, [other] = outcomes(database, store, "broken")

    retry(database, store, ["failed"], of_batch=first)

    assert rows.row(database, store, mine).status == "queued"
    assert rows.row(database, store, other).status == "failed"


def test_nothing_to_retry_makes_no_batch(database: Database) -> None:
    store = rows.a_store(database)
    outcomes(database, store, "")

    new, reasons = retry(database, store, ["failed", "cancelled"])

    assert reasons == []
    with database.reading() as session:
        assert stores.batch(session, store, new) is None


def test_no_more_than_the_limit_run_again(database: Database) -> None:
    store = rows.a_store(database)
    outcomes(database, store, *["broken"] * 5)

    new, _ = retry(database, store, ["failed"], limit=3)

    assert rows.counts(database, new) == (3, 0, 0, 0)
    assert rows.counts(database, store) == (3, 0, 2, 0)


def cancel(database: Database, store: str, batch_id: str) -> None:
    with database.transaction() as session:
        batch = stores.batch(session, store, batch_id)
        assert batch is not None
        assert membership.cancel(session, batch)


def swept(database: Database) -> None:
    with database.transaction() as session:
        while claims.sweep_cancelled(session):
            pass


@pytest.mark.parametrize("before", [swept, lambda _: None], ids=["swept", "not yet swept"])
def test_cancelled_files_run_again_whether_their_rows_were_swept_or_not(
    database: Database, before: Callable[[Database], None]
) -> None:
    store = rows.a_store(database)
    files = rows.files(database, 3)
    old = rows.batch(database, store, files)
    rows.claimed(database, rows.row(database, store, files[0]).row)
    cancel(database, store, old)
    before(database)

    new, reasons = retry(database, store, ["cancelled"])
    swept(database)

    assert reasons == [Reason("cancelled", "It was cancelled.", 3)]
    assert rows.counts(database, old) == (0, 0, 0, 3)
    assert rows.memberships(database, old) == ["cancelled"] * 3
    assert rows.counts(database, new) == (3, 0, 0, 0)
    assert rows.counts(database, store) == (3, 0, 0, 0)
    with database.reading() as session:  # what the worker may have written goes
        jobs = session.query(PointJob.store_file, PointJob.last_generation).all()
    assert [tuple(job) for job in jobs] == [(rows.row(database, store, files[0]).row, 1)]


def test_a_worker_that_held_a_cancelled_file_can_not_finish_the_retried_one(database: Database) -> None:
    store = rows.a_store(database)
    [file_id] = rows.files(database, 1)
    old = rows.batch(database, store, [file_id])
    claim = rows.claimed(database, rows.row(database, store, file_id).row)
    cancel(database, store, old)

    retry(database, store, ["cancelled"])

    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, claim, Sizes(1, 1, 1))


def test_sizes_of_a_cancelled_file_that_was_there_before_leave_the_store(database: Database) -> None:
    store = rows.a_store(database)
    _, [file_id] = outcomes(database, store, "")
    other = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=1)
    with database.transaction() as session:
        membership.attach(session, store, [rows.member(file_id, tokens=200)], other)
    cancel(database, store, other.id)

    retry(database, store, ["cancelled"])

    found = rows.row(database, store, file_id)
    assert (found.chunks, found.live_generation) == (0, None)
    with database.reading() as session:
        kept = stores.get(session, DEFAULT_PROJECT, store)
    assert kept is not None
    assert (kept.chunks, kept.terms, kept.usage_bytes) == (0, 0, 0)


def test_completed_files_are_written_anew_and_found_until_then(database: Database) -> None:
    store = rows.a_store(database)
    old, files = outcomes(database, store, "", "", "broken")
    numbers = [rows.row(database, store, file_id).row for file_id in files]
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=1)

    with database.transaction() as session:
        assert requeue.renew(session, batch, numbers) == 2

    found: StoreFile = rows.row(database, store, files[0])
    assert (found.status, found.generation, found.live_generation, found.chunks) == ("queued", 2, 1, 1)
    assert rows.counts(database, old) == (0, 2, 1, 0)
    assert rows.counts(database, batch.id) == (2, 0, 0, 0)
    assert rows.counts(database, store) == (2, 0, 1, 0)
