"""Periodic maintenance: everything that must happen without a request, run by Celery beat and by every API process.

Any number of processes may run it at once, and none for a while (deploy/docs/reliability.md).
"""

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.orm import Session

from ingest.db import locks, tombstones
from ingest.db.content import stores
from ingest.db.locks import LockName
from ingest.db.queue import cancellation, reclaim, workers
from ingest.errors import Abandoned, DependencyDown
from ingest.imports import schedules as import_schedules
from ingest.jobs import clock_watch, row_numbers
from ingest.jobs.point_jobs import purge_points, write_changed_attributes
from ingest.observability import logs
from ingest.reindex import migration, schedules
from ingest.runtime.periodic import PeriodicThread
from ingest.services import Services
from ingest.stores import files, unclaimed_blobs, uploads
from ingest.webhooks import events

GRACE_HEARTBEATS = 2
"""After an outage of the database, or a jump of its clock, every worker gets this many heartbeats to renew its lease."""

OBJECTS_PER_RUN = 256
"""Files, stores or blobs that one run removes. The next run goes on, and no request sees the others meanwhile."""

API_PERIODS = 3
"""An API process runs maintenance every so many periods of beat: it only fills in while beat is dead."""

_log = logs.get(__name__)


def run_maintenance(services: Services) -> None:
    """Run every maintenance task once; those that delete what has expired only while the clock can be trusted.

    A task whose dependency is down is logged as `maintenance_task_postponed`; the others still run.
    """
    clock_is_trusted = _clock_is_trusted(services)
    tasks: tuple[Callable[[Services], None], ...] = (
        reclaim_expired_leases,
        expire_stores,
        finish_cancelled_batches,
        empty_deleted_stores,
        purge_points,
        write_changed_attributes,
        delete_old_tombstones,
        start_due_reindexes,
        queue_due_imports,
        end_imports_of_expired_stores,
        advance_model_migrations,
        publish_waiting_files,
        enqueue_webhook_events,
        advance_row_numbers,
        delete_expired_files,
        expire_uploads,
        delete_unclaimed_blobs,
        delete_partial_blobs,
        delete_dead_workers,
    )
    for task in tasks:
        if task in _EXPIRIES and not clock_is_trusted:
            continue
        try:
            task(services)
        except DependencyDown as exc:
            _log.warning("maintenance_task_postponed", task=task.__name__, reason=str(exc))
        except Exception:  # noqa: BLE001 - logged with its traceback; a defect in one task must not stop the others
            _log.exception("maintenance_task_crashed", task=task.__name__)


