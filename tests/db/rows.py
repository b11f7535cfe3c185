"""Small factories of rows."""

from collections.abc import Sequence

from sqlalchemy import select

from ingest import ids
from ingest.caller import DEFAULT_PROJECT
from ingest.config import LOCAL_MODEL
from ingest.db.models import BatchFile, File, FileBatch, StoreFile, VectorStore
from ingest.db.pages import Window
from ingest.db.queue import claims, membership
from ingest.db.queue.claims import Claim
from ingest.db.queue.membership import Member
from ingest.db.session import Database


def a_store(database: Database, project: str = DEFAULT_PROJECT) -> str:
    with database.transaction() as session:
        facts = {"name": "", "model": LOCAL_MODEL, "meta": {}, "created_at": 1, "last_active_at": 1}
        store = VectorStore(project=project, id=ids.new("vs_"), **facts)
        session.add(store)
    return store.id


def files(database: Database, count: int) -> list[str]:
    with database.transaction() as session:
        made = [
            File(
                project=DEFAULT_PROJECT,
                id=ids.new("file-"),
                filename=f"{n}.txt",
                bytes=1,
                purpose="assistants",
                blob="0" * 64,
                created_at=1,
            )
            for n in range(count)
        ]
        session.add_all(made)
    return [file.id for file in made]


def member(file_id: str, *, tokens: int = 800, attributes: dict[str, str] | None = None) -> Member:
    return Member(file_id, attributes, tokens, tokens // 2)


def attach(database: Database, store: str, file_ids: Sequence[str], *, tokens: int = 800) -> list[int]:
    """Attach files one by one; their rows."""
    with database.transaction() as session:
        membership.attach(session, store, [member(file_id, tokens=tokens) for file_id in file_ids], None)
    return [row(database, store, file_id).row for file_id in file_ids]


def batch(database: Database, store: str, file_ids: Sequence[str]) -> str:
    """Attach files as a batch; its id."""
    made = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=1)
    with database.transaction() as session:
        membership.attach(session, store, [member(file_id) for file_id in file_ids], made)
    return made.id


def claim(database: Database, row_number: int, *, lease_seconds: float = 30) -> Claim | None:
    with database.transaction() as session:
        return claims.claim(session, row_number, owner="test/1", lease_seconds=lease_seconds)


def claimed(database: Database, row_number: int, *, lease_seconds: float = 30) -> Claim:
    found = claim(database, row_number, lease_seconds=lease_seconds)
    assert found is not None
    return found


def row(database: Database, store: str, file_id: str) -> StoreFile:
    with database.reading() as session:
        return session.scalars(
            select(StoreFile).where(StoreFile.vector_store_id == store, StoreFile.file_id == file_id)
        ).one()


def counts(database: Database, object_id: str) -> tuple[int, int, int, int]:
    """in_progress, completed, failed and cancelled of a store or a batch."""
    with database.reading() as session:
        found: VectorStore | FileBatch
        if object_id.startswith("vs_"):
            found = session.scalars(select(VectorStore).where(VectorStore.id == object_id)).one()
        else:
            found = session.scalars(select(FileBatch).where(FileBatch.id == object_id)).one()
    return found.in_progress, found.completed, found.failed, found.cancelled


def memberships(database: Database, batch_id: str) -> list[str]:
    with database.reading() as session:
        return sorted(
            session.scalars(
                select(BatchFile.status)
                .join(FileBatch, FileBatch.row == BatchFile.batch)
                .where(FileBatch.id == batch_id)
            )
        )


WINDOW = Window(limit=100, order="asc")
