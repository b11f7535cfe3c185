"""Responses of files (deploy/docs/api-contract.md section 2)."""

from typing import Literal

from api.schemas.parts import ResponseModel
from ingest.db.models import File as Row

Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
"""The purposes that an upload accepts.

The client's response type lacks `evals`, so its strict validation fails on it. The API answers `evals` anyway: another
word would be wrong and would break `list(purpose="evals")`.
"""


class File(ResponseModel):
    """An uploaded file."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int | None
    filename: str
    purpose: str
    status: Literal["processed"] = "processed"
    status_details: None = None

    @classmethod
    def from_row(cls, row: Row) -> "File":
        return cls(
            id=row.id,
            bytes=row.bytes,
            created_at=row.created_at,
            expires_at=row.expires_at,
            filename=row.filename,
            purpose=row.purpose,
        )
