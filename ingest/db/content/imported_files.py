"""What scheduled imports uploaded, and how it stands: what takes the place of a journal (deploy/decisions/0012)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from ingest.caller import Importing
from ingest.db.execute import run
from ingest.db.models import File, ImportedFile, ImportSchedule, StoreFile
from ingest.db.queue.membership import slices
from ingest.db.schedules import import_schedules
from ingest.db.session import Database
from ingest.status import RowStatus

PAGE = 5_000


@dataclass(frozen=True)
class Version:
    """A version of a file that a schedule uploaded; `status` is None when it is not in the store."""

    row: int
    file_id: str
    address: bytes
    name: str
    stamp: str
    going: bool
    size: int
    sha256: str
    status: RowStatus | None
    attributes: Mapping[str, Any] | None
    reason: str | None


def record(session: Session, source: Importing, file: File) -> None:
    """Write down where a new file comes from, in its transaction. Raises Abandoned when the run was taken over."""
    import_schedules.add_up(session, source.schedule, source.fence, uploaded=1)
    values = {"schedule": source.schedule, "file_id": file.id, "going": False}
    about = {"address": source.address, "name": source.name, "stamp": source.stamp}
    run(session, insert(ImportedFile).values(values | about))


def versions(database: Database, schedule: int) -> Iterator[Version]:
    """All that a schedule uploaded and that is still there, in that order."""
    last = 0
    while True:
        with database.reading() as session:
            found = _page(session, schedule, last)
        yield from found
        if len(found) < PAGE:
            return
        last = found[-1].row


def touched(session: Session, file_id: str, stamp: str) -> None:
    """A file looked changed and was not."""
    run(session, update(ImportedFile).where(ImportedFile.file_id == file_id).values(stamp=stamp))


def go(session: Session, schedule: int, fence: int, file_ids: Sequence[str]) -> None:
    """Count files as removed, each once; who does this removes them afterwards. Raises Abandoned."""
    count = 0
    for some in slices(file_ids):
        mine = (ImportedFile.schedule == schedule, ImportedFile.file_id.in_(some), ~ImportedFile.is_removed)
        count += run(session, update(ImportedFile).where(*mine).values(going=True)).rowcount
    import_schedules.add_up(session, schedule, fence, removed=count)


def _page(session: Session, schedule: int, after: int) -> Sequence[Version]:
    facts = (
        *(ImportedFile.row, ImportedFile.file_id, ImportedFile.source, ImportedFile.name, ImportedFile.fingerprint),
        *(ImportedFile.is_removed, File.bytes, File.blob, StoreFile.status, StoreFile.attributes, StoreFile.error_message),
    )
    rows = session.execute(
        select(*facts)
        .join(File, File.id == ImportedFile.file_id)
        .join(ImportSchedule, ImportSchedule.row == ImportedFile.schedule)
        .outerjoin(
            StoreFile,
            (StoreFile.file_id == File.id) & (StoreFile.vector_store_id == ImportSchedule.vector_store_id),
        )
        .where(ImportedFile.schedule == schedule, ImportedFile.row > after)
        .order_by(ImportedFile.row)
        .limit(PAGE)
    )
    return [Version(*row) for row in rows]
