"""Responses about coverage reports, an extension of OpenAI's API (deploy/docs/api/reports.md)."""

from collections.abc import Mapping
from typing import Any, Literal

from api.schemas.parts import ResponseModel
from ingest.db.content.reports import ReportView, WarningCounts
from ingest.status import FileStatus


class Reader(ResponseModel):
    """The library that read a file, and its version; `ingest` for the readers of this service."""

    name: str
    version: str


class PartCounts(ResponseModel):
    """Parts of one kind by outcome.

    `read`: their text is in the result. `ocr`: it was recognised from a picture. `empty`: they have no text.
    `failed`: they are damaged. `not_read`: nothing here can read them.
    """

    read: int = 0
    ocr: int = 0
    empty: int = 0
    failed: int = 0
    not_read: int = 0


class FileWarning(ResponseModel):
    """Something of a file that was not read, or was read with a loss. `part` names the place, for example `page 7`."""

    code: str
    message: str
    part: str | None


class ReadProgress(ResponseModel):
    """The pages that were read so far of a file in progress."""

    pages_done: int
    pages_total: int


class FileReport(ResponseModel):
    """What was read of a file in a vector store. `id` is the id of the file.

    It describes the text that search finds, or the reading that failed. `reader` is null without a reading.
    `warnings` has the first 50 of `warning_count`.
    """

    id: str
    object: Literal["vector_store.file.report"] = "vector_store.file.report"
    vector_store_id: str
    filename: str
    status: FileStatus
    reader: Reader | None
    language: str | None
    parts: dict[str, PartCounts]
    replaced_characters: int
    warning_count: int
    warnings: list[FileWarning]
    progress: ReadProgress | None

    @classmethod
    def from_view(cls, view: ReportView) -> "FileReport":
        file, report = view.file, view.report
        return cls(
            id=file.file_id,
            vector_store_id=file.vector_store_id,
            filename=view.file.filename,
            status=file.status,
            reader=_reader(report),
            language=report.get("language") or None,
            parts={kind: PartCounts(**outcomes) for kind, outcomes in report.get("parts", {}).items()},
            replaced_characters=report.get("replaced_characters", 0),
            warning_count=report.get("warning_count", 0),
            warnings=[
                FileWarning(code=code, message=message, part=part or None)
                for code, message, part in report.get("warnings", ())
            ],
            progress=_progress(view),
        )


class StoreWarnings(ResponseModel):
    """Files with warnings of a vector store or of a batch, and how many of them have each code."""

    object: Literal["vector_store.warnings"] = "vector_store.warnings"
    vector_store_id: str
    batch_id: str | None
    files: int
    codes: dict[str, int]

    @classmethod
    def from_counts(cls, store_id: str, batch_id: str | None, counts: WarningCounts) -> "StoreWarnings":
        codes = dict(counts.files_by_code)
        return cls(vector_store_id=store_id, batch_id=batch_id, files=counts.files, codes=codes)


def _reader(report: Mapping[str, Any]) -> Reader | None:
    if not report.get("reader"):
        return None
    return Reader(name=report["reader"], version=report.get("reader_version", ""))


def _progress(view: ReportView) -> ReadProgress | None:
    if view.file.status != "in_progress" or view.pages_total is None:
        return None
    return ReadProgress(pages_done=view.pages_done or 0, pages_total=view.pages_total)
