"""Re-indexes, on both databases: which files they include, how files fall back, and how they are counted."""

from ingest.caller import DEFAULT_PROJECT
from ingest.db.checks import recount, violations
from ingest.db.content import batches as batch_rows
from ingest.db.content import members as member_rows
from ingest.db.content import stores
from ingest.db.queue import claims, reclaim
from ingest.db.queue.counters import PointTotals
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps


def read_totals(database: Database, store: str) -> PointTotals:
    with database.reading() as session:
        counted = stores.get(session, DEFAULT_PROJECT, store)
    assert counted is not None
    return PointTotals(counted.chunks, counted.terms, counted.usage_bytes)


def searched_generation(database: Database, store: str, file_id: str) -> int | None:
    """Return the generation of a file that search shows."""
    row = rows.get_row(database, store, file_id).row
    with database.reading() as session:
        live = member_rows.live_files(session, store, [row])
    return live[row].generation if row in live else None


def fail(database: Database, store: str, file_id: str) -> None:
    claim = rows.claim(database, rows.get_row(database, store, file_id).row)
    with database.transaction() as session:
        claims.fail(session, claim, "invalid_file", "broken now")


def list_in_batch(database: Database, store: str, batch_id: str) -> list[tuple[str, str | None]]:
    with database.reading() as session:
        batch = batch_rows.get_batch(session, store, batch_id)
        assert batch is not None
        page = member_rows.list_batch_files(session, batch, rows.WINDOW, status=None)
    return [(file.status, file.error_message) for file in page.items]


def test_the_live_points_are_replaced_when_the_new_generation_is_complete(database: Database) -> None:
    store = rows.create_store(database)
    _, [file_id] = steps.create_outcomes(database, store, "")
    batch = steps.reindex(database, store, tokens=300)
    assert searched_generation(database, store, file_id) == 1

    claim = rows.claim(database, rows.get_row(database, store, file_id).row)
    before = rows.get_row(database, store, file_id)
    with database.transaction() as session:
        assert claims.complete(session, claim, PointTotals(3, 30, 300), "today")

    now = rows.get_row(database, store, file_id)
    assert (claim.generation, claim.fallback_generation, claim.chunk_tokens, before.chunk_tokens) == (2, 1, 300, 800)
    assert (now.status, now.live_generation, now.chunk_tokens, now.pending_chunk_tokens) == ("completed", 2, 300, None)
    assert rows.read_counts(database, batch) == rows.read_counts(database, store) == (0, 1, 0, 0)
    assert read_totals(database, store) == PointTotals(3, 30, 300)
    assert steps.read_purges(database) == [(now.row, 0, 1)]


def test_a_file_that_fails_in_a_reindex_falls_back(database: Database) -> None:
    store = rows.create_store(database)
    _, [file_id] = steps.create_outcomes(database, store, "")
    batch = steps.reindex(database, store, tokens=300)

    fail(database, store, file_id)

    now = rows.get_row(database, store, file_id)
    assert (now.status, now.live_generation, now.generation, now.chunk_tokens) == ("completed", 1, 2, 800)
    assert (now.error_code, now.pending_chunk_tokens) == (None, None)
    assert searched_generation(database, store, file_id) == 1
    assert rows.read_counts(database, batch) == (0, 0, 1, 0)
    assert rows.read_counts(database, store) == (0, 1, 0, 0)
    assert read_totals(database, store) == steps.OUTCOME_TOTALS
    assert steps.read_purges(database) == [(now.row, 2, 2)]
    assert list_in_batch(database, store, batch) == [("failed", "broken now")]


