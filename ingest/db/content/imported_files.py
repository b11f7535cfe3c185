"""The files that scheduled imports uploaded. The rows replace the journal file (deploy/docs/decisions/0012-scheduled-imports.md)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from ingest.caller import ImportOrigin
from ingest.db.execute import execute
from ingest.db.id_slices import slices
from ingest.db.models import File, ImportedFile, ImportSchedule, StoreFile
from ingest.db.schedules import import_schedules
from ingest.db.session import Database
from ingest.status import RowStatus

PAGE_SIZE = 5_000


@dataclass(frozen=True)
class ImportedVersion:
    """A version of a source file that a schedule uploaded. `status` is None when it is not in the store."""

    row: int
    file_id: str
    source: bytes
    name: str
    fingerprint: str
    is_removed: bool
    size: int
    sha256: str
    status: RowStatus | None
    attributes: Mapping[str, Any] | None
    error_message: str | None


def record_upload(session: Session, importing: ImportOrigin, file: File) -> None:
    """Record where a new file comes from, in the transaction that makes it.

    Raises Abandoned when another process has taken over the run.
    """
    import_schedules.add_counts(session, importing.schedule, importing.fence, uploaded=1)
    values = {"schedule": importing.schedule, "file_id": file.id, "is_removed": False}
    about = {"source": importing.source, "name": importing.name, "fingerprint": importing.fingerprint}
    execute(session, insert(ImportedFile).values(values | about))


def iterate_versions(database: Database, schedule: int) -> Iterator[ImportedVersion]:
    """Yield the versions that a schedule uploaded and whose files still exist, in the order of upload."""
    last_row = 0
    while True:
        with database.reading() as session:
            versions = _page(session, schedule, last_row)
        yield from versions
        if len(versions) < PAGE_SIZE:
            return
        last_row = versions[-1].row


def set_fingerprint(session: Session, file_id: str, fingerprint: str) -> None:
    """Replace the fingerprint of a source file that was touched but has the same content."""
    execute(session, update(ImportedFile).where(ImportedFile.file_id == file_id).values(fingerprint=fingerprint))


def mark_removed(session: Session, schedule: int, fence: int, file_ids: Sequence[str]) -> None:
    """Mark files as removed and count each once. The caller deletes them afterwards.

    Raises Abandoned when another process has taken over the run.
    """
    count = 0
    for some in slices(file_ids):
        unmarked = (ImportedFile.schedule == schedule, ImportedFile.file_id.in_(some), ~ImportedFile.is_removed)
        count += execute(session, update(ImportedFile).where(*unmarked).values(is_removed=True)).rowcount
    import_schedules.add_counts(session, schedule, fence, removed=count)


def _page(session: Session, schedule: int, after_row: int) -> Sequence[ImportedVersion]:
    imported = (
        *(ImportedFile.row, ImportedFile.file_id, ImportedFile.source, ImportedFile.name, ImportedFile.fingerprint),
        ImportedFile.is_removed,
    )
    rows = session.execute(
        select(*imported, File.bytes, File.blob, StoreFile.status, StoreFile.attributes, StoreFile.error_message)
        .join(File, File.id == ImportedFile.file_id)
        .join(ImportSchedule, ImportSchedule.row == ImportedFile.schedule)
        .outerjoin(
            StoreFile,
            (StoreFile.file_id == File.id) & (StoreFile.vector_store_id == ImportSchedule.vector_store_id),
        )
        .where(ImportedFile.schedule == schedule, ImportedFile.row > after_row)
        .order_by(ImportedFile.row)
        .limit(PAGE_SIZE)
    )
    return [ImportedVersion(*row) for row in rows]
