"""`verify` reports nothing while everything agrees, and changes nothing unless it repairs."""

from ingest.db.queue.membership import Member
from ingest.jobs.maintenance import run_maintenance
from ingest.stores import batches, files, members
from ingest.verify import verify
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text


def test_ordinary_operations_lead_to_no_findings(services: FakeServices) -> None:
    store, [first, second, _] = attach_texts(services, "one", "two", "three")
    run_published_jobs(services)
    batches.create(services, CALLER, store, [Member(first, None, 100, 0)])
    run_published_jobs(services)
    members.delete(services, CALLER, store, second)
    waiting = batches.create(services, CALLER, store, [Member(upload_text(services, "x"), {}, 800, 400)])
    cancelled = batches.create(services, CALLER, store, [Member(upload_text(services, "y"), {}, 800, 400)])
    batches.cancel(services, CALLER, store, cancelled.id)

    report = verify(services)

    assert report.findings == []
    assert (report.stores, report.batches, report.files) == (1, 3, 4)
    assert batches.retrieve(services, CALLER, store, waiting.id).in_progress == 1
    run_maintenance(services)
    assert verify(services).findings == []


def test_a_deleted_file_leaves_no_rows_points_or_blobs(services: FakeServices) -> None:
    _, [file_id] = attach_texts(services, "one")
    run_published_jobs(services)

    files.delete(services, CALLER, file_id)
    run_maintenance(services)

    report = verify(services)
    assert (report.files, report.points, report.blobs, report.findings) == (0, 0, 0, [])


def test_without_repair_the_database_stays_unchanged(services: FakeServices) -> None:
    store, _ = attach_texts(services, "one")
    run_published_jobs(services)
    services.index.points.clear()

    verify(services)

    assert rows.read_counts(services.database, store) == (0, 1, 0, 0)
