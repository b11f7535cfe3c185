"""File (contract section 2)."""

from typing import Literal

from api.schemas.parts import Wire
from ingest.db.models import File as Row

Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
"""What a file is for. `evals` is accepted and shown as what it is: the client's own type of an answer lacks it, which
only its strict validation minds, and any other word would be untrue and break `list(purpose="evals")`."""


class File(Wire):
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
    def of(cls, row: Row) -> "File":
        return cls(
            id=row.id,
            bytes=row.bytes,
            created_at=row.created_at,
            expires_at=row.expires_at,
            filename=row.filename,
            purpose=row.purpose,
        )
