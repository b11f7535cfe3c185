"""One job from claim to outcome, over fakes, on both databases."""

from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.db.models import Outage
from ingest.db.queue import outages
from ingest.db.queue.membership import Member
from ingest.errors import DependencyDown, InvalidFile
from ingest.jobs import run
from ingest.jobs.maintenance import run_maintenance
from ingest.jobs.point_jobs import purge_points
from ingest.observability import metrics
from ingest.reindex import rerun_batches
from ingest.search import search
from ingest.steps.parse.report import ReportBuilder
from ingest.stores import batches, files, members, vector_stores
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices, lose_answer
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text


def test_an_attached_file_is_completed_and_search_finds_it(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "A heron stands in the shallow water.")

    assert run_published_jobs(services) == ["completed"]

    file = members.retrieve(services, CALLER, store, file_id)
    assert file.status == "completed"
    assert file.usage_bytes > 0
    [result] = search.search(services, CALLER, store, ["heron"], limit=10)
    assert (result.file_id, 0 < result.score < 1) == (file_id, True)


def test_a_second_job_of_a_row_is_skipped(services: FakeServices) -> None:
    store, _ = attach_texts(services, "once")
    [message] = services.queue.lanes["interactive"]

    first, second = (run.run_job(services, message.row, lease_holder="test/1").result for _ in range(2))

    assert (first, second) == ("completed", "skipped")
    assert rows.read_counts(services.database, store) == (0, 1, 0, 0)


def test_a_file_that_cannot_be_parsed_fails_with_the_reason(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "x")
    services.parser.error = InvalidFile("The file is broken.")

    assert run_published_jobs(services) == ["failed"]

    file = members.retrieve(services, CALLER, store, file_id)
    assert (file.status, file.error_code, file.error_message) == ("failed", "invalid_file", "The file is broken.")


