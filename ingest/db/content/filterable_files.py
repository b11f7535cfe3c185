"""The files of a store with what filters compare: pages for scans, in the order of their rows.

Filters are evaluated in Python, because the two databases compare JSON values differently.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.db import tombstones
from ingest.db.models import File, StoreFile


@dataclass(frozen=True)
class FilterableFile:
    """A file in a store with its attributes and its name."""

    row: int
    file_id: str
    filename: str
    attributes: dict[str, Any]


def page_after(session: Session, store_id: str, row: int, limit: int) -> list[FilterableFile]:
    """Return the first `limit` files of a store whose row is greater than `row`."""
    files = session.execute(
        select(StoreFile.row, StoreFile.file_id, File.filename, StoreFile.attributes)
        .join(File, File.id == StoreFile.file_id)
        .where(StoreFile.vector_store_id == store_id, StoreFile.row > row)
        .order_by(StoreFile.row)
        .limit(limit)
    )
    return [FilterableFile(*file) for file in files]


def row_of(session: Session, store_id: str, file_id: str) -> int | None:
    """Return the row of a file that is in the store, or was removed from it within a day; None if it never was."""
    in_store = (StoreFile.vector_store_id == store_id, StoreFile.file_id == file_id)
    row = session.scalar(select(StoreFile.row).where(*in_store))
    return tombstones.find(session, store_id, file_id) if row is None else row
