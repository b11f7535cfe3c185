"""Bytes in blob storage that may have no file yet, or no file any more.

The row is written before the bytes and removed after them, or when a file has them. So a crash never leaves bytes that
no row names. A transaction that reserves, claims or deletes bytes calls `lock_blob` before.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, not_, select, true, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from ingest.db import locks
from ingest.db.execute import changed_row_prepared, execute, execute_prepared
from ingest.db.id_slices import slices
from ingest.db.models import UnclaimedBlob
from ingest.db.session import now, read_clock

RESERVATION_SECONDS = 3_600.0
"""An upload is dead when it has not claimed its bytes for a file within this time."""


def lock_blob(session: Session, blob: str) -> None:
    """Lock the blob's name until the transaction ends."""
    locks.advisory_lock(session, locks.blob(blob))


def reserve(session: Session, blob: str) -> int:
    """Reserve a blob before its bytes are stored, and return the number of the reservation."""
    lock_blob(session, blob)
    return int(execute_prepared(session, _reserve_statement(now(session)), blob=blob).scalar_one())


def extend_reservations(session: Session, reservations: Sequence[int]) -> None:
    """Let reservations last `RESERVATION_SECONDS` from now."""
    for some in slices(reservations):
        execute(session, update(UnclaimedBlob).where(UnclaimedBlob.row.in_(some)).values(since=now(session)))


def mark_claimed(session: Session, reservation: int) -> bool:
    """Remove a reservation in the transaction that makes the file.

    Returns False when it is gone: it timed out, and the bytes may have been deleted.
    """
    return changed_row_prepared(session, _MARK_CLAIMED, reservation=reservation)


def mark_all_claimed(session: Session, reservations: Sequence[int]) -> None:
    """Remove reservations whose files an earlier transaction made."""
    for some in slices(reservations):
        execute(session, delete(UnclaimedBlob).where(UnclaimedBlob.row.in_(some)))


def release(session: Session, reservation: int) -> None:
    """End a reservation: this upload makes no file of the bytes, so they are deleted unless another file has them."""
    execute(session, update(UnclaimedBlob).where(UnclaimedBlob.row == reservation).values(is_reserved=False))


def add_unreserved(session: Session, blob: str) -> None:
    """Record bytes whose file is deleted in this transaction."""
    session.add(UnclaimedBlob(blob=blob, since=read_clock(session), is_reserved=False))


def is_reserved(session: Session, blob: str) -> bool:
    """Return whether an upload is about to make a file of these bytes."""
    reserved = (UnclaimedBlob.blob == blob, _reserved(session))
    return session.scalar(select(UnclaimedBlob.row).where(*reserved).limit(1)) is not None


def remove(session: Session, blob: str) -> None:
    """Remove the unreserved rows of a blob that was examined, and deleted if no file has it."""
    execute(session, delete(UnclaimedBlob).where(UnclaimedBlob.blob == blob, not_(_reserved(session))))


def list_unreserved(session: Session, limit: int) -> Sequence[str]:
    """Return blobs to examine, the longest unclaimed first."""
    unreserved = select(UnclaimedBlob.blob).where(not_(_reserved(session)))
    oldest_first = unreserved.order_by(UnclaimedBlob.since, UnclaimedBlob.row)
    return list(dict.fromkeys(session.scalars(oldest_first.limit(limit))))


def _reserved(session: Session) -> ColumnElement[bool]:
    return and_(UnclaimedBlob.is_reserved, UnclaimedBlob.since > now(session) - RESERVATION_SECONDS)


@cache
def _reserve_statement(clock: ColumnElement[float]) -> ReturningInsert[tuple[int]]:
    values = {"blob": bindparam("blob"), "since": clock, "is_reserved": true()}
    return insert(UnclaimedBlob).values(values).returning(UnclaimedBlob.row)


_MARK_CLAIMED = delete(UnclaimedBlob).where(UnclaimedBlob.row == bindparam("reservation"))
