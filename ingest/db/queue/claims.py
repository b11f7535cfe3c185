"""The transitions of a worker: claim, renew, complete, fail and release a file.

These are transitions T2 to T6 and T11 in deploy/docs/reliability.md. Each is one guarded UPDATE; if it changes no row, another
process has decided first. The counters follow in the same transaction (ingest/db/queue/counters.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import changed_row, changed_row_prepared, execute, execute_prepared
from ingest.db.models import StoreFile
from ingest.db.queue import claim_statements, point_jobs, transitions
from ingest.db.queue.counters import FailureReason, PointTotals, count_failure, count_outcome
from ingest.db.session import now
from ingest.errors import Abandoned, LastErrorCode
from ingest.status import ParseLane

_UNKNOWN_EPOCH = -1
"""The epoch of a claim during which the store changed its model. No store has it, so the claim ends with ModelChanged."""


@dataclass(frozen=True)
class Claim:
    """A lease on a file, with the file's state at the time of the claim."""

    row: int
    fence: int
    generation: int
    attempt: int
    project: str
    vector_store_id: str
    file_id: str
    batch_row: int | None
    batch_id: str | None
    filename: str
    bytes: int
    blob: str
    attributes: dict[str, Any]
    attributes_version: int
    chunk_tokens: int
    chunk_overlap: int
    waited_seconds: float
    lane: ParseLane
    traceparent: str | None
    store_chunks: int
    """The chunks of the store."""
    store_terms: int
    """The terms of those chunks, for BM25's mean length."""
    live_totals: PointTotals
    """What the live generation adds to the store's totals."""
    fallback_generation: int | None
    """The generation that stays live if this re-index does not complete; None if the file is not being re-indexed."""
    model: str
    """The embedding model for the new points."""
    is_staged: bool
    """Whether the new points are standby points: the store cuts over to them when all its files have such points."""
    store_epoch: int
    """The epoch of the store."""
    live_generation: int | None
    live_model: str | None
    """The embedding model of the live generation."""
    standby_generation: int | None
    """The generation of another model that is ready for a cut-over or kept for a rollback."""


def claim(session: Session, row: int, *, lease_holder: str, lease_seconds: float) -> Claim | None:
    """Claim a queued file and return its lease.

    Returns None when the file is not claimable: another worker has it, it has ended, or its back-off is not over.
    """
    fence = execute_prepared(
        session,
        claim_statements.claim_row(now(session)),
        claimed_row=row,
        lease_seconds=lease_seconds,
        holder=lease_holder,
    ).scalar()
    if fence is None:
        return None
    # Not prepared: the attributes are JSON (ingest/db/execute.py).
    file = execute(session, claim_statements.read_claimed_row(now(session)), claimed_row=row).one()
    is_staged = file.standby_state == "staging" and file.pending_model == file.standby_model
    expected_model = file.standby_model if is_staged else file.store_model
    return Claim(
        row=row,
        fence=file.fence,
        generation=file.generation,
        attempt=file.attempts,
        project=file.project,
        vector_store_id=file.vector_store_id,
        file_id=file.file_id,
        batch_row=file.batch,
        batch_id=file.batch_id,
        filename=file.filename,
        bytes=file.bytes,
        blob=file.blob,
        attributes=file.attributes,
        attributes_version=file.attributes_version,
        chunk_tokens=file.chunk_tokens,
        chunk_overlap=file.chunk_overlap,
        waited_seconds=file.waited_seconds,
        lane=file.lane,
        traceparent=file.traceparent,
        store_chunks=file.store_chunks,
        store_terms=file.store_terms,
        live_totals=PointTotals(file.chunks, file.terms, file.usage_bytes),
        fallback_generation=file.fallback_generation,
        model=file.claimed_model,
        is_staged=is_staged,
        store_epoch=file.epoch if file.claimed_model == expected_model else _UNKNOWN_EPOCH,
        live_generation=file.live_generation,
        live_model=file.model,
        standby_generation=file.standby_generation,
    )


def renew(session: Session, claim: Claim, *, lease_seconds: float, pages: tuple[int, int] | None = None) -> bool:
    """Renew the lease, and record the pages that are done and the pages of the file, if they are known.

    Returns False when the lease was lost or the file's work is abandoned.
    """
    pages_done, pages_total = pages or (None, None)
    return changed_row_prepared(
        session,
        claim_statements.renew_lease(now(session)),
        held_row=claim.row,
        fencing_token=claim.fence,
        lease_seconds=lease_seconds,
        pages_done=pages_done,
        pages_total=pages_total,
    )


