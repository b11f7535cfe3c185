"""Prepared statements of claims. They run for every file, so each is built once (ingest/db/execute.py)."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Update, and_, bindparam, case, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from ingest.db import predicates
from ingest.db.models import File, FileBatch, StoreFile, VectorStore
from ingest.db.queue.transitions import LIVE_COLUMNS, STANDBY_FIELDS


def _claimed_model() -> ScalarSelect[str]:
    """Select the model to embed a file with: its store's, or the one that a migration of the store prepares."""
    is_staged = and_(VectorStore.standby_state == "staging", VectorStore.standby_model == StoreFile.pending_model)
    return (
        select(case((is_staged, VectorStore.standby_model), else_=VectorStore.model))
        .where(VectorStore.id == StoreFile.vector_store_id)
        .correlate(StoreFile)
        .scalar_subquery()
    )


@cache
def claim_row(clock: ColumnElement[float]) -> ReturningUpdate[tuple[int]]:
    """Build the guarded UPDATE that claims a queued file. Parameters: claimed_row, lease_seconds, holder."""
    return (
        update(StoreFile)
        .where(
            StoreFile.row == bindparam("claimed_row"),
            StoreFile.status == "queued",
            StoreFile.not_before <= clock,
            predicates.is_not_abandoned(),
        )
        .values(
            status="running",
            fence=StoreFile.fence + 1,
            attempts=StoreFile.attempts + 1,
            # A generation has one model. Work that another claim began for another model needs a new number.
            generation=case(
                (StoreFile.claimed_model != _claimed_model(), StoreFile.generation + 1), else_=StoreFile.generation
            ),
            claimed_model=_claimed_model(),
            lease_until=clock + bindparam("lease_seconds"),
            lease_holder=bindparam("holder"),
            published_at=None,
        )
        .returning(StoreFile.fence)
    )


@cache
def read_claimed_row(clock: ColumnElement[float]) -> Select[*tuple[Any, ...]]:
    """Build the SELECT of what a worker needs to know about a claimed file. Parameter: claimed_row."""
    return (
        select(
            *(StoreFile.fence, StoreFile.generation, StoreFile.attempts, StoreFile.vector_store_id, StoreFile.file_id),
            *(StoreFile.batch, StoreFile.attributes, StoreFile.attributes_version, StoreFile.traceparent),
            func.coalesce(StoreFile.pending_chunk_tokens, StoreFile.chunk_tokens).label("chunk_tokens"),
            func.coalesce(StoreFile.pending_chunk_overlap, StoreFile.chunk_overlap).label("chunk_overlap"),
            case((StoreFile.has_fallback, StoreFile.live_generation)).label("fallback_generation"),
            *(StoreFile.chunks, StoreFile.terms, StoreFile.usage_bytes),
            *(StoreFile.live_generation, StoreFile.model, StoreFile.standby_generation, StoreFile.pending_model),
            StoreFile.claimed_model,
            *(File.project, File.filename, File.bytes, File.blob),
            FileBatch.id.label("batch_id"),
            (clock - StoreFile.queued_at).label("waited_seconds"),
            StoreFile.lane,
            VectorStore.chunks.label("store_chunks"),
            VectorStore.terms.label("store_terms"),
            VectorStore.model.label("store_model"),
            *(VectorStore.standby_model, VectorStore.standby_state, VectorStore.epoch),
        )
        .join(File, File.id == StoreFile.file_id)
        .join(VectorStore, VectorStore.id == StoreFile.vector_store_id)
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(StoreFile.row == bindparam("claimed_row"))
    )


@cache
def renew_lease(clock: ColumnElement[float]) -> Update:
    """Build the guarded UPDATE that renews a lease. Parameters: held_row, fencing_token, lease_seconds,
    pages_done, pages_total.
    """
    return (
        update(StoreFile)
        .where(*_HELD, predicates.is_not_abandoned())
        .values(
            lease_until=clock + bindparam("lease_seconds"),
            pages_done=bindparam("pages_done"),
            pages_total=bindparam("pages_total"),
        )
    )


_HELD = (
    StoreFile.row == bindparam("held_row"),
    StoreFile.fence == bindparam("fencing_token"),
    StoreFile.status == "running",
)
_COMPLETE = (
    update(StoreFile)
    .where(*_HELD, StoreFile.attributes_version == bindparam("written_attributes_version"))
    .values(
        status="completed",
        lease_until=None,
        lease_holder=None,
        pending_chunk_tokens=None,
        pending_chunk_overlap=None,
        pending_model=None,
        # The report of a standby generation is that of the same file, read by the newer parser.
        warnings=bindparam("new_warnings"),
        report=bindparam("new_report"),
        pages_done=None,
        pages_total=None,
    )
    .returning(StoreFile.batch)
)


def _kept_as_standby(live: ColumnElement[Any]) -> ColumnElement[Any]:
    """Keep the former live points as standby if another model made them; otherwise the file has no standby points."""
    return case((StoreFile.model != bindparam("new_model"), live))


COMPLETE_LIVE = _COMPLETE.values(
    live_generation=StoreFile.generation,
    model=bindparam("new_model"),
    chunk_tokens=func.coalesce(StoreFile.pending_chunk_tokens, StoreFile.chunk_tokens),
    chunk_overlap=func.coalesce(StoreFile.pending_chunk_overlap, StoreFile.chunk_overlap),
    pipeline_version=bindparam("new_pipeline_version"),
    chunks=bindparam("new_chunks"),
    terms=bindparam("new_terms"),
    usage_bytes=bindparam("new_usage_bytes"),
    text_checksum=bindparam("new_text_checksum"),
    **{f"standby_{field}": _kept_as_standby(live) for field, live in zip(STANDBY_FIELDS, LIVE_COLUMNS, strict=True)},
)
"""Complete a file whose new points replace the live ones."""

COMPLETE_STANDBY = _COMPLETE.values(
    standby_generation=StoreFile.generation,
    standby_model=bindparam("new_model"),
    standby_chunk_tokens=func.coalesce(StoreFile.pending_chunk_tokens, StoreFile.chunk_tokens),
    standby_chunk_overlap=func.coalesce(StoreFile.pending_chunk_overlap, StoreFile.chunk_overlap),
    standby_pipeline_version=bindparam("new_pipeline_version"),
    standby_chunks=bindparam("new_chunks"),
    standby_terms=bindparam("new_terms"),
    standby_usage_bytes=bindparam("new_usage_bytes"),
    standby_text_checksum=bindparam("new_text_checksum"),
)
"""Complete a file whose new points are its standby points."""