def test_warnings_are_counted_by_code_when_the_file_completes(services: FakeServices) -> None:
    builder = ReportBuilder()
    builder.warn("page_not_read", "It is a picture.", "page 1")
    builder.warn("page_not_read", "It is a picture.", "page 2")
    builder.warn("comments_lost", "Comments were not read.")
    services.parser.report = builder.build()
    attach_texts(services, "A heron.")
    counters = [metrics.warnings.labels(code)._value for code in ("page_not_read", "comments_lost")]
    before = [counter.get() for counter in counters]

    assert run_published_jobs(services) == ["completed"]

    assert [counter.get() - number for counter, number in zip(counters, before, strict=True)] == [2, 1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_fails_the_file_and_not_the_worker(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "x")
    services.parser.error = ZeroDivisionError("oops")

    assert run_published_jobs(services) == ["failed"]

    assert members.retrieve(services, CALLER, store, file_id).error_code == "server_error"


def test_a_dependency_that_is_down_defers_a_file_and_does_not_fail_it(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = attach_texts(services, "x")
    services.embedder.error = DependencyDown("embedder", "busy", retry_after_seconds=20)

    assert run_published_jobs(services) == ["deferred"]

    assert members.retrieve(services, CALLER, store, file_id).status == "in_progress"
    clock.advance(19)
    services.feeder.top_up()
    assert run_published_jobs(services) == []
    services.embedder.error = None
    clock.advance(2)
    services.feeder.top_up()
    assert run_published_jobs(services) == ["completed"]


def test_a_parser_that_cannot_start_defers_the_file_and_opens_no_breaker_for_other_machines(
    services: FakeServices, clock: Clock
) -> None:
    store, [file_id] = attach_texts(services, "x")
    services.parser.error = DependencyDown("parser", "Resource temporarily unavailable")

    for _ in range(5):
        assert run_published_jobs(services) == ["deferred"]
        clock.advance(61)
        services.feeder.top_up()

    assert members.retrieve(services, CALLER, store, file_id).status == "in_progress"
    with services.database.reading() as session:
        assert outages.read_state(session).down == ()
    services.parser.error = None
    assert run_published_jobs(services) == ["completed"]


def test_a_file_fails_after_its_dependency_was_down_for_the_retry_deadline(
    services: FakeServices, clock: Clock
) -> None:
    """Transition T6: after the deadline, whatever the number of attempts, and not earlier."""
    store, [file_id] = attach_texts(services, "x")
    services.index.is_down = True
    assert run_published_jobs(services) == ["deferred"]
    clock.advance(86_400)
    services.feeder.top_up()
    assert run_published_jobs(services) == ["deferred"]
    clock.advance(61)
    services.feeder.top_up()

    assert run_published_jobs(services) == ["failed"]

    failed = members.retrieve(services, CALLER, store, file_id)
    assert failed.error_code == "server_error"
    assert "qdrant" in (failed.error_message or "")
    assert rows.read_counts(services.database, store) == (0, 0, 1, 0)


def test_a_batch_cancelled_during_embedding_leaves_no_points(services: FakeServices) -> None:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    batch = batches.create(services, CALLER, store, [Member(upload_text(services, "never found"), {}, 800, 400)])
    services.embedder.before_embedding = lambda: batches.cancel(services, CALLER, store, batch.id)

    assert run_published_jobs(services) == ["abandoned"]

    cancelled = batches.retrieve(services, CALLER, store, batch.id)
    assert (cancelled.in_progress, cancelled.cancelled) == (0, 1)
    assert search.search(services, CALLER, store, ["never found"], limit=10) == []
    purge_points(services)
    assert services.index.points == {}


def test_a_file_deleted_during_embedding_leaves_no_points(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = attach_texts(services, "gone")
    services.embedder.before_embedding = lambda: members.delete(services, CALLER, store, file_id)

    assert run_published_jobs(services) == ["abandoned"]

    run_maintenance(services)
    clock.advance(3_600)
    run_maintenance(services)
    assert services.index.points == {}
    assert rows.read_counts(services.database, store) == (0, 0, 0, 0)


def test_a_stopping_worker_releases_its_file(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "later")
    services.embedder.before_embedding = services.stopping.set

    [message] = services.queue.lanes["interactive"]
    assert run.run_job(services, message.row, lease_holder="test/1").result == "released"

    row = rows.get_row(services.database, store, file_id)
    assert (row.status, row.crashes) == ("queued", 0)


def test_attributes_changed_during_a_job_are_written_to_its_points(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "styled")
    services.embedder.before_embedding = lambda: members.update_attributes(services, CALLER, store, file_id, {"v": 2.0})

    assert run_published_jobs(services) == ["completed"]

    assert {owner.attributes["v"] for owner, _ in services.index.points.values()} == {2.0}


def test_two_files_with_equal_bytes_are_independent(services: FakeServices) -> None:
    store, [first, second] = attach_texts(services, "the same", "the same")
    run_published_jobs(services)

    files.delete(services, CALLER, first)
    run_maintenance(services)

    assert [result.file_id for result in search.search(services, CALLER, store, ["same"], limit=10)] == [second]
    assert b"".join(files.read_content(services, CALLER, second)[1]) == b"the same"


def test_the_bytes_of_a_deleted_file_are_deleted(services: FakeServices) -> None:
    file_id = upload_text(services, "only here")

    files.delete(services, CALLER, file_id)

    assert list(services.blobs.list_keys("raw/")) == []


def test_a_database_outage_at_completion_costs_no_attempt_and_no_crash(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "DATABASE_RETRY_SECONDS", 0.01)
    store, [file_id] = attach_texts(services, "patience")
    transaction = services.database.transaction
    failures = iter([True, True])

    def failing_transaction() -> AbstractContextManager[Session]:
        if next(failures, False):
            raise DependencyDown("database", "it is down")
        return transaction()

    services.embedder.before_embedding = lambda: monkeypatch.setattr(
        services.database, "transaction", failing_transaction
    )

    assert run_published_jobs(services) == ["completed"]

    row = rows.get_row(services.database, store, file_id)
    assert (row.attempts, row.crashes) == (1, 0)


def test_a_claim_without_an_answer_is_undone_and_counts_no_crash(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = attach_texts(services, "unheard")
    [message] = services.queue.lanes["interactive"]
    lose_answer(services, monkeypatch)

    with pytest.raises(DependencyDown, match="COMMIT"):
        run.run_job(services, message.row, lease_holder="test/1")

    row = rows.get_row(services.database, store, file_id)
    assert (row.status, row.crashes, row.published_at) == ("queued", 0, None)
    assert run.run_job(services, message.row, lease_holder="test/1").result == "completed"


def test_a_dependency_failure_whose_answer_was_lost_counts_once(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach_texts(services, "delayed")
    services.embedder.error = DependencyDown("embedder", "busy")
    services.embedder.before_embedding = lambda: lose_answer(services, monkeypatch)
    monkeypatch.setattr(run, "DATABASE_RETRY_SECONDS", 0.01)

    assert run_published_jobs(services) == ["abandoned"]

    with services.database.reading() as session:
        assert [outage.failures for outage in session.scalars(select(Outage))] == [1]


def test_a_file_that_needs_ocr_is_parsed_by_a_worker_of_the_slow_lane(services: FakeServices) -> None:
    """Transition T11: no attempt, crash or failure is counted, and other files do not wait."""
    services.parser.needs_ocr = True
    store, [file_id] = attach_texts(services, "a scan")

    [message] = services.queue.lanes["interactive"]
    services.queue.lanes["interactive"].clear()
    outcome = run.run_job(services, message.row, lease_holder="test/1")
    services.feeder.top_up()

    assert outcome.result == "slow"
    assert services.index.points == {}
    assert [[file.row for file in services.queue.lanes[lane]] for lane in ("interactive", "bulk", "slow")] == [
        [],
        [],
        [message.row],
    ]
    assert run_published_jobs(services) == ["completed"]
    row = rows.get_row(services.database, store, file_id)
    assert (row.status, row.attempts, row.crashes) == ("completed", 1, 0)
    assert rows.read_counts(services.database, store) == (0, 1, 0, 0)


def test_without_a_slow_lane_any_worker_does_ocr(services: FakeServices) -> None:
    services.has_slow_lane = False
    services.parser.needs_ocr = True
    attach_texts(services, "a scan")

    assert run_published_jobs(services) == ["completed"]


def test_a_file_that_is_cancelled_before_it_moves_to_the_slow_lane_stays_cancelled(services: FakeServices) -> None:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    batch = batches.create(services, CALLER, store, [Member(upload_text(services, "a scan"), {}, 800, 400)])
    services.parser.needs_ocr = True
    services.parser.before_parsing = lambda: batches.cancel(services, CALLER, store, batch.id)

    assert run_published_jobs(services) == ["abandoned"]

    assert batches.retrieve(services, CALLER, store, batch.id).cancelled == 1


def test_a_reindexed_scan_begins_on_the_fast_lane_because_its_text_is_stored(services: FakeServices) -> None:
    services.parser.needs_ocr, services.parser.kind = True, "pdf"
    store, [file_id] = attach_texts(services, "a scan")
    run_published_jobs(services)
    assert rows.get_row(services.database, store, file_id).lane == "slow"

    rerun_batches.reindex(services, CALLER, store, "all", None)

    assert len(services.queue.lanes["bulk"]) == 1
    assert run_published_jobs(services) == ["completed"]
    assert services.parser.parsed == 1
