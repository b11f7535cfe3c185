"""VectorStoreFileBatch (contract section 6)."""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.schemas.parts import Attributes, Body, FileCounts, Id, Strategy, Wire
from api.schemas.store_files import AttachFile
from ingest.db.models import FileBatch as Row
from ingest.status import BatchStatus, of_batch


class CreateFileBatch(Body):
    """POST /vector_stores/{id}/file_batches: files by id, or each with attributes and chunking of its own."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [one], "properties": {one: {"type": "array"}, other: {"type": "null"}}}
                for one, other in (("file_ids", "files"), ("files", "file_ids"))
            ]
        }
    )

    file_ids: list[Id] | None = Field(None, min_length=1)
    files: list[AttachFile] | None = Field(None, min_length=1)
    attributes: Attributes | None = None
    chunking_strategy: Strategy | None = None

    @model_validator(mode="after")
    def _exactly_one_form(self) -> "CreateFileBatch":
        if self.file_ids is None and self.files is None:
            message = "Missing required parameter: one of 'file_ids' and 'files'."
            raise PydanticCustomError("missing_required_parameter", message, {"param": "file_ids"})
        if self.file_ids is not None and self.files is not None:
            message = "Only one of 'file_ids' and 'files' may be given."
            raise PydanticCustomError("invalid_value", message, {"param": "files"})
        return self


class VectorStoreFileBatch(Wire):
    """A batch."""

    id: str
    object: Literal["vector_store.files_batch"] = "vector_store.files_batch"
    created_at: int
    vector_store_id: str
    status: BatchStatus
    file_counts: FileCounts

    @classmethod
    def of(cls, row: Row) -> "VectorStoreFileBatch":
        return cls(
            id=row.id,
            created_at=row.created_at,
            vector_store_id=row.vector_store_id,
            status=of_batch(row.in_progress, cancelled=row.cancelled_at is not None, expired=row.expired),
            file_counts=FileCounts.of(row),
        )
