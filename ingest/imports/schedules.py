"""Import schedules: sources are imported into a vector store at the times of a cron expression.

Decision: deploy/docs/decisions/0012-scheduled-imports.md. A separate process does the work; ingest/imports/runner.py
starts it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.config import Settings
from ingest.db import locks
from ingest.db.content import stores
from ingest.db.models import ImportSchedule
from ingest.db.pages import Page, Window
from ingest.db.schedules import import_schedules as rows
from ingest.db.session import read_clock
from ingest.errors import InvalidRequest, NotFound
from ingest.imports.addresses import is_local, is_web
from ingest.imports.import_roots import ImportRoots
from ingest.observability import logs
from ingest.reindex.cron import SCHEDULES_PER_SWEEP, next_run, recompute_next_run
from ingest.services import Services
from ingest.stores.vector_stores import require_active_store, require_store, store_not_found

MAX_SCHEDULES_PER_STORE = 100

DELETE_CHUNK_ROWS = 20_000
"""Rows about a schedule's files that one transaction deletes."""

_log = logs.get(__name__)


def create(
    services: Services,
    caller: Caller,
    store_id: str,
    *,
    cron: str,
    timezone: str,
    paused: bool,
    options: Mapping[str, Any],
) -> ImportSchedule:
    """Create a schedule.

    `options` has the columns sources, manifests, include, exclude, attributes, attributes_from_path, delete_missing and
    retry_failed. Raises NotFound, and InvalidRequest for an invalid cron expression or time zone and for sources that
    may not be imported.
    """
    _check_sources_allowed(services, caller, options)
    _check_has_sources(options["sources"], options["manifests"])
    try:
        with services.database.transaction() as session:
            require_active_store(stores.get(session, caller.project, store_id), store_id)
            locks.advisory_lock(session, locks.import_schedules(store_id))
            if rows.count(session, store_id) >= MAX_SCHEDULES_PER_STORE:
                raise InvalidRequest(f"A vector store has at most {MAX_SCHEDULES_PER_STORE} import schedules.")
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
                **options,
            )
            session.add(schedule)
    except IntegrityError as exc:  # the store was deleted concurrently
        raise store_not_found(store_id) from exc
    return schedule


def retrieve(services: Services, caller: Caller, store_id: str, schedule_id: str) -> ImportSchedule:
    """Return a schedule. Raises NotFound."""
    with services.database.reading() as session:
        return _get_schedule(session, caller, store_id, schedule_id)


def list_page(services: Services, caller: Caller, store_id: str, window: Window) -> Page[ImportSchedule]:
    """Return a page of a store's schedules. Raises NotFound."""
    with services.database.reading() as session:
        require_store(stores.get(session, caller.project, store_id), store_id)
        return rows.list_page(session, store_id, window)


def update(
    services: Services, caller: Caller, store_id: str, schedule_id: str, changes: Mapping[str, Any]
) -> ImportSchedule:
    """Change any columns of a schedule. A run in progress keeps its options.

    Pausing cancels a run that is due and has not begun. Runs missed while paused are not made up for. Raises NotFound,
    and InvalidRequest as `create` does.
    """
    values = dict(changes)
    _check_sources_allowed(services, caller, values)
    with services.database.transaction() as session:
        schedule = _get_schedule(session, caller, store_id, schedule_id, lock=True)
        _check_has_sources(values.get("sources", schedule.sources), values.get("manifests", schedule.manifests))
        timing = recompute_next_run(session, schedule, values)
        if timing and timing["next_run_at"] is None:
            timing["due_since"] = None
        rows.update_columns(session, schedule, values | timing)
    return schedule


def run_now(services: Services, caller: Caller, store_id: str, schedule_id: str) -> ImportSchedule:
    """Make a schedule due, even if it is paused. It runs as soon as a process is free and its present run has ended.

    Raises NotFound, and InvalidRequest when the store has expired.
    """
    with services.database.transaction() as session:
        require_active_store(stores.get(session, caller.project, store_id), store_id)
        schedule = _get_schedule(session, caller, store_id, schedule_id, lock=True)
        if schedule.due_since is None:
            rows.update_columns(session, schedule, {"due_since": read_clock(session)})
    return schedule


def delete(services: Services, caller: Caller, store_id: str, schedule_id: str) -> None:
    """Delete a schedule and stop its run. The imported files stay. Raises NotFound."""
    is_deleted = False
    while not is_deleted:
        with services.database.transaction() as session:
            schedule = _get_schedule(session, caller, store_id, schedule_id, lock=True)
            is_deleted = rows.delete_some(session, schedule, DELETE_CHUNK_ROWS)


def run_due(services: Services) -> int:
    """Make the schedules due whose time has come, and return their number.

    Each is made due once, however many processes call this. Several missed runs of a schedule lead to one run.
    """
    with services.database.reading() as session:
        due = rows.list_due(session, SCHEDULES_PER_SWEEP)
    return sum(_make_due(services, schedule) for schedule in due)


def end_runs_of_expired_stores(services: Services) -> None:
    """End the runs of expired stores. Their processes cannot end them, because they can upload nothing any more."""
    with services.database.transaction() as session:
        ended = (
            rows.end_runs_of_expired_stores(session) if locks.try_advisory_lock(session, locks.EXPIRED_IMPORTS) else 0
        )
    if ended:
        _log.warning("imports_ended", runs=ended, reason="store_expired")


def project_import_roots(settings: Settings, project: str) -> ImportRoots:
    """Return what a project may import, without the service's own data. Raises Refused for an invalid setting."""
    return ImportRoots.from_setting(settings.import_roots, project, settings.own_folders, settings.blobs_location)


def _check_sources_allowed(services: Services, caller: Caller, options: Mapping[str, Any]) -> None:
    import_roots = project_import_roots(services.settings, caller.project)
    for param in ("sources", "manifests"):
        for address in options.get(param, ()):
            reason = import_roots.rejection_reason(address)
            if param == "manifests" and not is_local(address) and not is_web(address):
                reason = "A manifest must be a file or a URL on the web"
            if not reason and _has_password(address):
                reason = "its password would be readable in the database"
            if reason:
                raise InvalidRequest(f"'{address}' cannot be imported: {reason}.", param=param)


def _has_password(address: str) -> bool:
    try:
        return urlsplit(address).password is not None
    except ValueError:
        return False


def _check_has_sources(sources: Sequence[str], manifests: Sequence[str]) -> None:
    if not sources and not manifests:
        raise InvalidRequest("An import needs 'sources' or 'manifests'.", param="sources")


def _make_due(services: Services, schedule: ImportSchedule) -> bool:
    """Make one schedule due. Return False if another process did, or it was changed."""
    try:
        with services.database.transaction() as session:
            following = next_run(schedule.cron, schedule.timezone, read_clock(session))
            is_made_due = rows.make_due(session, schedule, following)
    except InvalidRequest as exc:  # this machine does not know the time zone; the other schedules must run
        _log.error("schedule_invalid", schedule=schedule.id, reason=str(exc))
        return False
    if is_made_due:
        _log.info("import_due", store=schedule.vector_store_id, schedule=schedule.id)
    return is_made_due


def _get_schedule(
    session: Session, caller: Caller, store_id: str, schedule_id: str, *, lock: bool = False
) -> ImportSchedule:
    require_store(stores.get(session, caller.project, store_id), store_id)
    schedule = rows.get(session, store_id, schedule_id, lock=lock)
    if schedule is None:
        message = f"No import schedule found with id '{schedule_id}' in vector store '{store_id}'."
        raise NotFound(message, param="import_schedule_id")
    return schedule
