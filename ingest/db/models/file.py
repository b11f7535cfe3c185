"""The table `files`."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber, partial_index


class File(Base):
    """An uploaded file (deploy/docs/api-contract.md section 2)."""

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("bytes >= 0", name="bytes"),
        Index("ix_files_blob", "blob"),
        Index("ix_files_project", "project", "row", "bytes"),
        partial_index("ix_files_expiry", "expires_at", where="expires_at IS NOT NULL"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    filename: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(32))
    blob: Mapped[str] = mapped_column(String(64))
    """The SHA-256 of the content, which names the blob. Several files may share one."""
    created_at: Mapped[int]
    expires_at: Mapped[int | None]
