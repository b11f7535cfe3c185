"""Requests and responses of uploads and their parts (deploy/docs/api-contract.md section 3)."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.files import File, Purpose
from api.schemas.parts import Id, RequestModel, ResponseModel, Storable, Whole
from ingest.db.models import UploadPart as PartRow
from ingest.db.models import UploadStatus
from ingest.stores.uploads import MAX_UPLOAD_BYTES, UploadView

FileName = Annotated[str, Field(min_length=1, max_length=4096), Storable]
MimeType = Annotated[str, Field(max_length=255), Storable]


class FileExpiresAfter(RequestModel):
    """The file expires this many seconds after its creation."""

    anchor: Literal["created_at"]
    seconds: Whole = Field(ge=3600, le=2_592_000)


class CreateUpload(RequestModel):
    """Body of POST /uploads."""

    bytes: Whole = Field(ge=0, le=MAX_UPLOAD_BYTES)
    filename: FileName
    mime_type: MimeType
    purpose: Purpose
    expires_after: FileExpiresAfter | None = None


class CompleteUpload(RequestModel):
    """Body of POST /uploads/{id}/complete."""

    part_ids: Annotated[list[Id], Field(fail_fast=True)]
    md5: Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")] | None = None


class Upload(ResponseModel):
    """A file that is uploaded in parts."""

    id: str
    object: Literal["upload"] = "upload"
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    status: UploadStatus
    file: File | None

    @classmethod
    def from_view(cls, view: UploadView) -> "Upload":
        row = view.upload
        return cls(
            id=row.id,
            bytes=row.bytes,
            created_at=row.created_at,
            expires_at=row.expires_at,
            filename=row.filename,
            purpose=row.purpose,
            status=row.status,
            file=None if view.file is None else File.from_row(view.file),
        )


class UploadPart(ResponseModel):
    """A part of an uploaded file."""

    id: str
    object: Literal["upload.part"] = "upload.part"
    created_at: int
    upload_id: str

    @classmethod
    def from_row(cls, row: PartRow) -> "UploadPart":
        return cls(id=row.id, created_at=row.created_at, upload_id=row.upload_id)
