"""What must happen from time to time, by whoever: lost leases, large cancels, expiry, points, undelivered files."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from ingest import files, import_schedules, logs, reindexing, schedules, uploads, webhooks
from ingest.db import point_jobs, progress, stores, tombstones
from ingest.db.models import PointJob
from ingest.db.session import alone
from ingest.errors import Abandoned, DependencyDown, IngestError
from ingest.store_files import write_attributes
from ingest.tools import Tools

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


def sweep(tools: Tools) -> None:
    """Everything once. Any number of processes may do it at once, or none for a while (reliability section 1.4).

    A dependency that is down holds up what needs it, not the rest.
    """
    parts: tuple[Callable[[Tools], None], ...] = (
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
            part(tools)
        except DependencyDown as exc:
            _log.warning("sweep_held_up", part=part.__name__, reason=str(exc))
        except Exception:  # noqa: BLE001 - written down; what one part cannot do must not stop the others for good
            _log.exception("sweep_part_crashed", part=part.__name__)


class Sweeper(threading.Thread):
    """Sweeps now and then from a process that lives anyway, so that nothing is lost when beat is dead."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._tools = tools
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


def recover(tools: Tools) -> None:
    """Take files back from workers that fell silent; after an outage of the database not before they could speak."""
    if tools.database.up_seconds < HEARTBEATS * tools.settings.heartbeat_seconds:
        return
    count = 1
    while count:
        with tools.database.transaction() as session:
            most = tools.settings.max_kills
            count = progress.recover(session, max_kills=most) if alone(session, "recover") else 0
        if count:
            _log.warning("leases_expired", files=count)


def finish_cancels(tools: Tools) -> None:
    """Rewrite the rows of cancelled batches, a slice a transaction so that others get their turn."""
    left = True
    with suppress(Abandoned):  # the store ended at this moment; the next sweep finds its rows gone
        while left:
            with tools.database.transaction() as session:
                left = alone(session, "cancels") and progress.sweep_cancelled(session) > 0


def delete_stores(tools: Tools) -> None:
    """Remove what was in deleted stores."""
    left = True
    while left:
        with tools.database.transaction() as session:
            left = alone(session, "stores") and stores.sweep_deleted(session, progress.SWEEP_ROWS) > 0


def expire_stores(tools: Tools) -> None:
    """End the stores whose time is over, each in its own transaction, and remove what was in them."""
    with tools.database.reading() as session:
        due = stores.due(session, EXPIRING)
    for store_id in due:
        with tools.database.transaction() as session:
            if stores.expire(session, store_id):
                _log.info("store_expired", store=store_id)
    left = True
    while left:
        with tools.database.transaction() as session:
            left = alone(session, "expired stores") and stores.sweep_expired(session, progress.SWEEP_ROWS) > 0


def expire_files(tools: Tools) -> None:
    """Delete the files whose time is over."""
    if count := files.delete_expired(tools, EXPIRING):
        _log.info("files_expired", files=count)


def end_uploads(tools: Tools) -> None:
    """End the uploads whose time is over, and remove the parts of all that have ended."""
    uploads.sweep(tools)


def drop_loose(tools: Tools) -> None:
    """Remove the bytes of uploads that were killed before they made a file of them."""
    files.drop_loose(tools, LOOSE_AT_ONCE)


def tidy(tools: Tools) -> None:
    """Remove what killed processes left half written."""
    tools.blobs.tidy()


def work_on_points(tools: Tools) -> None:
    """Delete the points of what failed, was cancelled, replaced or deleted; bring attributes up to date."""
    try:
        _purge_all(tools)
    finally:  # what stops the one need not stop the other
        _restyle(tools)


def _purge_all(tools: Tools) -> None:
    # No worker that lost its file writes later than its lease and one request after it.
    horizon = 2 * (tools.settings.lease_seconds + tools.settings.qdrant_timeout_seconds)
    while True:
        with tools.database.transaction() as session:
            purges = point_jobs.take(session, "purge", POINT_JOBS)
        if not purges:
            return
        _purge(tools, purges)
        with tools.database.transaction() as session:
            point_jobs.done(session, purges, again_after_seconds=horizon)


def _restyle(tools: Tools) -> None:
    """A slice a sweep; what fails of it is due again later, behind the others."""
    with tools.database.transaction() as session:
        restyled = point_jobs.take(session, "attributes", POINT_JOBS)
    for job in restyled:
        try:
            write_attributes(tools, [job])
        except IngestError as exc:  # refused, not delayed: the others may fare better
            _log.error("attributes_refused", row=job.store_file, reason=str(exc))


def forget(tools: Tools) -> None:
    """Let go of where removed items stood in their lists, once nobody can still be walking there."""
    left = True
    while left:
        with tools.database.transaction() as session:
            left = alone(session, "tombstones") and tombstones.sweep(session, progress.SWEEP_ROWS) > 0


def begin_scheduled(tools: Tools) -> None:
    """Begin the re-indexes whose time has come; `dispatch`, which follows, tells the workers."""
    schedules.run_due(tools)


def note_due_imports(tools: Tools) -> None:
    """Write down which imports are due; an importer, a thread of each API process, runs them."""
    import_schedules.run_due(tools)


def end_imports(tools: Tools) -> None:
    """End the imports of stores that have expired."""
    import_schedules.end_expired(tools)


def move_stores(tools: Tools) -> None:
    """Have stores go over to another embedding model when their files are ready, and delete what is kept no longer."""
    reindexing.advance_all(tools)


def dispatch(tools: Tools) -> None:
    """Publish what waits, and again what the broker lost."""
    tools.feeder.resend_lost()
    tools.feeder.top_up()


def announce(tools: Tools) -> None:
    """Write down for webhooks which batches and imports have ended and which stores have expired; a courier delivers."""
    webhooks.enqueue(tools)


def _purge(tools: Tools, purges: Sequence[PointJob]) -> None:
    of_rows = [(job.store_file, job.first, job.generation) for job in purges if job.store_file is not None]
    for index in tools.indexes().values():  # no generation's number is of two models
        for job in purges:
            if job.store_file is None:
                index.delete_store(job.vector_store_id)
        index.delete_rows(of_rows)
