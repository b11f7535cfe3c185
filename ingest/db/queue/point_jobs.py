"""The list of work on points, which outlives crashes of everything (transition T9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import run
from ingest.db.models import File, PointJob, PointJobKind, StoreFile
from ingest.db.queue.counters import purge, purge_after
from ingest.db.queue.membership import slices
from ingest.db.session import now, read_clock
from ingest.status import UNFINISHED

TAKEN_SECONDS = 10.0
"""What one sweep took, no other takes for this long. To delete twice is harmless."""


def take(session: Session, kind: PointJobKind, limit: int) -> Sequence[PointJob]:
    """What is to be done now, oldest first. Nobody else is given it for a while; what fails is due again after that,
    and behind everything else."""
    jobs = session.scalars(
        select(PointJob)
        .where(PointJob.kind == kind, PointJob.due_at <= now(session))
        .order_by(PointJob.due_at, PointJob.row)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    rows = [job.row for job in jobs]
    run(session, update(PointJob).where(PointJob.row.in_(rows)).values(due_at=now(session) + TAKEN_SECONDS))
    return jobs


def done(session: Session, jobs: Sequence[PointJob], *, again_after_seconds: float) -> None:
    """The jobs are done; a purge is repeated once when no worker that lost its file can write any more."""
    repeated = [job.row for job in jobs if job.kind == "purge" and not job.is_final]
    over = [job.row for job in jobs if job.row not in set(repeated)]
    again = {"final": True, "due_at": now(session) + again_after_seconds}
    run(session, update(PointJob).where(PointJob.row.in_(repeated)).values(again))
    run(session, delete(PointJob).where(PointJob.row.in_(over)))


def plan_attributes(session: Session, store_id: str, rows: Sequence[int], *, after_seconds: float) -> list[PointJob]:
    """Have the attributes on these rows' points brought up to date, unless the caller does it within a while."""
    due_at = read_clock(session) + after_seconds
    jobs: list[PointJob] = []
    for some in slices(rows):
        made = [PointJob(kind="attributes", vector_store_id=store_id, store_file=row, due_at=due_at) for row in some]
        session.add_all(made)
        session.flush()
        jobs += made
    return jobs


def plan_after_loss(session: Session, store_id: str, row: int, generation: int) -> None:
    """A worker that was frozen may write points of a file that it had lost long before, even after the last purge.

    They are purged, unless other workers have made or will make the same ones: those must get the attributes of now.
    """
    found = session.execute(
        select(StoreFile.generation, StoreFile.live_generation, StoreFile.aside_generation, StoreFile.status)
        .where(StoreFile.row == row)
        .with_for_update()
    ).first()
    if found is None:
        purge(session, store_id, [(row, generation)])
    elif generation in (found.live_generation, found.aside_generation) or (
        generation == found.generation and found.status in UNFINISHED
    ):
        plan_attributes(session, store_id, [row], after_seconds=0)
    else:  # this generation only: an older one may be live
        purge_after(session, store_id, [(row, generation - 1, generation)])


@dataclass(frozen=True)
class Styled:
    """A row's points and the attributes they should have."""

    row: int
    generation: int
    project: str
    vector_store_id: str
    file_id: str
    filename: str
    attributes: dict[str, Any]


def still(session: Session, styled: Sequence[tuple[Styled, int]]) -> bool:
    """Whether the rows have the attributes (by version) that their points were given, or are gone."""
    versions = {points.row: version for points, version in styled}
    found = session.execute(
        select(StoreFile.row, StoreFile.attributes_version)
        .where(StoreFile.row.in_(versions))
        .order_by(StoreFile.row)
        .with_for_update()
    )
    return all(row.attributes_version == versions[row.row] for row in found)


def attributes(session: Session, rows: Sequence[int]) -> list[tuple[Styled, int]]:
    """The present attributes of those of `rows` that still exist, and their versions."""
    found = session.execute(
        select(StoreFile, File.project, File.filename)
        .join(File, File.id == StoreFile.file_id)
        .where(StoreFile.row.in_(rows))
    ).all()
    return [
        (
            Styled(row.row, row.generation, project, row.vector_store_id, row.file_id, filename, row.attributes),
            row.attributes_version,
        )
        for row, project, filename in found
    ]
