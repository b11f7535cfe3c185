"""Re-index schedules: a vector store is re-indexed at the times of a cron expression.

Decision: deploy/docs/decisions/0009-reindex-as-a-batch.md.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.db.content import stores
from ingest.db.models import ReindexSchedule, ScheduledScope
from ingest.db.pages import Page, Window
from ingest.db.schedules import reindex_schedules as rows
from ingest.db.session import read_clock
from ingest.errors import Abandoned, InvalidRequest, NotFound
from ingest.observability import logs
from ingest.reindex import reindexing
from ingest.reindex.cron import SCHEDULES_PER_SWEEP, next_run, recompute_next_run
from ingest.services import Services
from ingest.stores.vector_stores import ChunkSizes, require_active_store, require_store, store_not_found

_log = logs.get(__name__)


def create(
    services: Services,
    caller: Caller,
    store_id: str,
    *,
    cron: str,
    timezone: str,
    only: ScheduledScope,
    chunk_sizes: ChunkSizes | None,
    paused: bool,
) -> ReindexSchedule:
    """Create a schedule. `chunk_sizes` None keeps the sizes of each file.

    Raises NotFound, and InvalidRequest for an invalid cron expression or time zone.
    """
    try:
        with services.database.transaction() as session:
            require_active_store(stores.get(session, caller.project, store_id), store_id)
            at = read_clock(session)
            following = next_run(cron, timezone, at)
            schedule = ReindexSchedule(
                id=ids.new("rsch_"),
                vector_store_id=store_id,
                created_at=int(at),
                cron=cron,
                timezone=timezone,
                only=only,
                paused=paused,
                next_run_at=None if paused else following,
                **_chunk_columns(chunk_sizes),
            )
            session.add(schedule)
    except IntegrityError as exc:  # the store was deleted concurrently
        raise store_not_found(store_id) from exc
    return schedule


def retrieve(services: Services, caller: Caller, store_id: str, schedule_id: str) -> ReindexSchedule:
    """Return a schedule. Raises NotFound."""
    with services.database.reading() as session:
        return _get_schedule(session, caller, store_id, schedule_id)


def list_page(services: Services, caller: Caller, store_id: str, window: Window) -> Page[ReindexSchedule]:
    """Return a page of a store's schedules. Raises NotFound."""
    with services.database.reading() as session:
        require_store(stores.get(session, caller.project, store_id), store_id)
        return rows.list_page(session, store_id, window)


def update(
    services: Services, caller: Caller, store_id: str, schedule_id: str, changes: Mapping[str, Any]
) -> ReindexSchedule:
    """Change any of cron, timezone, only, chunk_sizes and paused. Runs missed while paused are not made up for.

    Raises NotFound, and InvalidRequest for an invalid cron expression or time zone.
    """
    values = dict(changes)
    if "chunk_sizes" in values:
        values |= _chunk_columns(values.pop("chunk_sizes"))
    with services.database.transaction() as session:
        schedule = _get_schedule(session, caller, store_id, schedule_id, lock=True)
        rows.update_columns(session, schedule, values | recompute_next_run(session, schedule, values))
    return schedule


def delete(services: Services, caller: Caller, store_id: str, schedule_id: str) -> None:
    """Delete a schedule. A re-index that it started continues. Raises NotFound."""
    with services.database.transaction() as session:
        rows.delete(session, _get_schedule(session, caller, store_id, schedule_id, lock=True))


def run_due(services: Services) -> int:
    """Start the re-indexes that are due and return their number.

    Each is started once, however many processes call this. Several missed runs of a schedule lead to one run.
    """
    with services.database.reading() as session:
        due = rows.list_due(session, SCHEDULES_PER_SWEEP)
    return sum(_start_run(services, schedule) for schedule in due)


def _start_run(services: Services, schedule: ReindexSchedule) -> bool:
    """Start one due re-index. Return False if another process did, or the store was deleted."""
    chunk_sizes = None
    if schedule.chunk_tokens is not None:
        chunk_sizes = ChunkSizes(schedule.chunk_tokens, schedule.chunk_overlap or 0)
    try:
        with services.database.transaction() as session:
            following = next_run(schedule.cron, schedule.timezone, read_clock(session))
            if not rows.claim(session, schedule, following):
                return False
            batch = reindexing.start(session, services, schedule.vector_store_id, schedule.only, chunk_sizes)
            rows.record_batch(session, schedule, batch.id)
    except (Abandoned, IntegrityError):  # the store was deleted or expired concurrently
        return False
    except InvalidRequest as exc:  # this machine does not know the time zone; the other schedules must run
        _log.error("schedule_invalid", schedule=schedule.id, reason=str(exc))
        return False
    _log.info("scheduled_reindex_started", store=schedule.vector_store_id, schedule=schedule.id, batch=batch.id)
    return True


def _chunk_columns(chunk_sizes: ChunkSizes | None) -> dict[str, int | None]:
    if chunk_sizes is None:
        return {"chunk_tokens": None, "chunk_overlap": None}
    return {"chunk_tokens": chunk_sizes.max_tokens, "chunk_overlap": chunk_sizes.overlap_tokens}


def _get_schedule(
    session: Session, caller: Caller, store_id: str, schedule_id: str, *, lock: bool = False
) -> ReindexSchedule:
    require_store(stores.get(session, caller.project, store_id), store_id)
    schedule = rows.get(session, store_id, schedule_id, lock=lock)
    if schedule is None:
        message = f"No re-index schedule found with id '{schedule_id}' in vector store '{store_id}'."
        raise NotFound(message, param="schedule_id")
    return schedule
