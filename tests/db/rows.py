"""Factories of rows, and readers for assertions."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import select

from ingest import ids
from ingest.caller import DEFAULT_PROJECT
from ingest.config import LOCAL_MODEL
from ingest.db.models import BatchFile, File, FileBatch, StoreFile, VectorStore
from ingest.db.pages import Window
from ingest.db.queue import claims, membership, workers
from ingest.db.queue.claims import Claim
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.status import LANES, Lane

WINDOW = Window(limit=100, order="asc")
CONTENT = b"A heron stands in the water."
BLOB = hashlib.sha256(CONTENT).hexdigest()
"""The blob of every file that is made here. Its bytes are not stored."""

HOLDER = "test/1"
"""The lease holder of every claim that is made here."""


def create_store(database: Database, project: str = DEFAULT_PROJECT) -> str:
    """Create an empty store and return its id."""
    with database.transaction() as session:
        values = {"name": "", "model": LOCAL_MODEL, "meta": {}, "created_at": 1, "last_active_at": 1}
        store = VectorStore(project=project, id=ids.new("vs_"), **values)
        session.add(store)
    return store.id


def create_files(database: Database, count: int) -> list[str]:
    """Create uploaded files of one byte and return their ids."""
    with database.transaction() as session:
        files = [
            File(
                project=DEFAULT_PROJECT,
                id=ids.new("file-"),
                filename=f"{n}.txt",
                bytes=1,
                purpose="assistants",
                blob=BLOB,
                created_at=1,
            )
            for n in range(count)
        ]
        session.add_all(files)
    return [file.id for file in files]


def record_worker(
    database: Database,
    *lanes: Lane,
    worker_id: str = HOLDER,
    alive_seconds: float = 1e9,
) -> None:
    """Record the heartbeat of a worker of some lanes, or of all."""
    with database.transaction() as session:
        node = worker_id.rpartition("/")[0]
        workers.record_heartbeat(
            session, worker_id, node=node, lanes=lanes or LANES, processes=2, alive_seconds=alive_seconds
        )


def make_member(file_id: str, *, tokens: int = 800, attributes: dict[str, str] | None = None) -> Member:
    return Member(file_id, attributes, tokens, tokens // 2)


def attach(database: Database, store: str, file_ids: Sequence[str], *, tokens: int = 800) -> list[int]:
    """Attach single files and return their rows."""
    with database.transaction() as session:
        membership.attach(session, store, [make_member(file_id, tokens=tokens) for file_id in file_ids], None)
    return [get_row(database, store, file_id).row for file_id in file_ids]


def attach_batch(database: Database, store: str, file_ids: Sequence[str]) -> str:
    """Attach files as a batch and return its id."""
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=1)
    with database.transaction() as session:
        membership.attach(session, store, [make_member(file_id) for file_id in file_ids], batch)
    return batch.id


def try_claim(database: Database, row: int, *, lease_seconds: float = 30) -> Claim | None:
    """Claim a file; None if it is not claimable."""
    with database.transaction() as session:
        return claims.claim(session, row, lease_holder=HOLDER, lease_seconds=lease_seconds)


def claim(database: Database, row: int, *, lease_seconds: float = 30) -> Claim:
    """Claim a file that is claimable."""
    lease = try_claim(database, row, lease_seconds=lease_seconds)
    assert lease is not None
    return lease


def get_row(database: Database, store: str, file_id: str) -> StoreFile:
    with database.reading() as session:
        return session.scalars(
            select(StoreFile).where(StoreFile.vector_store_id == store, StoreFile.file_id == file_id)
        ).one()


def read_counts(database: Database, object_id: str) -> tuple[int, int, int, int]:
    """Return in_progress, completed, failed and cancelled of a store or a batch."""
    with database.reading() as session:
        counted: VectorStore | FileBatch
        if object_id.startswith("vs_"):
            counted = session.scalars(select(VectorStore).where(VectorStore.id == object_id)).one()
        else:
            counted = session.scalars(select(FileBatch).where(FileBatch.id == object_id)).one()
    return counted.in_progress, counted.completed, counted.failed, counted.cancelled


def read_outcomes(database: Database, batch_id: str) -> list[str]:
    """Return the sorted outcomes of a batch's members."""
    with database.reading() as session:
        return sorted(
            session.scalars(
                select(BatchFile.status)
                .join(FileBatch, FileBatch.row == BatchFile.batch)
                .where(FileBatch.id == batch_id)
            )
        )
