"""What must happen from time to time, by whoever: lost leases, large cancels, expiry, points, undelivered files."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from ingest.db import tombstones
from ingest.db.content import stores
from ingest.db.models import PointJob
from ingest.db.queue import claims, point_jobs
from ingest.db.session import alone
from ingest.errors import Abandoned, DependencyDown, IngestError
from ingest.imports import schedules as import_schedules
from ingest.observability import logs
from ingest.reindex import reindexing, schedules
from ingest.services import Services
from ingest.stores import files, uploads
from ingest.stores.members import write_attributes
from ingest.webhooks import endpoints

HEARTBEATS = 2
"""A database that was away kept every worker from renewing its lease: they get the time for so many tries first."""

POINT_JOBS = 256

EXPIRING = 256
"""Files or stores that one sweep ends; the next goes on, and until then nobody sees them any more."""

LOOSE_AT_ONCE = 256
"""Blobs that one sweep looks at."""

PERIODS = 3
"""The sweeper stands in for beat, which sweeps every period."""

_log = logs.get(__name__)


def sweep(services: Services) -> None:
    """Everything once. Any number of processes may do it at once, or none for a while (reliability section 1.4).

    A dependency that is down holds up what needs it, not the rest.
    """
    parts: tuple[Callable[[Services], None], ...] = (
        recover,
        expire_stores,
        finish_cancels,
        delete_stores,
        work_on_points,
        forget,
        begin_scheduled,
        note_due_imports,
        end_imports,
        move_stores,
        dispatch,
        announce,
        expire_files,
        end_uploads,
        drop_loose,
        tidy,
    )
    for part in parts:
        try:
            part(services)
        except DependencyDown as exc:
            _log.warning("sweep_held_up", part=part.__name__, reason=str(exc))
        except Exception:  # noqa: BLE001 - written down; what one part cannot do must not stop the others for good
            _log.exception("sweep_part_crashed", part=part.__name__)


class Sweeper(threading.Thread):
    """Sweeps now and then from a process that lives anyway, so that nothing is lost when beat is dead."""

    def __init__(self, services: Services) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._tools = services
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(PERIODS * self._tools.settings.sweep_seconds):
            try:
                sweep(self._tools)
            except Exception:  # noqa: BLE001 - written down; the next round may do better
                _log.exception("sweep_crashed")

    def stop(self) -> None:
        """Let the present round end."""
        self._stopped.set()
        self.join(5)


def recover(services: Services) -> None:
    """Take files back from workers that fell silent; after an outage of the database not before they could speak."""
    if services.database.up_seconds < HEARTBEATS * services.settings.heartbeat_seconds:
        return
    count = 1
    while count:
        with services.database.transaction() as session:
            most = services.settings.max_kills
            count = claims.recover(session, max_kills=most) if alone(session, "recover") else 0
        if count:
            _log.warning("leases_expired", files=count)


def finish_cancels(services: Services) -> None:
    """Rewrite the rows of cancelled batches, a slice a transaction so that others get their turn."""
    left = True
    with suppress(Abandoned):  # the store ended at this moment; the next sweep finds its rows gone
        while left:
            with services.database.transaction() as session:
                left = alone(session, "cancels") and claims.sweep_cancelled(session) > 0


def delete_stores(services: Services) -> None:
    """Remove what was in deleted stores."""
    left = True
    while left:
        with services.database.transaction() as session:
            left = alone(session, "stores") and stores.sweep_deleted(session, claims.SWEEP_ROWS) > 0


def expire_stores(services: Services) -> None:
    """End the stores whose time is over, each in its own transaction, and remove what was in them."""
    with services.database.reading() as session:
        due = stores.due(session, EXPIRING)
    for store_id in due:
        with services.database.transaction() as session:
            if stores.expire(session, store_id):
                _log.info("store_expired", store=store_id)
    left = True
    while left:
        with services.database.transaction() as session:
            left = alone(session, "expired stores") and stores.sweep_expired(session, claims.SWEEP_ROWS) > 0


def expire_files(services: Services) -> None:
    """Delete the files whose time is over."""
    if count := files.delete_expired(services, EXPIRING):
        _log.info("files_expired", files=count)


def end_uploads(services: Services) -> None:
    """End the uploads whose time is over, and remove the parts of all that have ended."""
    uploads.collect_garbage(services)


def drop_loose(services: Services) -> None:
    """Remove the bytes of uploads that were killed before they made a file of them."""
    files.delete_unclaimed_blobs(services, LOOSE_AT_ONCE)


def tidy(services: Services) -> None:
    """Remove what killed processes left half written."""
    services.blobs.tidy()


def work_on_points(services: Services) -> None:
    """Delete the points of what failed, was cancelled, replaced or deleted; bring attributes up to date."""
    try:
        _purge_all(services)
    finally:  # what stops the one need not stop the other
        _restyle(services)


def _purge_all(services: Services) -> None:
    # No worker that lost its file writes later than its lease and one request after it.
    horizon = 2 * (services.settings.lease_seconds + services.settings.qdrant_timeout_seconds)
    while True:
        with services.database.transaction() as session:
            purges = point_jobs.take(session, "purge", POINT_JOBS)
        if not purges:
            return
        _purge(services, purges)
        with services.database.transaction() as session:
            point_jobs.done(session, purges, again_after_seconds=horizon)


def _restyle(services: Services) -> None:
    """A slice a sweep; what fails of it is due again later, behind the others."""
    with services.database.transaction() as session:
        restyled = point_jobs.take(session, "attributes", POINT_JOBS)
    for job in restyled:
        try:
            write_attributes(services, [job])
        except IngestError as exc:  # refused, not delayed: the others may fare better
            _log.error("attributes_refused", row=job.store_file, reason=str(exc))


def forget(services: Services) -> None:
    """Let go of where removed items stood in their lists, once nobody can still be walking there."""
    left = True
    while left:
        with services.database.transaction() as session:
            left = alone(session, "tombstones") and tombstones.sweep(session, claims.SWEEP_ROWS) > 0


def begin_scheduled(services: Services) -> None:
    """Begin the re-indexes whose time has come; `dispatch`, which follows, tells the workers."""
    schedules.run_due(services)


def note_due_imports(services: Services) -> None:
    """Write down which imports are due; an importer, a thread of each API process, runs them."""
    import_schedules.run_due(services)


def end_imports(services: Services) -> None:
    """End the imports of stores that have expired."""
    import_schedules.end_expired(services)


def move_stores(services: Services) -> None:
    """Have stores go over to another embedding model when their files are ready, and delete what is kept no longer."""
    reindexing.advance_all(services)


def dispatch(services: Services) -> None:
    """Publish what waits, and again what the broker lost."""
    services.feeder.republish_lost()
    services.feeder.top_up()


def announce(services: Services) -> None:
    """Write down for webhooks which batches and imports have ended and which stores have expired; a courier delivers."""
    endpoints.enqueue(services)


def _purge(services: Services, purges: Sequence[PointJob]) -> None:
    of_rows = [(job.store_file, job.first_generation, job.last_generation) for job in purges if job.store_file is not None]
    for index in services.indexes().values():  # no generation's number is of two models
        for job in purges:
            if job.store_file is None:
                index.delete_store(job.vector_store_id)
        index.delete_rows(of_rows)
