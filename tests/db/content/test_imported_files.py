"""The files that scheduled imports uploaded, on both databases. Whole runs are in tests/imports/."""

import pytest

from ingest.caller import ImportOrigin
from ingest.db.content import imported_files
from ingest.db.content.imported_files import ImportedVersion
from ingest.db.models import File, ImportSchedule
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.db import rows


def create_running_schedule(database: Database, store: str) -> ImportSchedule:
    schedule = ImportSchedule(
        id="sched_1",
        vector_store_id=store,
        created_at=1,
        sources=["/data"],
        manifests=[],
        include=[],
        exclude=[],
        attributes={},
        attributes_from_path=[],
        delete_missing=True,
        retry_failed=False,
        cron="0 0 * * *",
        timezone="UTC",
        paused=True,
        fence=1,
        attempts=1,
        lease_until=2.0,
        lease_holder=rows.HOLDER,
        run_id="run_1",
        began_at=1,
    )
    with database.transaction() as session:
        session.add(schedule)
    return schedule


def record(database: Database, schedule: ImportSchedule, file_id: str, *, fence: int = 1) -> None:
    origin = ImportOrigin(schedule=schedule.row, fence=fence, source=b"/data/a", name="a", fingerprint="v1")
    with database.transaction() as session:
        imported_files.record_upload(session, origin, File(id=file_id))


def versions(database: Database, schedule: ImportSchedule) -> list[ImportedVersion]:
    return list(imported_files.iterate_versions(database, schedule.row))


def test_uploaded_versions_are_listed_with_their_state_in_the_store(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imported_files, "PAGE_SIZE", 2)
    store = rows.create_store(database)
    schedule = create_running_schedule(database, store)
    ids = rows.create_files(database, 3)
    for file_id in ids:
        record(database, schedule, file_id)
    rows.attach(database, store, ids[:1])

    listed = versions(database, schedule)

    assert [(version.file_id, version.status) for version in listed] == [
        (ids[0], "queued"),
        *((i, None) for i in ids[1:]),
    ]
    assert (listed[0].source, listed[0].name, listed[0].fingerprint) == (b"/data/a", "a", "v1")


def test_a_run_that_was_taken_over_records_no_upload(database: Database) -> None:
    schedule = create_running_schedule(database, rows.create_store(database))
    [file_id] = rows.create_files(database, 1)

    with pytest.raises(Abandoned):
        record(database, schedule, file_id, fence=0)

    assert versions(database, schedule) == []


def test_removed_files_are_counted_once(database: Database) -> None:
    schedule = create_running_schedule(database, rows.create_store(database))
    ids = rows.create_files(database, 2)
    for file_id in ids:
        record(database, schedule, file_id)

    for _ in range(2):
        with database.transaction() as session:
            imported_files.mark_removed(session, schedule.row, 1, ids[:1])

    assert [version.is_removed for version in versions(database, schedule)] == [True, False]
    with database.reading() as session:
        counted = session.get(ImportSchedule, schedule.row)
    assert counted is not None
    assert (counted.uploaded, counted.removed) == (2, 1)


def test_the_fingerprint_of_a_touched_source_is_replaced(database: Database) -> None:
    schedule = create_running_schedule(database, rows.create_store(database))
    [file_id] = rows.create_files(database, 1)
    record(database, schedule, file_id)

    with database.transaction() as session:
        imported_files.set_fingerprint(session, file_id, "v2")

    assert [version.fingerprint for version in versions(database, schedule)] == ["v2"]
