"""Requests and responses of file batches (deploy/docs/api-contract.md section 6)."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.schemas.parts import Attributes, FileCounts, Id, RequestModel, ResponseModel, Strategy, WaitingDetails
from api.schemas.store_files import AttachFile
from ingest.db.models import FileBatch as Row
from ingest.health.reasons import Wait
from ingest.status import BatchStatus, batch_status

FileIds = Annotated[list[Id], Field(fail_fast=True)]
Files = Annotated[list[AttachFile], Field(fail_fast=True)]
"""The first wrong item ends the validation: a hundred thousand errors would take seconds."""


class CreateFileBatch(RequestModel):
    """Body of POST /vector_stores/{id}/file_batches: file ids, or files that each have their own attributes and chunking."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [given], "properties": {given: {"type": "array"}, absent: {"type": "null"}}}
                for given, absent in (("file_ids", "files"), ("files", "file_ids"))
            ]
        }
    )

    file_ids: FileIds | None = Field(None, min_length=1)
    files: Files | None = Field(None, min_length=1)
    attributes: Attributes | None = None
    chunking_strategy: Strategy | None = None

    @model_validator(mode="after")
    def _require_one_of_file_ids_and_files(self) -> "CreateFileBatch":
        if self.file_ids is None and self.files is None:
            message = "Missing required parameter: one of 'file_ids' and 'files'."
            raise PydanticCustomError("missing_required_parameter", message, {"param": "file_ids"})
        if self.file_ids is not None and self.files is not None:
            message = "Only one of 'file_ids' and 'files' may be given."
            raise PydanticCustomError("invalid_value", message, {"param": "files"})
        return self


class VectorStoreFileBatch(ResponseModel):
    """A file batch."""

    id: str
    object: Literal["vector_store.files_batch"] = "vector_store.files_batch"
    created_at: int
    vector_store_id: str
    status: BatchStatus
    file_counts: FileCounts
    waiting_for: str | None = None
    """An extension: why the batch makes no progress, in one line; null while it does (deploy/docs/api/waiting.md)."""
    waiting_details: WaitingDetails | None = None
    """An extension: the same for programs."""

    @classmethod
    def from_row(cls, row: Row, wait: Wait | None = None) -> "VectorStoreFileBatch":
        return cls(
            id=row.id,
            created_at=row.created_at,
            vector_store_id=row.vector_store_id,
            status=batch_status(row),
            file_counts=FileCounts.from_row(row),
            waiting_for=None if wait is None else wait.text,
            waiting_details=WaitingDetails.from_wait(wait),
        )
