"""The attributes of files in a store, and their copies on points.

A row counts the versions of its attributes. A writer of attributes on points compares the version afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import execute
from ingest.db.models import File, StoreFile


@dataclass(frozen=True)
class PointAttributes:
    """The attributes that a file's points should have."""

    row: int
    generation: int
    project: str
    vector_store_id: str
    file_id: str
    filename: str
    attributes: dict[str, Any]


def replace_attributes(session: Session, store_id: str, file_id: str, attributes: Mapping[str, Any]) -> int | None:
    """Replace a file's attributes and return its row, whose points need them too; None if it is not in the store."""
    return execute(
        session,
        update(StoreFile)
        .where(StoreFile.vector_store_id == store_id, StoreFile.file_id == file_id)
        .values(attributes=dict(attributes), attributes_version=StoreFile.attributes_version + 1)
        .returning(StoreFile.row),
    ).scalar()


def replace_attributes_of_rows(session: Session, attributes_by_row: Mapping[int, Mapping[str, Any]]) -> None:
    """Replace the attributes of at most MAX_IDS files. The points of the rows need them too."""
    values = [{"changed_row": row, "new": dict(attributes)} for row, attributes in attributes_by_row.items()]
    if values:
        session.connection().execute(_REPLACE_ATTRIBUTES, values)


def read_attributes(session: Session, rows: Sequence[int]) -> list[tuple[PointAttributes, int]]:
    """Return the current attributes of the rows that still exist, each with its version."""
    files = session.execute(
        select(StoreFile, File.project, File.filename)
        .join(File, File.id == StoreFile.file_id)
        .where(StoreFile.row.in_(rows))
    ).all()
    return [
        (
            PointAttributes(
                row.row, row.generation, project, row.vector_store_id, row.file_id, filename, row.attributes
            ),
            row.attributes_version,
        )
        for row, project, filename in files
    ]


def are_current(session: Session, written: Sequence[tuple[PointAttributes, int]]) -> bool:
    """Lock the rows and return whether each still has the attributes, by version, that its points were given.

    A row that is gone does not count.
    """
    versions = {points.row: version for points, version in written}
    rows = session.execute(
        select(StoreFile.row, StoreFile.attributes_version)
        .where(StoreFile.row.in_(versions))
        .order_by(StoreFile.row)
        .with_for_update()
    )
    return all(row.attributes_version == versions[row.row] for row in rows)


_FILES = StoreFile.__table__.c
_REPLACE_ATTRIBUTES = (
    update(StoreFile.__table__)  # type: ignore[arg-type]  # a table, whatever the mapped class declares
    .where(_FILES.row == bindparam("changed_row"))
    .values(attributes=bindparam("new"), attributes_version=_FILES.attributes_version + 1)
)
