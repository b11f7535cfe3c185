"""The list of points to delete, which outlives crashes of everything (transition T9)."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ingest.db.counters import run
from ingest.db.models import Purge
from ingest.db.session import now


def due(session: Session, limit: int) -> Sequence[Purge]:
    """What is to be deleted now, oldest first."""
    return session.scalars(
        select(Purge).where(Purge.due_at <= now(session)).order_by(Purge.due_at, Purge.row).limit(limit)
    ).all()


def done(session: Session, purges: Sequence[Purge], *, again_after_seconds: float) -> None:
    """The points are gone; look once more when no worker that lost its file can write any more."""
    first = [purge.row for purge in purges if not purge.final]
    last = [purge.row for purge in purges if purge.final]
    again = {"final": True, "due_at": now(session) + again_after_seconds}
    run(session, update(Purge).where(Purge.row.in_(first)).values(again))
    run(session, delete(Purge).where(Purge.row.in_(last)))
