"""Positions of removed items in their lists, so that pagination goes on after an item that was removed meanwhile.

The rule: deploy/docs/api-contract.md section 8.
"""

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from ingest.db.execute import execute
from ingest.db.models import Tombstone
from ingest.db.session import read_clock

RETENTION_SECONDS = 86_400.0
"""How long a tombstone is kept. No client pauses for longer between two pages."""


def files(project: str) -> str:
    """Name the list of a project's files."""
    return f"files:{project}"


def vector_stores(project: str) -> str:
    """Name the list of a project's vector stores."""
    return f"vector_stores:{project}"


def reindex_schedules(store_id: str) -> str:
    """Name the list of a store's re-index schedules."""
    return f"schedules:{store_id}"


def import_schedules(store_id: str) -> str:
    """Name the list of a store's import schedules."""
    return f"imports:{store_id}"


def add(session: Session, scope: str, object_id: str, item: int) -> None:
    """Record that an item is removed from a list, in the transaction that removes it."""
    session.add(Tombstone(scope=scope, object_id=object_id, item=item, removed_at=read_clock(session)))


def find(session: Session, scope: str, object_id: str) -> int | None:
    """Return the position of an item when it was last removed; None if it never was, or too long ago."""
    return session.scalar(
        select(Tombstone.item)
        .where(Tombstone.scope == scope, Tombstone.object_id == object_id)
        .order_by(Tombstone.item.desc())
        .limit(1)
    )


def delete_old(session: Session, limit: int) -> int:
    """Delete up to `limit` tombstones past their retention. Returns their number, 0 when none is left."""
    key = (Tombstone.scope, Tombstone.object_id, Tombstone.item)
    old = select(*key).where(Tombstone.removed_at < read_clock(session) - RETENTION_SECONDS).limit(limit)
    return execute(session, delete(Tombstone).where(tuple_(*key).in_(old))).rowcount
