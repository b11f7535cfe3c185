"""The tables `uploads` and `upload_parts` (deploy/docs/api-contract.md section 3)."""

from typing import Literal

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber, partial_index

UploadStatus = Literal["pending", "completed", "cancelled", "expired"]


class Upload(Base):
    """A file that arrives in parts. Completing the upload sets `file_id` and `part_ids`."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("status IN ('pending','completed','cancelled','expired')", name="status"),
        CheckConstraint("(status = 'completed') = (file_id IS NOT NULL)", name="only_completed_has_a_file"),
        CheckConstraint("bytes >= 0", name="bytes"),
        partial_index("ix_uploads_pending", "expires_at", where="status = 'pending'"),
        partial_index("ix_uploads_ended", "expires_at", where="status <> 'pending'"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    filename: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int]
    mime_type: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[int]
    expires_at: Mapped[int]
    file_expires_after: Mapped[int | None]
    """How long the file lives after the upload was completed, in seconds; None is for ever."""
    status: Mapped[UploadStatus] = mapped_column(String(16), default="pending")
    file_id: Mapped[str | None] = mapped_column(String(64))
    part_ids: Mapped[list[str]] = mapped_column(JSON, default=list)


class UploadPart(Base):
    """A part of an upload.

    The row is inserted before its blob is stored and deleted after its blob, so every part's blob has a row.
    """

    __tablename__ = "upload_parts"
    __table_args__ = (
        CheckConstraint("bytes >= 0", name="bytes"),
        CheckConstraint("(bytes IS NULL) = (sha256 IS NULL)", name="only_what_arrived_has_a_sum"),
        Index("ix_upload_parts_upload", "upload_id"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"))
    created_at: Mapped[int]
    bytes: Mapped[int | None]
    """None until the whole part has been stored."""
    sha256: Mapped[str | None] = mapped_column(String(64))
