"""The coverage reports of the files of a store, and their warnings (deploy/docs/text.md)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, undefer

from ingest.db.content.members import FileView, is_member_of, page_of_files, select_files, to_view
from ingest.db.models import BatchFile, File, FileBatch, StoreFile
from ingest.db.pages import Page, Window

MAX_COUNTED_REPORTS = 2_000
"""Reports whose warnings are counted by code: reading them takes less than 0.1 s."""


@dataclass(frozen=True)
class ReportView:
    """A file of a store with the coverage report of its text, or of the reading that failed."""

    file: FileView
    report: Mapping[str, Any]
    """The report as JSON (ingest/steps/parse/report.py). Empty if the file was not read yet, or before reports existed."""
    pages_done: int | None
    pages_total: int | None


@dataclass(frozen=True)
class WarningCounts:
    """The number of files with warnings, and how many of them have each code.

    Of more than `MAX_COUNTED_REPORTS` files the codes of the last ones are counted.
    """

    files: int
    files_by_code: Mapping[str, int]


def get_report(session: Session, store_id: str, file_id: str) -> ReportView | None:
    """Return the report of a file; None if the file is not in the store."""
    row = session.execute(_select_reports(session, store_id).where(StoreFile.file_id == file_id)).first()
    return None if row is None else _view(row)


def list_reports(
    session: Session,
    store_id: str,
    window: Window,
    *,
    batch: FileBatch | None,
    filename: str | None,
    only_warnings: bool,
) -> Page[ReportView]:
    """Return a page of the reports of a store, or of a batch's files that are still in the store."""
    statement = _select_reports(session, store_id)
    if batch is not None:
        statement = statement.join(BatchFile, is_member_of(batch))
    if filename is not None:
        statement = statement.where(File.filename == filename)
    if only_warnings:
        statement = statement.where(StoreFile.has_warnings)
    return page_of_files(session, statement, store_id, window, _view)


def count_warnings(session: Session, store_id: str, batch: FileBatch | None) -> WarningCounts:
    """Count the files with warnings of a store or of a batch."""
    files = select(StoreFile.row).where(StoreFile.vector_store_id == store_id, StoreFile.has_warnings)
    if batch is not None:
        files = files.join(BatchFile, is_member_of(batch))
    count = session.scalar(select(func.count()).select_from(files.subquery())) or 0
    reports = session.scalars(
        files.with_only_columns(StoreFile.report).order_by(StoreFile.row.desc()).limit(MAX_COUNTED_REPORTS)
    )
    codes: Counter[str] = Counter()
    for report in reports if count else ():
        codes.update({warning[0] for warning in (report or {}).get("warnings", ())})
    return WarningCounts(count, dict(codes.most_common()))


def _select_reports(session: Session, store_id: str) -> Select[*tuple[Any, ...]]:
    return select_files(session, store_id).options(undefer(StoreFile.report))


def _view(joined: Any) -> ReportView:
    row: StoreFile = joined[0]
    # The row of a failed file that is processed again has the report of its failure until it ends.
    has_report = row.live_generation is not None or row.status == "failed"
    report = (row.report or {}) if has_report else {}
    return ReportView(to_view(joined), report, row.pages_done, row.pages_total)
