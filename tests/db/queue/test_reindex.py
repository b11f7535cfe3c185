"""A re-index in the rows, on both databases: what falls back to what, and who counts it how."""

from ingest import ids
from ingest.caller import DEFAULT_PROJECT
from ingest.db.checks import recount, violations
from ingest.db.content import stores
from ingest.db.models import FileBatch, PointJob
from ingest.db.queue import claims, membership, point_jobs, requeue
from ingest.db.queue.counters import Sizes
from ingest.db.queue.requeue import Only
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue.test_requeue import cancel, outcomes, retry, swept

HAD = Sizes(1, 10, 100)
"""What a completed file of `outcomes` adds to its store."""


def reindex(
    database: Database, store: str, only: Only = "all", *, tokens: int | None = None, made_with: str = "today"
) -> str:
    """The new batch's id."""
    overlap = None if tokens is None else 0
    batch = FileBatch(
        id=ids.new("vsfb_"), vector_store_id=store, created_at=1, chunk_tokens=tokens, chunk_overlap=overlap
    )
    with database.transaction() as session:
        requeue.reindex(session, batch, only, made_with=made_with, limit=1_000)
    return batch.id


def sizes(database: Database, store: str) -> Sizes:
    with database.reading() as session:
        found = stores.get(session, DEFAULT_PROJECT, store)
    assert found is not None
    return Sizes(found.chunks, found.terms, found.usage_bytes)


def found(database: Database, store: str, file_id: str) -> int | None:
    """The generation of a file that search shows."""
    row = rows.row(database, store, file_id).row
    with database.reading() as session:
        live = stores.live(session, store, [row])
    return live[row].generation if row in live else None


def fail(database: Database, store: str, file_id: str) -> None:
    claim = rows.claimed(database, rows.row(database, store, file_id).row)
    with database.transaction() as session:
        claims.fail(session, claim, "invalid_file", "broken now")


def purges(database: Database) -> list[tuple[int | None, int, int]]:
    """The points that are to be deleted: row, first and last generation."""
    with database.reading() as session:
        return [(job.store_file, job.first_generation, job.last_generation) for job in session.query(PointJob)]


def in_batch(database: Database, store: str, batch_id: str) -> list[tuple[str, str | None]]:
    with database.reading() as session:
        batch = stores.batch(session, store, batch_id)
        assert batch is not None
        page = stores.batch_files(session, batch, rows.WINDOW, status=None)
    return [(file.status, file.error_message) for file in page.items]


def test_a_completed_file_is_replaced_when_its_new_generation_is_complete(database: Database) -> None:
    store = rows.a_store(database)
    _, [file_id] = outcomes(database, store, "")
    batch = reindex(database, store, tokens=300)
    assert found(database, store, file_id) == 1

    claim = rows.claimed(database, rows.row(database, store, file_id).row)
    before = rows.row(database, store, file_id)
    with database.transaction() as session:
        assert claims.complete(session, claim, Sizes(3, 30, 300), "today")

    now = rows.row(database, store, file_id)
    assert (claim.generation, claim.live, claim.chunk_tokens, before.chunk_tokens) == (2, 1, 300, 800)
    assert (now.status, now.live_generation, now.chunk_tokens, now.redo_tokens) == ("completed", 2, 300, None)
    assert rows.counts(database, batch) == rows.counts(database, store) == (0, 1, 0, 0)
    assert sizes(database, store) == Sizes(3, 30, 300)
    assert purges(database) == [(now.row, 0, 1)]


def test_a_file_that_fails_in_a_reindex_is_what_it_was_before(database: Database) -> None:
    store = rows.a_store(database)
    _, [file_id] = outcomes(database, store, "")
    batch = reindex(database, store, tokens=300)

    fail(database, store, file_id)

    now = rows.row(database, store, file_id)
    assert (now.status, now.live_generation, now.generation, now.chunk_tokens) == ("completed", 1, 2, 800)
    assert (now.error_code, now.redo_tokens) == (None, None)
    assert found(database, store, file_id) == 1
    assert rows.counts(database, batch) == (0, 0, 1, 0)
    assert rows.counts(database, store) == (0, 1, 0, 0)
    assert sizes(database, store) == HAD
    assert purges(database) == [(now.row, 2, 2)]
    assert in_batch(database, store, batch) == [("failed", "broken now")]


def test_a_file_that_takes_down_its_workers_in_a_reindex_is_what_it_was_before(
    database: Database, clock: Clock
) -> None:
    store = rows.a_store(database)
    _, [file_id] = outcomes(database, store, "")
    batch = reindex(database, store)
    for _ in range(3):
        rows.claimed(database, rows.row(database, store, file_id).row)
        clock.advance(31)
        with database.transaction() as session:
            claims.recover(session, max_kills=3)

    assert found(database, store, file_id) == 1
    assert rows.counts(database, batch) == (0, 0, 1, 0)
    assert rows.counts(database, store) == (0, 1, 0, 0)
    [(status, message)] = in_batch(database, store, batch)
    assert (status, message) == ("failed", "The file took down its worker 3 times and is not tried again.")


