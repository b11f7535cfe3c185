"""Blobs that may be there without a file, so that no bytes are lost sight of whatever is killed (models.LooseBlob).

Who keeps bytes, makes them a file's, or removes them holds the blob's name (`hold`) while it looks and changes.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, not_, select, true, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from ingest.db.execute import changed_prepared, run, run_prepared
from ingest.db.models import LooseBlob
from ingest.db.session import now, read_clock, serialise

WANTED_SECONDS = 3_600.0
"""An upload that has not made a file of its bytes by then is dead."""


def hold(session: Session, blob: str) -> None:
    """Let nobody else decide about this blob before the transaction ends."""
    serialise(session, f"blob:{blob}")


def expect(session: Session, blob: str) -> int:
    """Bytes are about to be kept, and then made a file's; the number under which that is noted."""
    hold(session, blob)
    return int(run_prepared(session, _expecting(now(session)), expected=blob).scalar_one())


def settle(session: Session, loose: int) -> bool:
    """The bytes have a file, made in this transaction; False when they took so long that they were given up."""
    return changed_prepared(session, _SETTLING, settled=loose)


def give_up(session: Session, loose: int) -> None:
    """They will not get a file from this upload, if they have none already."""
    run(session, update(LooseBlob).where(LooseBlob.row == loose).values(wanted=False))


def leave(session: Session, blob: str) -> None:
    """A file with these bytes is deleted in this transaction."""
    session.add(LooseBlob(blob=blob, since=read_clock(session), wanted=False))


def is_wanted(session: Session, blob: str) -> bool:
    """Whether an upload is about to make these bytes a file's."""
    return session.scalar(select(LooseBlob.row).where(LooseBlob.blob == blob, _wanted(session)).limit(1)) is not None


def forget(session: Session, blob: str) -> None:
    """The blob was looked at, and removed if nobody needs it."""
    run(session, delete(LooseBlob).where(LooseBlob.blob == blob, not_(_wanted(session))))


def due(session: Session, limit: int) -> Sequence[str]:
    """Blobs to look at, the one left first first."""
    unwanted = select(LooseBlob.blob).where(not_(_wanted(session)))
    return list(dict.fromkeys(session.scalars(unwanted.order_by(LooseBlob.since, LooseBlob.row).limit(limit))))


def _wanted(session: Session) -> ColumnElement[bool]:
    return and_(LooseBlob.is_reserved, LooseBlob.since > now(session) - WANTED_SECONDS)


@cache
def _expecting(clock: ColumnElement[float]) -> ReturningInsert[tuple[int]]:
    values = {"blob": bindparam("expected"), "since": clock, "wanted": true()}
    return insert(LooseBlob).values(values).returning(LooseBlob.row)


_SETTLING = delete(LooseBlob).where(LooseBlob.row == bindparam("settled"))
