"""Imports that begin by themselves, at the times of a cron expression (deploy/decisions/0012).

The work is done by a process of its own, which ingest/imports/runner.py starts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.config import Settings
from ingest.db.content import stores
from ingest.db.models import ImportSchedule
from ingest.db.pages import Page, Window
from ingest.db.schedules import import_schedules as rows
from ingest.db.session import alone, read_clock, serialise
from ingest.errors import InvalidRequest, NotFound
from ingest.imports.roots import WEB, Roots, is_here, scheme
from ingest.observability import logs
from ingest.reindex.schedules import AT_ONCE, next_run, retimed
from ingest.services import Services
from ingest.stores.vector_stores import require_store, require_active_store

MOST_SCHEDULES = 100
"""Of one store."""

FORGOTTEN_AT_ONCE = 20_000
"""Rows about a schedule's files that one transaction removes."""

_log = logs.get(__name__)


def create(
    services: Services,
    caller: Caller,
    store_id: str,
    *,
    cron: str,
    timezone: str,
    paused: bool,
    wish: Mapping[str, Any],
) -> ImportSchedule:
    """Have sources imported into a store again and again. `wish` names what, by the columns: sources, manifests,
    include, exclude, attributes, attributes_from_path, delete_missing, retry_failed. Raises NotFound; InvalidRequest
    for times that never come and for sources that may not be read."""
    _permit(services, caller, wish)
    _check_that_it_names_something(wish["sources"], wish["manifests"])
    try:
        with services.database.transaction() as session:
            require_active_store(stores.get(session, caller.project, store_id), store_id)
            serialise(session, f"imports:{store_id}")
            if rows.count(session, store_id) >= MOST_SCHEDULES:
                raise InvalidRequest(f"A vector store has at most {MOST_SCHEDULES} import schedules.")
            at = read_clock(session)
            following = next_run(cron, timezone, at)
            schedule = ImportSchedule(
                id=ids.new("isch_"),
                vector_store_id=store_id,
                created_at=int(at),
                cron=cron,
                timezone=timezone,
                paused=paused,
                next_run_at=None if paused else following,
                **wish,
            )
            session.add(schedule)
    except IntegrityError as exc:  # the store was deleted at the same moment
        raise NotFound(f"No vector store found with id '{store_id}'.", param="vector_store_id") from exc
    return schedule


def retrieve(services: Services, caller: Caller, store_id: str, schedule_id: str) -> ImportSchedule:
    """Raises NotFound."""
    with services.database.reading() as session:
        return _found(session, caller, store_id, schedule_id)


def list_page(services: Services, caller: Caller, store_id: str, window: Window) -> Page[ImportSchedule]:
    """A page of a store's schedules. Raises NotFound."""
    with services.database.reading() as session:
        require_store(stores.get(session, caller.project, store_id), store_id)
        return rows.listed(session, store_id, window)


def update(
    services: Services, caller: Caller, store_id: str, schedule_id: str, changes: Mapping[str, Any]
) -> ImportSchedule:
    """Replace what `changes` names. A run that is under way ends as it began; pausing takes back one that is due and
    has not begun, and what is missed while it is paused stays so. Raises NotFound, InvalidRequest."""
    values = dict(changes)
    _permit(services, caller, values)
    with services.database.transaction() as session:
        schedule = _found(session, caller, store_id, schedule_id, lock=True)
        _check_that_it_names_something(
            values.get("sources", schedule.sources), values.get("manifests", schedule.manifests)
        )
        times = retimed(session, schedule, values)
        if times and times["next_run_at"] is None:
            times["wanted_at"] = None
        rows.change(session, schedule, values | times)
    return schedule


def run_now(services: Services, caller: Caller, store_id: str, schedule_id: str) -> ImportSchedule:
    """Have a schedule run as soon as a process is free, paused or not; after the run that is under way, if one is.
    Raises NotFound, InvalidRequest."""
    with services.database.transaction() as session:
        require_active_store(stores.get(session, caller.project, store_id), store_id)
        schedule = _found(session, caller, store_id, schedule_id, lock=True)
        if schedule.due_since is None:
            rows.change(session, schedule, {"wanted_at": read_clock(session)})
    return schedule


def delete(services: Services, caller: Caller, store_id: str, schedule_id: str) -> None:
    """Forget a schedule, and stop its run; the files that it imported stay. Raises NotFound."""
    gone = False
    while not gone:
        with services.database.transaction() as session:
            schedule = _found(session, caller, store_id, schedule_id, lock=True)
            gone = rows.remove(session, schedule, FORGOTTEN_AT_ONCE)


def run_due(services: Services) -> int:
    """Have those run whose time has come, each once however many processes do this; how many.

    What was missed while nobody did is caught up with one run.
    """
    with services.database.reading() as session:
        due = rows.due(session, AT_ONCE)
    return sum(_fall_due(services, schedule) for schedule in due)


def end_expired(services: Services) -> None:
    """End the runs of stores that have expired: their processes cannot, for they upload nothing any more."""
    with services.database.transaction() as session:
        ended = rows.end_expired(session) if alone(session, "expired imports") else 0
    if ended:
        _log.warning("imports_ended", runs=ended, reason="their stores have expired")


def roots(settings: Settings, project: str) -> Roots:
    """What a project may import: nothing of the service's own, wherever that is. Raises Refused."""
    return Roots.of(settings.import_roots, project, settings.own_folders, settings.blobs_location)


def _permit(services: Services, caller: Caller, wish: Mapping[str, Any]) -> None:
    allowed = roots(services.settings, caller.project)
    for kind in ("sources", "manifests"):
        for each in wish.get(kind, ()):
            complaint = allowed.complaint_about(each)
            if kind == "manifests" and not is_here(each) and scheme(each) not in WEB:
                complaint = "A manifest is a file, or an address on the web"
            if complaint:
                raise InvalidRequest(f"'{each}' cannot be imported: {complaint}.", param=kind)


def _check_that_it_names_something(sources: Sequence[str], manifests: Sequence[str]) -> None:
    if not sources and not manifests:
        raise InvalidRequest("An import needs 'sources' or 'manifests'.", param="sources")


def _fall_due(services: Services, schedule: ImportSchedule) -> bool:
    try:
        with services.database.transaction() as session:
            following = next_run(schedule.cron, schedule.timezone, read_clock(session))
            taken = rows.fall_due(session, schedule, following)
    except InvalidRequest as exc:  # a time zone that this machine does not know: the others must not wait for it
        _log.error("schedule_not_understood", schedule=schedule.id, reason=str(exc))
        return False
    if taken:
        _log.info("import_due", store=schedule.vector_store_id, schedule=schedule.id)
    return taken


def _found(session: Session, caller: Caller, store_id: str, schedule_id: str, *, lock: bool = False) -> ImportSchedule:
    require_store(stores.get(session, caller.project, store_id), store_id)
    schedule = rows.get(session, store_id, schedule_id, lock=lock)
    if schedule is None:
        message = f"No import schedule found with id '{schedule_id}' in vector store '{store_id}'."
        raise NotFound(message, param="import_schedule_id")
    return schedule