def test_a_cancelled_reindex_leaves_what_was_found_before_and_after_its_rows_are_rewritten(database: Database) -> None:
    store = rows.a_store(database)
    _, files = outcomes(database, store, "", "", "broken")
    batch = reindex(database, store, tokens=300)
    rows.claimed(database, rows.row(database, store, files[0]).row)

    cancel(database, store, batch)

    for _ in range(2):
        assert [found(database, store, file_id) for file_id in files] == [1, 1, None]
        assert rows.counts(database, batch) == (0, 0, 0, 3)
        assert rows.counts(database, store) == (0, 2, 0, 1)
        assert in_batch(database, store, batch) == [("cancelled", None)] * 3
        with database.reading() as session:
            shown = [stores.file(session, store, file_id) for file_id in files]
            completed = stores.files(session, store, rows.WINDOW, status="completed")
            cancelled = stores.files(session, store, rows.WINDOW, status="cancelled")
            assert all(counted.agrees for counted in recount.stores(session, 0))
        assert [file.status for file in shown if file is not None] == ["completed", "completed", "cancelled"]
        assert [file.chunk_tokens for file in shown if file is not None] == [800, 800, 300]
        assert ([f.file_id for f in completed.items], [f.file_id for f in cancelled.items]) == (files[:2], files[2:])
        swept(database)
    assert sizes(database, store) == Sizes(2, 20, 200)
    first = rows.row(database, store, files[0])
    assert (first.row, 2, 2) in purges(database)


def test_a_reindex_again_before_the_cancelled_one_is_swept_loses_nothing(database: Database) -> None:
    store = rows.a_store(database)
    _, [file_id] = outcomes(database, store, "")
    first = reindex(database, store)
    held = rows.claimed(database, rows.row(database, store, file_id).row)
    cancel(database, store, first)

    second = reindex(database, store)
    swept(database)

    assert found(database, store, file_id) == 1
    assert rows.counts(database, first) == (0, 0, 0, 1)
    assert rows.counts(database, second) == rows.counts(database, store) == (1, 0, 0, 0)
    fail(database, store, file_id)
    assert found(database, store, file_id) == 1
    assert purges(database) == [(held.row, 2, 2), (held.row, 2, 3)]


def test_a_worker_that_lost_a_file_takes_away_its_own_generation_only(database: Database) -> None:
    store = rows.a_store(database)
    _, [file_id] = outcomes(database, store, "")
    batch = reindex(database, store)
    lost = rows.claimed(database, rows.row(database, store, file_id).row)
    cancel(database, store, batch)
    swept(database)
    reindex(database, store)
    before = purges(database)

    with database.transaction() as session:
        point_jobs.plan_after_loss(session, store, lost.row, lost.generation)

    assert [job for job in purges(database) if job not in before] == []
    assert purges(database).count((lost.row, 2, 2)) == 2


def test_repairing_a_reindexed_store_finds_nothing_to_repair(database: Database) -> None:
    store = rows.a_store(database)
    _, files = outcomes(database, store, "", "")
    reindex(database, store)
    fail(database, store, files[0])

    with database.reading() as session:
        assert violations.broken_rows(session) == []


def test_in_progress_and_cancelled_files_are_left_alone(database: Database) -> None:
    store = rows.a_store(database)
    [waiting, gone] = rows.files(database, 2)
    rows.attach(database, store, [waiting])
    cancel(database, store, rows.batch(database, store, [gone]))
    swept(database)

    batch = reindex(database, store)

    assert rows.counts(database, batch) == (0, 0, 0, 0)
    assert [rows.row(database, store, f).status for f in (waiting, gone)] == ["queued", "cancelled"]


def test_only_what_failed_is_tried_also_what_a_reindex_left(database: Database) -> None:
    store = rows.a_store(database)
    _, files = outcomes(database, store, "", "", "broken")
    reindex(database, store)
    fail(database, store, files[0])
    fail(database, store, files[2])
    claim = rows.claimed(database, rows.row(database, store, files[1]).row)
    with database.transaction() as session:
        claims.complete(session, claim, HAD)

    reindex(database, store, "failed")

    assert [rows.row(database, store, f).status for f in files] == ["queued", "completed", "queued"]


def test_stale_is_what_would_be_made_otherwise_today(database: Database) -> None:
    store = rows.a_store(database)
    _, files = outcomes(database, store, "", "", "broken")
    claim = {file_id: rows.row(database, store, file_id).row for file_id in files}
    reindex(database, store)
    for file_id, maker in zip(files[:2], ("today", "yesterday"), strict=True):
        held = rows.claimed(database, claim[file_id])
        with database.transaction() as session:
            claims.complete(session, held, HAD, maker)
    fail(database, store, files[2])

    first = reindex(database, store, "stale")
    after_one = [rows.row(database, store, f).status for f in files]
    cancel(database, store, first)
    swept(database)
    other_chunks = reindex(database, store, "stale", tokens=300)

    assert after_one == ["completed", "queued", "failed"]
    assert rows.counts(database, other_chunks) == (2, 0, 0, 0)


def test_what_fell_back_is_retried_as_it_was_asked_for(database: Database) -> None:
    store = rows.a_store(database)
    _, [file_id] = outcomes(database, store, "")
    batch = reindex(database, store, tokens=300)
    fail(database, store, file_id)

    again, reasons = retry(database, store, ["failed"], of_batch=batch)

    assert [(why.code, why.message, why.files) for why in reasons] == [("invalid_file", "broken now", 1)]
    assert rows.row(database, store, file_id).redo_tokens == 300
    assert found(database, store, file_id) == 1
    fail(database, store, file_id)
    assert rows.counts(database, again) == (0, 0, 1, 0)
    assert found(database, store, file_id) == 1


def test_a_file_attached_with_the_chunking_it_is_about_to_get_joins_the_reindex(database: Database) -> None:
    store = rows.a_store(database)
    _, [file_id] = outcomes(database, store, "")
    first = reindex(database, store, tokens=300)
    other = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=1)
    with database.transaction() as session:
        membership.attach(session, store, [membership.Member(file_id, None, 300, 0)], other)

    fail(database, store, file_id)

    assert rows.counts(database, first) == rows.counts(database, other.id) == (0, 0, 1, 0)
    assert rows.counts(database, store) == (0, 1, 0, 0)
    assert found(database, store, file_id) == 1
