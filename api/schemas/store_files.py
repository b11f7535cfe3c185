"""VectorStoreFile (contract section 5)."""

from typing import Any, Literal

from api.schemas.parts import Attributes, Body, Id, ShownStrategy, Strategy, Wire
from ingest.db.content.stores import Shown
from ingest.errors import LastErrorCode
from ingest.status import FileStatus


class AttachFile(Body):
    """POST /vector_stores/{id}/files"""

    file_id: Id
    attributes: Attributes | None = None
    chunking_strategy: Strategy | None = None


class UpdateAttributes(Body):
    """POST /vector_stores/{id}/files/{file_id}: replaces all attributes; null clears them."""

    attributes: Attributes | None


class LastError(Wire):
    """Why a file failed."""

    code: LastErrorCode
    message: str


class VectorStoreFile(Wire):
    """A file in a store; its id is the file's (contract section 1)."""

    id: str
    object: Literal["vector_store.file"] = "vector_store.file"
    usage_bytes: int
    created_at: int
    vector_store_id: str
    status: FileStatus
    last_error: LastError | None
    chunking_strategy: ShownStrategy
    attributes: dict[str, Any]

    @classmethod
    def of(cls, row: Shown) -> "VectorStoreFile":
        return cls(
            id=row.file_id,
            usage_bytes=row.usage_bytes,
            created_at=row.created_at,
            vector_store_id=row.vector_store_id,
            status=row.status,
            last_error=_last_error(row),
            chunking_strategy=ShownStrategy(
                static={"max_chunk_size_tokens": row.chunk_tokens, "chunk_overlap_tokens": row.chunk_overlap}
            ),
            attributes=row.attributes,
        )


class Passage(Wire):
    """A piece of text."""

    type: Literal["text"] = "text"
    text: str


class ContentPage(Wire):
    """The whole text of a file: one page, because clients never ask for a second (contract section 5)."""

    object: Literal["vector_store.file_content.page"] = "vector_store.file_content.page"
    data: list[Passage]
    has_more: Literal[False] = False
    next_page: None = None


def _last_error(row: Shown) -> LastError | None:
    if row.error_code is None:
        return None
    return LastError.model_validate({"code": row.error_code, "message": row.error_message or ""})
