"""The table `tombstones`."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import WITHOUT_ROWID, Base


class Tombstone(Base):
    """The position of an item in a list that it was removed from, so that pagination can go on from there.

    `scope` names the list: a project's files or vector stores, or by its id the files of a store (db/tombstones.py).
    """

    __tablename__ = "tombstones"
    __table_args__ = (Index("ix_tombstones_removed", "removed_at"), WITHOUT_ROWID)

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    object_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    item: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The row number of the item, which is never used twice."""
    removed_at: Mapped[float]
