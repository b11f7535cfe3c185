"""Coverage reports as JSON."""

from typing import Any

import pytest

from api.schemas.reports import FileReport
from ingest.db.content.members import FileView, QueuePlace
from ingest.db.content.reports import ReportView
from ingest.status import FileStatus


def view(
    report: dict[str, Any], status: FileStatus = "completed", pages: tuple[int | None, int | None] = (None, None)
) -> ReportView:
    file = FileView(
        row=1, file_id="file-1", filename="a.pdf", vector_store_id="vs_1", created_at=1, status=status, usage_bytes=1, attributes={},
        chunk_tokens=800, chunk_overlap=400, error_code=None, error_message=None, warnings=0,
        queue=QueuePlace("completed", "fast", batch=None, queued_at=1.0, not_before=0.0, lease=None),
    )  # fmt: skip
    return ReportView(file, report, *pages)


def test_an_empty_report_has_null_for_what_is_not_known() -> None:
    report = FileReport.from_view(view({}))

    assert (report.reader, report.language, report.parts, report.warnings) == (None, None, {}, [])
    assert (report.warning_count, report.replaced_characters) == (0, 0)


def test_the_fields_of_an_archive_may_be_empty_instead_of_missing() -> None:
    report = FileReport.from_view(view({"reader": "", "language": "", "warnings": [["a_b", "Sentence.", ""]]}))

    assert (report.reader, report.language, report.warnings[0].part) == (None, None, None)


@pytest.mark.parametrize(("status", "pages", "shown"), [
    ("in_progress", (3, 9), (3, 9)), ("in_progress", (None, 9), (0, 9)), ("in_progress", (None, None), None),
    ("cancelled", (3, 9), None),
])  # fmt: skip
def test_only_files_in_progress_have_a_progress(
    status: FileStatus, pages: tuple[int | None, int | None], shown: tuple[int, int] | None
) -> None:
    progress = FileReport.from_view(view({}, status, pages)).progress

    assert (progress and (progress.pages_done, progress.pages_total)) == shown
