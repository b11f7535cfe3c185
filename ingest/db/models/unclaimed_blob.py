"""The table `unclaimed_blobs`."""

from sqlalchemy import Boolean, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber


class UnclaimedBlob(Base):
    """A blob that may exist without a file: one that an upload is about to store, or one that a deleted file left.

    The row is inserted before the bytes are stored. It is deleted when a file claims them or after they were deleted, so
    no blob is ever without a row here or in `files`.
    """

    __tablename__ = "unclaimed_blobs"
    __table_args__ = (
        Index("ix_loose_blobs_blob", "blob"),
        Index("ix_loose_blobs_since", "since"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    blob: Mapped[str] = mapped_column(String(64))
    since: Mapped[float]
    is_reserved: Mapped[bool] = mapped_column(Boolean)
    """Whether an upload is about to claim the bytes for a file."""
