"""The coverage report and the progress of a file through its transitions, on both databases."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import undefer

from ingest.db.models import StoreFile
from ingest.db.queue import claims
from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import PointTotals
from ingest.db.session import Database
from tests.db import rows
from tests.db.queue import steps

REPORT = {
    "reader": "pypdfium2",
    "warnings": [["page_not_read", 'Page "7" has no text: ü \\ %s.', "page 7"]],
    "warning_count": 1,
}
OTHER_REPORT = {"reader": "ingest", "parts": {"page": {"read": 2}}}


@pytest.fixture
def store(database: Database) -> str:
    return rows.create_store(database)


@pytest.fixture
def row(database: Database, store: str) -> int:
    """The row of a queued file."""
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    return row


def complete(database: Database, claim: Claim, report: dict[str, Any] | None) -> None:
    with database.transaction() as session:
        assert claims.complete(session, claim, PointTotals(1, 1, 1), "v1", report)


def fail(database: Database, claim: Claim, report: dict[str, Any] | None = None) -> None:
    with database.transaction() as session:
        claims.fail(session, claim, "invalid_file", "It is broken.", report)


def read(database: Database, row: int) -> tuple[str, int, dict[str, Any] | None]:
    """Return status, warnings and report of a file."""
    with database.reading() as session:
        file = session.get_one(StoreFile, row, options=[undefer(StoreFile.report)])
        return file.status, file.warnings, file.report


def set_progress(database: Database, row: int) -> None:
    with database.transaction() as session:
        session.execute(update(StoreFile).where(StoreFile.row == row).values(pages_done=3, pages_total=9))


def read_progress(database: Database, row: int) -> tuple[int | None, int | None]:
    with database.reading() as session:
        file = session.get_one(StoreFile, row)
        return file.pages_done, file.pages_total


def test_a_completed_file_has_the_report_and_the_number_of_its_warnings(database: Database, row: int) -> None:
    complete(database, rows.claim(database, row), REPORT)

    assert read(database, row) == ("completed", 1, REPORT)


def test_a_completed_file_without_a_report_has_no_warnings(database: Database, row: int) -> None:
    complete(database, rows.claim(database, row), None)

    assert read(database, row) == ("completed", 0, None)


def test_a_failed_file_has_the_report_of_its_reading_but_no_warnings(database: Database, row: int) -> None:
    fail(database, rows.claim(database, row), REPORT)

    assert read(database, row) == ("failed", 0, REPORT)


def test_a_failed_file_without_a_report_has_none(database: Database, row: int) -> None:
    fail(database, rows.claim(database, row))

    assert read(database, row) == ("failed", 0, None)


def test_a_reindex_replaces_the_report_when_it_completes(database: Database, store: str, row: int) -> None:
    complete(database, rows.claim(database, row), REPORT)
    steps.reindex(database, store)
    claim = rows.claim(database, row)
    assert read(database, row) == ("running", 1, REPORT)

    complete(database, claim, OTHER_REPORT)

    assert read(database, row) == ("completed", 0, OTHER_REPORT)


def test_a_reindex_that_fails_keeps_the_report_of_the_live_text(database: Database, store: str, row: int) -> None:
    complete(database, rows.claim(database, row), REPORT)
    steps.reindex(database, store)

    fail(database, rows.claim(database, row), OTHER_REPORT)

    assert read(database, row) == ("completed", 1, REPORT)


def test_a_cancelled_file_loses_its_report(database: Database, store: str) -> None:
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    complete(database, rows.claim(database, row), REPORT)
    rows.attach(database, store, ids, tokens=400)  # other chunks: the file is processed again, without a fallback
    batch = rows.attach_batch(database, store, ids)

    steps.cancel_batch(database, batch)

    assert read(database, row) == ("cancelled", 0, None)


def test_a_reindex_of_files_with_warnings_skips_the_others(database: Database, store: str) -> None:
    with_warnings, without, failed = rows.attach(database, store, rows.create_files(database, 3))
    complete(database, rows.claim(database, with_warnings), REPORT)
    complete(database, rows.claim(database, without), OTHER_REPORT)
    fail(database, rows.claim(database, failed), REPORT)

    batch = steps.reindex(database, store, "warnings")

    assert rows.read_counts(database, batch) == (1, 0, 0, 0)
    assert read(database, with_warnings)[0] == "queued"


@pytest.mark.parametrize("ending", ["complete", "fail", "release", "reindex"])
def test_progress_ends_with_the_work(database: Database, store: str, row: int, ending: str) -> None:
    claim = rows.claim(database, row)
    set_progress(database, row)
    assert read_progress(database, row) == (3, 9)

    match ending:
        case "complete":
            complete(database, claim, REPORT)
        case "fail":
            fail(database, claim)
        case "release":
            steps.release(database, claim)
        case _:
            complete(database, claim, REPORT)
            set_progress(database, row)
            steps.reindex(database, store)

    assert read_progress(database, row) == (None, None)
