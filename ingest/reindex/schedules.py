"""Re-indexes that begin by themselves, at the times of a cron expression (deploy/decisions/0009)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.db.content import stores
from ingest.db.models import ImportSchedule, ReindexSchedule
from ingest.db.pages import Page, Window
from ingest.db.queue.requeue import Only
from ingest.db.schedules import reindex_schedules as rows
from ingest.db.session import read_clock
from ingest.errors import Abandoned, InvalidRequest, NotFound
from ingest.observability import logs
from ingest.reindex import reindexing
from ingest.services import Services
from ingest.stores.vector_stores import ChunkSizes, require_store, require_active_store

CRON_FIELDS = 5
AT_ONCE = 256
"""Schedules that one sweep runs."""

_log = logs.get(__name__)


def create(
    services: Services,
    caller: Caller,
    store_id: str,
    *,
    cron: str,
    timezone: str,
    only: Only,
    chunking: ChunkSizes | None,
    paused: bool,
) -> ReindexSchedule:
    """Have a store re-indexed again and again. Raises NotFound; InvalidRequest for times that never come."""
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
                **_sizes(chunking),
            )
            session.add(schedule)
    except IntegrityError as exc:  # the store was deleted at the same moment
        raise NotFound(f"No vector store found with id '{store_id}'.", param="vector_store_id") from exc
    return schedule


def retrieve(services: Services, caller: Caller, store_id: str, schedule_id: str) -> ReindexSchedule:
    """Raises NotFound."""
    with services.database.reading() as session:
        return _found(session, caller, store_id, schedule_id)


def list_page(services: Services, caller: Caller, store_id: str, window: Window) -> Page[ReindexSchedule]:
    """A page of a store's schedules. Raises NotFound."""
    with services.database.reading() as session:
        require_store(stores.get(session, caller.project, store_id), store_id)
        return rows.listed(session, store_id, window)


def update(
    services: Services, caller: Caller, store_id: str, schedule_id: str, changes: Mapping[str, Any]
) -> ReindexSchedule:
    """Replace what `changes` names: cron, timezone, only, chunking, paused. What was missed while it was paused stays
    so. Raises NotFound, InvalidRequest."""
    values = dict(changes)
    if "chunking" in values:
        values |= _sizes(values.pop("chunking"))
    with services.database.transaction() as session:
        schedule = _found(session, caller, store_id, schedule_id, lock=True)
        rows.change(session, schedule, values | retimed(session, schedule, values))
    return schedule


def delete(services: Services, caller: Caller, store_id: str, schedule_id: str) -> None:
    """Forget a schedule; a re-index that it began goes on. Raises NotFound."""
    with services.database.transaction() as session:
        rows.remove(session, _found(session, caller, store_id, schedule_id, lock=True))


def run_due(services: Services) -> int:
    """Begin the re-indexes whose time has come, each once however many processes do this; how many.

    What was missed while nobody did is caught up with one run.
    """
    with services.database.reading() as session:
        due = rows.due(session, AT_ONCE)
    return sum(_run(services, schedule) for schedule in due)


def retimed(session: Session, schedule: ReindexSchedule | ImportSchedule, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What changes of its times make of a schedule's next run; nothing if its times stay. Raises InvalidRequest."""
    timing = {name: changes.get(name, getattr(schedule, name)) for name in ("cron", "timezone", "paused")}
    if all(timing[name] == getattr(schedule, name) for name in timing):
        return {}
    following = next_run(timing["cron"], timing["timezone"], read_clock(session))
    return {"next_run_at": None if timing["paused"] else following}


def next_run(cron: str, timezone: str, after: float) -> int:
    """The first time after another one, in seconds since 1970. Raises InvalidRequest."""
    if timezone not in _zones():
        raise InvalidRequest(f"Unknown time zone '{timezone}': expected one like 'Europe/Berlin'.", param="timezone")
    if len(cron.split()) != CRON_FIELDS:
        message = "Invalid 'cron': expected five fields: minute, hour, day of month, month, day of week."
        raise InvalidRequest(message, param="cron")
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    try:
        return int(next(CronSim(cron, datetime.fromtimestamp(after, zone))).timestamp())
    except CronSimError as exc:
        raise InvalidRequest(f"Invalid 'cron': {exc}.", param="cron") from exc
    except StopIteration as exc:
        raise InvalidRequest("Invalid 'cron': such a time never comes.", param="cron") from exc


def _run(services: Services, schedule: ReindexSchedule) -> bool:
    chunking = None
    if schedule.chunk_tokens is not None:
        chunking = ChunkSizes(schedule.chunk_tokens, schedule.chunk_overlap or 0)
    try:
        with services.database.transaction() as session:
            following = next_run(schedule.cron, schedule.timezone, read_clock(session))
            if not rows.take(session, schedule, following):
                return False
            batch = reindexing.begin(session, services, schedule.vector_store_id, schedule.only, chunking)
            rows.began(session, schedule, batch.id)
    except (Abandoned, IntegrityError):  # its store ended at this moment
        return False
    except InvalidRequest as exc:  # a time zone that this machine does not know: the others must not wait for it
        _log.error("schedule_not_understood", schedule=schedule.id, reason=str(exc))
        return False
    _log.info("reindex_scheduled", store=schedule.vector_store_id, schedule=schedule.id, batch=batch.id)
    return True


@cache
def _zones() -> frozenset[str]:
    return frozenset({*available_timezones(), "UTC"})


def _sizes(chunking: ChunkSizes | None) -> dict[str, int | None]:
    if chunking is None:
        return {"chunk_tokens": None, "chunk_overlap": None}
    return {"chunk_tokens": chunking.max_tokens, "chunk_overlap": chunking.overlap_tokens}


def _found(session: Session, caller: Caller, store_id: str, schedule_id: str, *, lock: bool = False) -> ReindexSchedule:
    require_store(stores.get(session, caller.project, store_id), store_id)
    schedule = rows.get(session, store_id, schedule_id, lock=lock)
    if schedule is None:
        message = f"No re-index schedule found with id '{schedule_id}' in vector store '{store_id}'."
        raise NotFound(message, param="schedule_id")
    return schedule
