"""Row locks and column values that the state transitions of a file share.

The functions that return a dict give values for `update(StoreFile)`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ingest.db.models import StoreFile
from ingest.db.queue.counters import FailureReason
from ingest.db.session import now
from ingest.observability import tracing

STANDBY_FIELDS = (
    *("generation", "model", "chunk_tokens", "chunk_overlap", "pipeline_version"),
    *("chunks", "terms", "usage_bytes", "text_checksum"),
)
"""The columns of a row's standby points, without their prefix `standby_`."""

LIVE_COLUMNS: tuple[ColumnElement[Any], ...] = (
    *(StoreFile.live_generation.expression, StoreFile.model.expression),
    *(StoreFile.chunk_tokens.expression, StoreFile.chunk_overlap.expression, StoreFile.pipeline_version.expression),
    *(StoreFile.chunks.expression, StoreFile.terms.expression, StoreFile.usage_bytes.expression),
    StoreFile.text_checksum.expression,
)
"""The same columns of the live points, in the order of `STANDBY_FIELDS`."""

_WITHOUT_PROGRESS: dict[str, Any] = {"pages_done": None, "pages_total": None}


def lock_rows(session: Session, *conditions: ColumnElement[bool], skip_locked: bool = False) -> Sequence[int]:
    """Lock the files that meet the conditions, in the order of their rows, and return their row numbers."""
    rows = select(StoreFile.row).where(*conditions).order_by(StoreFile.row)
    return session.scalars(rows.with_for_update(skip_locked=skip_locked, of=StoreFile)).all()


def lease_ended() -> dict[str, Any]:
    """End the lease of any holder and advance the fencing token."""
    ended = {"lease_until": None, "lease_holder": None, "published_at": None}
    return {"fence": StoreFile.fence + 1} | ended | _WITHOUT_PROGRESS


def requeued() -> dict[str, Any]:
    """Queue the file again, with the same generation."""
    return lease_ended() | {"status": "queued"}


def failed(reason: FailureReason) -> dict[str, Any]:
    """Fail the file."""
    return (
        lease_ended()
        | {"status": "failed", "error_code": reason.code, "error_message": reason.message}
        | without_points()
    )


def fallen_back() -> dict[str, Any]:
    """End a re-index that did not complete: the file keeps its live generation."""
    pending = {"pending_chunk_tokens": None, "pending_chunk_overlap": None, "pending_model": None}
    return lease_ended() | {"status": "completed"} | pending


def without_points() -> dict[str, Any]:
    """Give up all points of the file, and with them the coverage report of its text."""
    sizes = {"chunks": 0, "terms": 0, "usage_bytes": 0, "warnings": 0}
    return {"live_generation": None, "model": None, "text_checksum": None, "report": None} | sizes | without_standby()


def without_standby() -> dict[str, Any]:
    """Give up the standby points of the file."""
    return dict.fromkeys(f"standby_{field}" for field in STANDBY_FIELDS)


def new_generation(session: Session, batch_row: int | None) -> dict[str, Any]:
    """Queue the file with a new generation.

    The points of the live generation stay until the new one completes, fails or is cancelled: search finds a completed
    file until then.
    """
    return {
        "status": "queued",
        "batch": batch_row,
        "fence": StoreFile.fence + 1,
        "generation": StoreFile.generation + 1,
        "pending_chunk_tokens": None,
        "pending_chunk_overlap": None,
        "pending_model": None,
        "claimed_model": None,
        "attempts": 0,
        "crashes": 0,
        "queued_at": now(session),
        "traceparent": tracing.current_traceparent(),
        "not_before": 0.0,
        "published_at": None,
        "lease_until": None,
        "lease_holder": None,
        "error_code": None,
        "error_message": None,
        "lane": "fast",  # its text may be stored
    } | _WITHOUT_PROGRESS
