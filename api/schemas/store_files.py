"""Requests and responses of files in a vector store (deploy/docs/api-contract.md section 5)."""

from typing import Any, Literal

from api.schemas.parts import (
    Attributes,
    ChunkingStrategyView,
    Id,
    RequestModel,
    ResponseModel,
    Strategy,
    WaitingDetails,
)
from ingest.db.content.members import FileView
from ingest.errors import LastErrorCode
from ingest.health.reasons import Wait
from ingest.status import FileStatus
from ingest.steps.parse import ParsedText


class AttachFile(RequestModel):
    """Body of POST /vector_stores/{id}/files."""

    file_id: Id
    attributes: Attributes | None = None
    chunking_strategy: Strategy | None = None


class UpdateAttributes(RequestModel):
    """Body of POST /vector_stores/{id}/files/{file_id}: replaces all attributes; null clears them."""

    attributes: Attributes | None


class LastError(ResponseModel):
    """Why a file failed."""

    code: LastErrorCode
    message: str


class VectorStoreFile(ResponseModel):
    """A file in a vector store. Its id is the id of the uploaded file (deploy/docs/api-contract.md section 1)."""

    id: str
    object: Literal["vector_store.file"] = "vector_store.file"
    usage_bytes: int
    created_at: int
    vector_store_id: str
    status: FileStatus
    last_error: LastError | None
    chunking_strategy: ChunkingStrategyView
    attributes: dict[str, Any]
    filename: str
    """An extension: the name of the uploaded file."""
    warnings: int
    """An extension: the number of warnings about the text that search finds (deploy/docs/api/reports.md)."""
    waiting_for: str | None = None
    """An extension: why no worker processes the file, in one line; null otherwise (deploy/docs/api/waiting.md)."""
    waiting_details: WaitingDetails | None = None
    """An extension: the same for programs."""

    @classmethod
    def from_view(cls, row: FileView, wait: Wait | None = None) -> "VectorStoreFile":
        return cls(
            id=row.file_id,
            usage_bytes=row.usage_bytes,
            created_at=row.created_at,
            vector_store_id=row.vector_store_id,
            status=row.status,
            last_error=_last_error(row),
            chunking_strategy=ChunkingStrategyView(
                static={"max_chunk_size_tokens": row.chunk_tokens, "chunk_overlap_tokens": row.chunk_overlap}
            ),
            attributes=row.attributes,
            filename=row.filename,
            warnings=row.warnings,
            waiting_for=None if wait is None else wait.text,
            waiting_details=WaitingDetails.from_wait(wait),
        )


class Passage(ResponseModel):
    """A piece of text."""

    type: Literal["text"] = "text"
    text: str


class Location(ResponseModel):
    """Where a passage is in its file: an extension of this service (deploy/docs/text.md). Keys that do not apply are null.

    `start` and `end` are characters of the text that GET .../files/{file_id}/content returns. `header` is the range of
    a header row that the passage repeats before that text. `pages`, `slides` and `rows` are the first and the last
    number, from 1. `attachments` names the files inside the file, from the outermost.
    """

    start: int | None = None
    end: int | None = None
    header: list[int] | None = None
    pages: list[int] | None = None
    slides: list[int] | None = None
    sheet: str | None = None
    rows: list[int] | None = None
    chapter: str | None = None
    message: str | None = None
    attachments: list[str] | None = None
    headings: list[str] | None = None
    content_hash: str
    generation: int


class SectionView(ResponseModel):
    """A page, slide, sheet, chapter, message or attachment: characters [start, end) of the text."""

    kind: str
    number: int
    name: str
    start: int
    end: int


class HeadingView(ResponseModel):
    """A heading that starts at character `start`. Level 1 is the highest."""

    start: int
    level: int
    title: str


class Structure(ResponseModel):
    """The structure of a text: an extension of this service."""

    sections: list[SectionView]
    headings: list[HeadingView]

    @classmethod
    def from_parsed(cls, parsed: ParsedText) -> "Structure":
        return cls(
            sections=[SectionView.model_validate(vars(section)) for section in parsed.sections],
            headings=[HeadingView.model_validate(vars(heading)) for heading in parsed.headings],
        )


class ContentPage(ResponseModel):
    """The whole text of a file on one page, because clients never request a second page."""

    object: Literal["vector_store.file_content.page"] = "vector_store.file_content.page"
    data: list[Passage]
    structure: Structure
    has_more: Literal[False] = False
    next_page: None = None


def _last_error(row: FileView) -> LastError | None:
    if row.error_code is None:
        return None
    return LastError.model_validate({"code": row.error_code, "message": row.error_message or ""})
