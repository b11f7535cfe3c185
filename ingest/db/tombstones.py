"""Where removed items stood in their lists: a walk whose last item was removed goes on there (contract section 8)."""

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from ingest.db.execute import run
from ingest.db.models import Tombstone
from ingest.db.session import read_clock

KEPT_SECONDS = 86_400.0
"""Nobody pauses for longer between two pages."""


def files(project: str) -> str:
    """The list of a project's files."""
    return f"files:{project}"


def vector_stores(project: str) -> str:
    """The list of a project's vector stores."""
    return f"vector_stores:{project}"


def schedules(store_id: str) -> str:
    """The list of a store's schedules."""
    return f"schedules:{store_id}"


def import_schedules(store_id: str) -> str:
    """The list of a store's schedules of imports."""
    return f"imports:{store_id}"


def add(session: Session, scope: str, object_id: str, item: int) -> None:
    """Write down that an item was removed from a list, in the transaction that removes it."""
    session.add(Tombstone(scope=scope, object_id=object_id, item=item, removed_at=read_clock(session)))


def find(session: Session, scope: str, object_id: str) -> int | None:
    """Where an item stood when it was last removed; None if it never was, or too long ago."""
    return session.scalar(
        select(Tombstone.item)
        .where(Tombstone.scope == scope, Tombstone.object_id == object_id)
        .order_by(Tombstone.item.desc())
        .limit(1)
    )


def sweep(session: Session, limit: int) -> int:
    """Forget what was removed long ago; how many were forgotten, 0 when none is left."""
    key = (Tombstone.scope, Tombstone.object_id, Tombstone.item)
    old = select(*key).where(Tombstone.removed_at < read_clock(session) - KEPT_SECONDS).limit(limit)
    return run(session, delete(Tombstone).where(tuple_(*key).in_(old))).rowcount