def complete(
    session: Session,
    claim: Claim,
    totals: PointTotals,
    pipeline_version: str | None = None,
    report: Mapping[str, Any] | None = None,
    languages: int = 0,
    text_checksum: int | None = None,
) -> bool:
    """Complete a file: all points of the claim's generation are written.

    `report` is its coverage report as JSON, `languages` those of its chunks as a set of bits, `text_checksum` the sum of
    the checksums of its chunks. Returns False when the file's attributes have changed, so that the points need the new ones first. Raises Abandoned when the lease was
    lost, ModelChanged when the store has changed its models and may need points of another one.
    """
    completed = execute_prepared(
        session,
        claim_statements.COMPLETE_STANDBY if claim.is_staged else claim_statements.COMPLETE_LIVE,
        held_row=claim.row,
        fencing_token=claim.fence,
        written_attributes_version=claim.attributes_version,
        new_pipeline_version=pipeline_version,
        new_model=claim.model,
        new_chunks=totals.chunks,
        new_terms=totals.terms,
        new_usage_bytes=totals.usage_bytes,
        new_text_checksum=text_checksum,
        new_warnings=0 if report is None else report.get("warning_count", 0),
        # A prepared statement passes values to the driver as they are, and both drivers take JSON as text.
        new_report=None if report is None else json.dumps(report, separators=(",", ":")),
    ).first()
    if completed is None:
        if session.scalar(select(StoreFile.row).where(_held(claim))) is None:
            raise _lease_lost()
        return False
    _purge_replaced(session, claim)
    added = PointTotals() if claim.is_staged else totals.minus(claim.live_totals)
    batch_row, store_id = completed.batch, claim.vector_store_id
    epoch = claim.store_epoch
    count_outcome(session, claim.row, batch_row, store_id, "completed", added, epoch=epoch, languages=languages)
    return True


def fail(
    session: Session, claim: Claim, code: LastErrorCode, message: str, report: Mapping[str, Any] | None = None
) -> None:
    """Fail a file for good; one that is being re-indexed falls back to its live generation, and keeps its report.

    `report` is the coverage report of the reading that failed, if there is one. Raises as `complete`.
    """
    reason = FailureReason(code, message)
    if claim.fallback_generation is None:
        values, kept = transitions.failed(reason) | {"report": None if report is None else dict(report)}, None
    else:
        values = transitions.fallen_back()
        kept = max(claim.fallback_generation, claim.standby_generation or 0)
    held = update(StoreFile).where(_held(claim))
    ended = execute(session, held.values(values).returning(StoreFile.batch)).first()
    if ended is None:
        raise _lease_lost()
    count_failure(
        session,
        reason,
        row=claim.row,
        generation=claim.generation,
        kept_generation=kept,
        batch_row=ended.batch,
        store_id=claim.vector_store_id,
        totals=claim.live_totals,
        epoch=claim.store_epoch,
    )


def release(session: Session, claim: Claim, *, delay_seconds: float) -> None:
    """Give up the lease and queue the file after a delay: a dependency is down, or the worker stops.

    Raises Abandoned when the lease was lost.
    """
    values = transitions.requeued() | {"not_before": now(session) + delay_seconds}
    if not changed_row(session, update(StoreFile).where(_held(claim)).values(values)):
        raise _lease_lost()


def defer_to_slow_lane(session: Session, claim: Claim) -> None:
    """Give up the lease and queue the file on the slow lane, as if it had not been claimed. Raises Abandoned as `release`.

    The file must have no points of the claimed generation.
    """
    values = transitions.requeued() | {"lane": "slow", "attempts": StoreFile.attempts - 1}
    if not changed_row(session, update(StoreFile).where(_held(claim)).values(values)):
        raise _lease_lost()


def undo_claim(session: Session, row: int, *, lease_holder: str) -> None:
    """Queue a file again after a lost answer to `claim`: the commit may have given this worker the lease.

    Does nothing when this worker does not hold the lease.
    """
    # Lock first. An UPDATE reads the row as it was before a claim that is still committing, and would not match it.
    session.execute(select(StoreFile.row).where(StoreFile.row == row).with_for_update())
    held = (StoreFile.row == row, StoreFile.status == "running", StoreFile.lease_holder == lease_holder)
    execute(session, update(StoreFile).where(*held).values(transitions.requeued()))


def current_attributes(session: Session, claim: Claim) -> tuple[dict[str, Any], int]:
    """Return the file's current attributes and their version. Raises Abandoned when the lease was lost."""
    file = session.execute(select(StoreFile.attributes, StoreFile.attributes_version).where(_held(claim))).first()
    if file is None:
        raise _lease_lost()
    return file.attributes, file.attributes_version


def _purge_replaced(session: Session, claim: Claim) -> None:
    """Purge the generations that a completed one replaces. The live points of another model stay, as they are or as standby."""
    store_id = claim.vector_store_id
    kept = (claim.live_generation or 0) if claim.live_model not in (None, claim.model) else 0
    if kept and claim.generation - 1 > kept:
        point_jobs.purge_after(session, store_id, [(claim.row, kept, claim.generation - 1)])
    elif not kept and claim.generation > 1:
        point_jobs.purge_up_to(session, store_id, [(claim.row, claim.generation - 1)])
    if claim.standby_generation is not None and claim.standby_generation < kept:
        point_jobs.purge_up_to(session, store_id, [(claim.row, kept - 1)])


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(StoreFile.row == claim.row, StoreFile.fence == claim.fence, StoreFile.status == "running")


def _lease_lost() -> Abandoned:
    return Abandoned("finished by another worker, cancelled or deleted")
