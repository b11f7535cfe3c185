"""Coverage reports of files in a store, on both databases."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from ingest.db.content import members, reports
from ingest.db.models import FileBatch
from ingest.db.pages import Window
from ingest.db.queue import claims
from ingest.db.queue.counters import PointTotals
from ingest.db.session import Database
from tests.db import rows


def report(*codes: str) -> dict[str, Any]:
    warnings = [[code, "Something was not read.", "page 1"] for code in codes]
    values = {"reader": "ingest", "warnings": warnings, "warning_count": len(codes)}
    return {name: value for name, value in values.items() if value}


def complete(database: Database, row: int, values: dict[str, Any]) -> None:
    claim = rows.claim(database, row)
    with database.transaction() as session:
        claims.complete(session, claim, PointTotals(1, 1, 1), "v1", values)


@pytest.fixture
def store(database: Database) -> str:
    return rows.create_store(database)


@pytest.fixture
def files(database: Database, store: str) -> Sequence[str]:
    """Six completed files: every second one has a warning."""
    ids = rows.create_files(database, 6)
    for number, row in enumerate(rows.attach(database, store, ids)):
        complete(database, row, report(*(["page_not_read"] if number % 2 else [])))
    return ids


def get_batch(database: Database, batch_id: str) -> FileBatch:
    with database.reading() as session:
        return session.scalars(select(FileBatch).where(FileBatch.id == batch_id)).one()


def test_a_report_is_that_of_the_live_text(database: Database, store: str, files: Sequence[str]) -> None:
    with database.reading() as session:
        found = reports.get_report(session, store, files[1])
        missing = reports.get_report(session, store, "file-unknown")

    assert missing is None
    assert found is not None
    assert (found.file.file_id, found.file.filename, found.report) == (files[1], "1.txt", report("page_not_read"))


def test_a_file_that_was_never_read_has_an_empty_report(database: Database, store: str) -> None:
    [file_id] = rows.create_files(database, 1)
    [row] = rows.attach(database, store, [file_id])
    claim = rows.claim(database, row)
    with database.transaction() as session:
        claims.fail(session, claim, "invalid_file", "broken", report("page_failed"))
    with database.reading() as session:
        failed = reports.get_report(session, store, file_id)
    rows.attach(database, store, [file_id])  # again
    with database.reading() as session:
        queued = reports.get_report(session, store, file_id)

    assert failed is not None
    assert failed.report == report("page_failed")
    assert queued is not None
    assert queued.report == {}


def test_pages_of_files_with_warnings_are_complete_in_both_directions(
    database: Database, store: str, files: Sequence[str]
) -> None:
    with database.reading() as session:
        first = members.list_files(session, store, Window(2, "asc"), status=None, has_warnings=True)
        after = Window(2, "asc", after=first.items[-1].file_id)
        second = members.list_files(session, store, after, status="completed", has_warnings=True)
        before = Window(2, "asc", before=second.items[0].file_id)
        back = members.list_files(session, store, before, status=None, has_warnings=True)
        newest = members.list_files(session, store, Window(2), status=None, has_warnings=True)
        none = members.list_files(session, store, Window(2), status="failed", has_warnings=True)
        without = members.list_files(session, store, rows.WINDOW, status=None, has_warnings=False)

    assert [file.file_id for file in first.items] == [files[1], files[3]]
    assert (first.has_more, second.has_more) == (True, False)
    assert [file.file_id for file in second.items] == [files[5]]
    assert back.items == first.items
    assert [file.file_id for file in newest.items] == [files[5], files[3]]
    assert none.items == []
    assert [file.file_id for file in without.items] == [files[0], files[2], files[4]]
    assert {file.warnings for file in first.items} == {1}


def test_the_warnings_of_a_batch_are_those_of_its_files(database: Database, store: str, files: Sequence[str]) -> None:
    batch = get_batch(database, rows.attach_batch(database, store, files[:4]))

    with database.reading() as session:
        listed = members.list_batch_files(session, batch, rows.WINDOW, status=None, has_warnings=True)
        page = reports.list_reports(session, store, Window(1, "asc"), batch=batch, filename=None, only_warnings=True)
        counts = reports.count_warnings(session, store, batch)

    assert [file.file_id for file in listed.items] == [files[1], files[3]]
    assert [view.file.file_id for view in page.items] == [files[1]]
    assert page.has_more
    assert counts == reports.WarningCounts(2, {"page_not_read": 2})


def test_reports_are_found_by_file_name(database: Database, store: str, files: Sequence[str]) -> None:
    with database.reading() as session:
        page = reports.list_reports(session, store, rows.WINDOW, batch=None, filename="4.txt", only_warnings=False)
        every = reports.list_reports(session, store, rows.WINDOW, batch=None, filename=None, only_warnings=False)

    assert [view.file.file_id for view in page.items] == [files[4]]
    assert len(every.items) == 6


def test_files_are_counted_by_code_once_each(database: Database, store: str) -> None:
    first, second, third = rows.attach(database, store, rows.create_files(database, 3))
    complete(database, first, report("page_not_read", "page_not_read", "attachment_not_read"))
    complete(database, second, report("page_not_read"))
    complete(database, third, report())

    with database.reading() as session:
        counts = reports.count_warnings(session, store, None)
        others = reports.count_warnings(session, rows.create_store(database), None)

    assert counts == reports.WarningCounts(2, {"page_not_read": 2, "attachment_not_read": 1})
    assert others == reports.WarningCounts(0, {})