def test_a_file_that_crashes_its_workers_in_a_reindex_falls_back(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    _, [file_id] = steps.create_outcomes(database, store, "")
    batch = steps.reindex(database, store)
    for _ in range(3):
        rows.claim(database, rows.get_row(database, store, file_id).row)
        clock.advance(31)
        with database.transaction() as session:
            reclaim.reclaim_expired_leases(session, max_crashes=3)

    assert searched_generation(database, store, file_id) == 1
    assert rows.read_counts(database, batch) == (0, 0, 1, 0)
    assert rows.read_counts(database, store) == (0, 1, 0, 0)
    [(status, message)] = list_in_batch(database, store, batch)
    assert (status, message) == ("failed", "The file took down its worker 3 times and is not tried again.")


def test_the_files_of_a_cancelled_reindex_fall_back_before_and_after_their_rows_are_rewritten(
    database: Database,
) -> None:
    store = rows.create_store(database)
    _, files = steps.create_outcomes(database, store, "", "", "broken")
    batch = steps.reindex(database, store, tokens=300)
    rows.claim(database, rows.get_row(database, store, files[0]).row)

    assert steps.cancel_batch(database, batch, mark_files=False)

    for _ in range(2):
        assert [searched_generation(database, store, file_id) for file_id in files] == [1, 1, None]
        assert rows.read_counts(database, batch) == (0, 0, 0, 3)
        assert rows.read_counts(database, store) == (0, 2, 0, 1)
        assert list_in_batch(database, store, batch) == [("cancelled", None)] * 3
        with database.reading() as session:
            views = [member_rows.get_file(session, store, file_id) for file_id in files]
            completed = member_rows.list_files(session, store, rows.WINDOW, status="completed")
            cancelled = member_rows.list_files(session, store, rows.WINDOW, status="cancelled")
            assert all(counted.is_correct for counted in recount.recount_stores(session, 0))
        assert [file.status for file in views if file is not None] == ["completed", "completed", "cancelled"]
        assert [file.chunk_tokens for file in views if file is not None] == [800, 800, 300]
        assert ([f.file_id for f in completed.items], [f.file_id for f in cancelled.items]) == (files[:2], files[2:])
        steps.mark_cancelled_files(database)
    assert read_totals(database, store) == PointTotals(2, 20, 200)
    first = rows.get_row(database, store, files[0])
    assert (first.row, 2, 2) in steps.read_purges(database)


def test_a_second_reindex_before_the_rows_of_a_cancelled_one_are_rewritten_loses_no_points(database: Database) -> None:
    store = rows.create_store(database)
    _, [file_id] = steps.create_outcomes(database, store, "")
    first = steps.reindex(database, store)
    held = rows.claim(database, rows.get_row(database, store, file_id).row)
    assert steps.cancel_batch(database, first, mark_files=False)

    second = steps.reindex(database, store)
    steps.mark_cancelled_files(database)

    assert searched_generation(database, store, file_id) == 1
    assert rows.read_counts(database, first) == (0, 0, 0, 1)
    assert rows.read_counts(database, second) == rows.read_counts(database, store) == (1, 0, 0, 0)
    fail(database, store, file_id)
    assert searched_generation(database, store, file_id) == 1
    assert steps.read_purges(database) == [(held.row, 2, 2), (held.row, 2, 3)]


def test_a_reindexed_store_has_no_violations(database: Database) -> None:
    store = rows.create_store(database)
    _, files = steps.create_outcomes(database, store, "", "")
    steps.reindex(database, store)
    fail(database, store, files[0])

    with database.reading() as session:
        assert violations.list_broken_rows(session) == []


def test_files_in_progress_and_cancelled_files_are_not_reindexed(database: Database) -> None:
    store = rows.create_store(database)
    [queued, cancelled] = rows.create_files(database, 2)
    rows.attach(database, store, [queued])
    assert steps.cancel_batch(database, rows.attach_batch(database, store, [cancelled]))

    batch = steps.reindex(database, store)

    assert rows.read_counts(database, batch) == (0, 0, 0, 0)
    assert [rows.get_row(database, store, f).status for f in (queued, cancelled)] == ["queued", "cancelled"]


def test_a_reindex_of_failed_files_includes_those_that_fell_back(database: Database) -> None:
    store = rows.create_store(database)
    _, files = steps.create_outcomes(database, store, "", "", "broken")
    steps.reindex(database, store)
    fail(database, store, files[0])
    fail(database, store, files[2])
    claim = rows.claim(database, rows.get_row(database, store, files[1]).row)
    with database.transaction() as session:
        claims.complete(session, claim, steps.OUTCOME_TOTALS)

    steps.reindex(database, store, "failed")

    assert [rows.get_row(database, store, f).status for f in files] == ["queued", "completed", "queued"]


def test_a_reindex_of_stale_files_skips_those_of_the_same_pipeline_version_and_chunking(database: Database) -> None:
    store = rows.create_store(database)
    _, files = steps.create_outcomes(database, store, "", "", "broken")
    file_rows = {file_id: rows.get_row(database, store, file_id).row for file_id in files}
    steps.reindex(database, store)
    for file_id, version in zip(files[:2], ("today", "yesterday"), strict=True):
        held = rows.claim(database, file_rows[file_id])
        with database.transaction() as session:
            claims.complete(session, held, steps.OUTCOME_TOTALS, version)
    fail(database, store, files[2])

    first = steps.reindex(database, store, "stale")
    statuses = [rows.get_row(database, store, f).status for f in files]
    assert steps.cancel_batch(database, first)
    other_chunks = steps.reindex(database, store, "stale", tokens=300)

    assert statuses == ["completed", "queued", "failed"]
    assert rows.read_counts(database, other_chunks) == (2, 0, 0, 0)


def test_a_retry_of_a_reindex_keeps_its_chunking(database: Database) -> None:
    store = rows.create_store(database)
    _, [file_id] = steps.create_outcomes(database, store, "")
    batch = steps.reindex(database, store, tokens=300)
    fail(database, store, file_id)

    again, reasons = steps.retry(database, store, ["failed"], of_batch=batch)

    assert [(reason.code, reason.message, reason.files) for reason in reasons] == [("invalid_file", "broken now", 1)]
    assert rows.get_row(database, store, file_id).pending_chunk_tokens == 300
    assert searched_generation(database, store, file_id) == 1
    fail(database, store, file_id)
    assert rows.read_counts(database, again) == (0, 0, 1, 0)
    assert searched_generation(database, store, file_id) == 1
