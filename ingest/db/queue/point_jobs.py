"""The durable queue of work on points. Every PointJob row is made here.

A job is written in the transaction that makes it necessary, so it survives any crash (transition T9 in
deploy/docs/reliability.md). The maintenance process takes due jobs and carries them out in the index.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, false, insert, literal, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import execute
from ingest.db.id_slices import slices
from ingest.db.models import PointJob, PointJobKind, StoreFile
from ingest.db.session import now, read_clock
from ingest.status import UNFINISHED

TAKE_SECONDS = 10.0
"""A taken job is not due again for this long. Carrying it out twice is harmless: jobs are idempotent."""

_COLUMNS = ["kind", "vector_store_id", "store_file", "first_generation", "last_generation", "due_at", "is_final"]


# --- making jobs ---


def purge_up_to(session: Session, store_id: str, generations: Iterable[tuple[int, int]]) -> None:
    """Purge the points of files: for each (row, last), every generation up to `last`."""
    due_at = read_clock(session)
    jobs = [
        PointJob(kind="purge", vector_store_id=store_id, store_file=row, last_generation=last, due_at=due_at)
        for row, last in generations
    ]
    session.add_all(jobs)


def purge_after(session: Session, store_id: str, generations: Iterable[tuple[int, int, int]]) -> None:
    """Purge the points of files: for each (row, kept, last), the generations after `kept` up to `last`."""
    due_at = read_clock(session)
    jobs = [
        PointJob(
            kind="purge",
            vector_store_id=store_id,
            store_file=row,
            first_generation=kept + 1,
            last_generation=last,
            due_at=due_at,
        )
        for row, kept, last in generations
    ]
    session.add_all(jobs)


def purge_where(
    session: Session, condition: ColumnElement[bool], first: ColumnElement[Any], last: ColumnElement[Any]
) -> None:
    """Purge generations `first` to `last` of every file that meets the condition, in one statement."""
    due_at = literal(read_clock(session))
    purge, files = literal("purge"), (StoreFile.vector_store_id, StoreFile.row)
    jobs = select(purge, *files, first, last.label("last"), due_at, false()).where(condition)
    execute(session, insert(PointJob).from_select(_COLUMNS, jobs))


def purge_store(session: Session, store_id: str, *, due_at: float) -> PointJob:
    """Purge all points of a store from `due_at` on, in seconds since 1970."""
    job = PointJob(kind="purge", vector_store_id=store_id, due_at=due_at)
    session.add(job)
    return job


def enqueue_attributes(session: Session, store_id: str, rows: Sequence[int], *, after_seconds: float) -> list[PointJob]:
    """Have the attributes on these files' points updated, unless the caller finishes the jobs before they are due."""
    due_at = read_clock(session) + after_seconds
    jobs: list[PointJob] = []
    for some in slices(rows):
        added = [PointJob(kind="attributes", vector_store_id=store_id, store_file=row, due_at=due_at) for row in some]
        session.add_all(added)
        session.flush()
        jobs += added
    return jobs


def repair_after_lost_lease(session: Session, store_id: str, row: int, generation: int) -> None:
    """Repair the points that a worker may have written after it lost its lease, for example after a VM pause.

    They are purged. If another worker made or will make points of the same generation, those points stay and get the
    file's current attributes.
    """
    file = session.execute(
        select(StoreFile.generation, StoreFile.live_generation, StoreFile.standby_generation, StoreFile.status)
        .where(StoreFile.row == row)
        .with_for_update()
    ).first()
    if file is None:
        purge_up_to(session, store_id, [(row, generation)])
    elif generation in (file.live_generation, file.standby_generation) or (
        generation == file.generation and file.status in UNFINISHED
    ):
        enqueue_attributes(session, store_id, [row], after_seconds=0)
    else:  # this generation only: an older one may be live
        purge_after(session, store_id, [(row, generation - 1, generation)])


# --- carrying them out ---


def take_due(session: Session, kind: PointJobKind, limit: int) -> Sequence[PointJob]:
    """Take up to `limit` due jobs, oldest first.

    No other process gets them for `TAKE_SECONDS`. A job that fails is due again after that, behind all others.
    """
    jobs = session.scalars(
        select(PointJob)
        .where(PointJob.kind == kind, PointJob.due_at <= now(session))
        .order_by(PointJob.due_at, PointJob.row)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    rows = [job.row for job in jobs]
    execute(session, update(PointJob).where(PointJob.row.in_(rows)).values(due_at=now(session) + TAKE_SECONDS))
    return jobs


def finish(session: Session, jobs: Sequence[PointJob], *, again_after_seconds: float) -> None:
    """Remove finished jobs. A purge is repeated once, when no worker that lost its lease can still write points."""
    repeated = [job.row for job in jobs if job.kind == "purge" and not job.is_final]
    finished = [job.row for job in jobs if job.row not in set(repeated)]
    again = {"is_final": True, "due_at": now(session) + again_after_seconds}
    execute(session, update(PointJob).where(PointJob.row.in_(repeated)).values(again))
    execute(session, delete(PointJob).where(PointJob.row.in_(finished)))