class MaintenanceThread:
    """Run maintenance in an API process too, so that nothing is lost while beat is dead."""

    def __init__(self, services: Services) -> None:
        interval_seconds = API_PERIODS * services.settings.sweep_seconds
        self._thread = PeriodicThread("maintenance", interval_seconds, lambda: run_maintenance(services))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wait for the run under way, and start no other."""
        self._thread.stop()


def reclaim_expired_leases(services: Services) -> None:
    """Requeue the files of workers whose leases have expired.

    Waits for GRACE_HEARTBEATS after an outage of the database: no worker could renew its lease during the outage. Also
    after a jump of the clock, which makes the leases of live workers look expired.
    """
    seconds_since_trouble = min(services.database.seconds_since_outage, services.seconds_since_clock_jump)
    if seconds_since_trouble < GRACE_HEARTBEATS * services.settings.heartbeat_seconds:
        return
    settings = services.settings
    _run_in_slices(
        services,
        locks.EXPIRED_LEASES,
        lambda session: reclaim.reclaim_expired_leases(
            session, max_crashes=settings.max_crashes, lease_seconds=settings.lease_seconds
        ),
        report=lambda files: _log.warning("leases_expired", files=files),
    )


def finish_cancelled_batches(services: Services) -> None:
    """Cancel the remaining files of cancelled batches."""
    with suppress(Abandoned):  # the store was deleted at this moment; the next run does not see its files any more
        _run_in_slices(services, locks.CANCELLED_BATCHES, cancellation.mark_cancelled_files)


def empty_deleted_stores(services: Services) -> None:
    """Remove the files of deleted stores."""
    _run_in_slices(
        services,
        locks.DELETED_STORES,
        lambda session: stores.remove_deleted(session, reclaim.ROWS_PER_TRANSACTION),
    )


def expire_stores(services: Services) -> None:
    """Expire the stores that are due, each in its own transaction, and remove their files."""
    with services.database.reading() as session:
        due = stores.list_due(session, OBJECTS_PER_RUN)
    for store_id in due:
        with services.database.transaction() as session:
            if stores.expire(session, store_id):
                _log.info("store_expired", store=store_id)
    _run_in_slices(
        services,
        locks.EXPIRED_STORES,
        lambda session: stores.remove_expired(session, reclaim.ROWS_PER_TRANSACTION),
    )


def delete_expired_files(services: Services) -> None:
    """Delete the files that have expired."""
    if count := files.delete_expired(services, OBJECTS_PER_RUN):
        _log.info("files_expired", files=count)


def expire_uploads(services: Services) -> None:
    """Expire the uploads that are due, and delete the parts of all ended uploads."""
    uploads.collect_garbage(services)


def delete_unclaimed_blobs(services: Services) -> None:
    """Delete the blobs of requests that were killed before they recorded a file."""
    unclaimed_blobs.delete_unclaimed_blobs(services, OBJECTS_PER_RUN)


def delete_partial_blobs(services: Services) -> None:
    """Delete the partial files of killed processes."""
    services.blobs.delete_stale_partials()


def delete_dead_workers(services: Services) -> None:
    """Delete the heartbeats of workers that have been dead for a day."""
    with services.database.transaction() as session:
        workers.delete_dead(session)


def delete_old_tombstones(services: Services) -> None:
    """Delete the tombstones that no list request can still need."""
    _run_in_slices(
        services, locks.TOMBSTONES, lambda session: tombstones.delete_old(session, reclaim.ROWS_PER_TRANSACTION)
    )


def start_due_reindexes(services: Services) -> None:
    """Start the scheduled re-indexes that are due. `publish_waiting_files` comes later in the same run."""
    schedules.run_due(services)


def queue_due_imports(services: Services) -> None:
    """Queue the scheduled imports that are due. A thread of each API process runs them."""
    import_schedules.run_due(services)


def end_imports_of_expired_stores(services: Services) -> None:
    """End the scheduled imports of expired stores."""
    import_schedules.end_runs_of_expired_stores(services)


def advance_model_migrations(services: Services) -> None:
    """Cut stores over to their new embedding model when all files are ready, and purge old standby indexes."""
    migration.advance_migrations(services)


def publish_waiting_files(services: Services) -> None:
    """Publish waiting files, and publish again what the broker lost."""
    services.feeder.republish_lost()
    services.feeder.top_up()


def enqueue_webhook_events(services: Services) -> None:
    """Enqueue webhook events for ended batches, ended imports and expired stores. A DeliveryWorker delivers them."""
    events.enqueue_events(services)


def advance_row_numbers(services: Services) -> None:
    """Skip the row numbers of files in stores that points have, once in the life of this process.

    Points have row numbers above those of the database if it was restored from an older backup.
    """
    if not services.row_numbers_are_advanced:
        if last := row_numbers.advance_past_points(services):
            _log.warning("row_numbers_advanced", last=last)
        services.row_numbers_are_advanced = True


_EXPIRIES: frozenset[Callable[[Services], None]] = frozenset(
    {
        expire_stores,
        delete_expired_files,
        expire_uploads,
        delete_unclaimed_blobs,
        delete_partial_blobs,
        delete_old_tombstones,
        delete_dead_workers,
    }
)
"""Tasks that delete what has expired, by the clock."""


def _clock_is_trusted(services: Services) -> bool:
    """Return whether the clock has not jumped within the last day. Also releases what a jump lets wait too long."""
    try:
        return clock_watch.watch_clock(services) is None
    except DependencyDown as exc:
        _log.warning("maintenance_task_postponed", task=clock_watch.watch_clock.__name__, reason=str(exc))
    except Exception:  # noqa: BLE001 - as in `run_maintenance`
        _log.exception("maintenance_task_crashed", task=clock_watch.watch_clock.__name__)
    return False


def _run_in_slices(
    services: Services,
    lock: LockName,
    step: Callable[[Session], int],
    report: Callable[[int], None] = lambda _: None,
) -> None:
    """Run `step` in one transaction after the other until it returns 0, the number of rows it changed.

    Stops when another process holds the lock. Slices keep transactions short, so that other writers get their turn.
    """
    while True:
        with services.database.transaction() as session:
            rows = step(session) if locks.try_advisory_lock(session, lock) else 0
        if not rows:
            return
        report(rows)
