"""Checks of rows: counters, batch memberships, expired leases, overdue work."""

from sqlalchemy import text

from ingest.db.queue.membership import Member
from ingest.stores import batches, members
from ingest.verify import verify
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text
from tests.verify.reports import finding_kinds, repair_results


def test_wrong_counters_of_a_store_are_found(services: FakeServices) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)

    with services.database.transaction() as session:
        session.execute(text("UPDATE vector_stores SET completed = completed + 1"))

    assert finding_kinds(services) == ["store_counters"]


def test_wrong_counters_of_a_batch_are_found(services: FakeServices) -> None:
    store, _ = attach_texts(services)
    batches.create(services, CALLER, store, [Member(upload_text(services, "x"), {}, 800, 400)])
    run_published_jobs(services)

    with services.database.transaction() as session:
        session.execute(text("UPDATE file_batches SET failed = 1, completed = 0"))

    assert finding_kinds(services) == ["batch_counters"]


def test_a_repair_recounts_wrong_counters(services: FakeServices) -> None:
    store, _ = attach_texts(services, "one", "two")
    batch = batches.create(services, CALLER, store, [Member(upload_text(services, "x"), {}, 800, 400)])
    run_published_jobs(services)
    with services.database.transaction() as session:
        session.execute(text("UPDATE vector_stores SET completed = 1, failed = 7, terms = terms + 5"))
        session.execute(text("UPDATE file_batches SET completed = 0, in_progress = 1"))

    assert repair_results(services) == [("batch_counters", True), ("store_counters", True)]

    assert verify(services).counts == {}
    assert rows.read_counts(services.database, store) == (0, 3, 0, 0)
    assert rows.read_counts(services.database, batch.id) == (0, 1, 0, 0)


def test_a_repair_releases_an_expired_lease(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = attach_texts(services, "one")
    rows.claim(services.database, rows.get_row(services.database, store, file_id).row)
    clock.advance(1_000)

    assert finding_kinds(services) == ["stuck"]
    assert verify(services, is_running=False).counts == {}
    assert repair_results(services) == [("stuck", True)]

    assert "completed" in run_published_jobs(services)  # the message of the first claim is still in the broker
    assert verify(services).counts == {}


def test_a_repair_does_overdue_maintenance(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = attach_texts(services, "one")
    run_published_jobs(services)
    members.delete(services, CALLER, store, file_id)
    clock.advance(1_000)

    assert finding_kinds(services) == ["overdue"]
    assert repair_results(services) == [("overdue", True)]

    assert services.index.points == {}


def test_queued_files_without_workers_are_a_hint_and_no_finding(services: FakeServices, clock: Clock) -> None:
    attach_texts(services, "one")
    clock.advance(300)

    report = verify(services)

    assert report.counts == {}
    assert report.hints == ["1 files wait and none is processed: check that workers run"]


def test_a_repair_ends_a_batch_that_waits_for_a_finished_file(services: FakeServices) -> None:
    store, _ = attach_texts(services)
    batch = batches.create(services, CALLER, store, [Member(upload_text(services, "x"), {}, 800, 400)])
    run_published_jobs(services)
    with services.database.transaction() as session:
        session.execute(text("UPDATE batch_files SET status = 'in_progress'"))
        session.execute(text("UPDATE file_batches SET completed = 0, in_progress = 1"))

    assert repair_results(services) == [("batch_membership", True)]

    assert verify(services).counts == {}
    assert rows.read_counts(services.database, batch.id) == (0, 1, 0, 0)


def test_a_repair_detaches_an_unfinished_file_from_a_batch_that_has_counted_it(services: FakeServices) -> None:
    store, _ = attach_texts(services)
    batch = batches.create(services, CALLER, store, [Member(upload_text(services, "x"), {}, 800, 400)])
    with services.database.transaction() as session:
        session.execute(text("UPDATE batch_files SET status = 'failed'"))
        session.execute(text("UPDATE file_batches SET failed = 1, in_progress = 0"))

    assert repair_results(services) == [("batch_membership", True)]

    assert run_published_jobs(services) == ["completed"]
    assert verify(services).counts == {}
    assert rows.read_counts(services.database, batch.id) == (0, 0, 1, 0)
