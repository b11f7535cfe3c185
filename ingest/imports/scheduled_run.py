"""One run of a scheduled import, from its schedule to the result in the schedule's row."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import openai

from ingest.caller import Caller
from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from ingest.errors import DependencyDown, Refused
from ingest.imports import failures, schedules
from ingest.imports.client import api_error_message
from ingest.imports.context import ImportContext, open_manifest
from ingest.imports.interrupts import EXIT_INTERRUPTED, catch_stop_signals
from ingest.imports.journal import ImportRun, Journal
from ingest.imports.options import ImportOptions
from ingest.imports.patterns import PathAttributes, PathFilter
from ingest.imports.progress import ByteCounter
from ingest.imports.run import execute_import
from ingest.imports.runner import EXIT_ENDED, EXIT_LEASE_LOST, EXIT_RETRY_LATER
from ingest.imports.scan import AttributeRules, ScanCounts
from ingest.imports.service_journal import ServiceJournal, upload_headers
from ingest.imports.sources import check_source
from ingest.imports.transfer import BATCH_FILES, Transfer
from ingest.imports.uploads import UploadPool
from ingest.imports.waits import ImportWait
from ingest.imports.web import DownloadLimits, WebDownloader
from ingest.observability import logs
from ingest.runtime.periodic import PeriodicThread
from ingest.services import Services

UPLOAD_THREADS = 4
"""Fewer than for an import by a user: the machine is the service's own, and has files to ingest."""

COUNT_SECONDS = 2.0
COUNT_SHARE = 20
"""Counting takes at most one part in 20 of the time. A count of a million files takes a second."""

MAX_REASONS = 100
REASON_CHARACTERS = 500

_log = logs.get(__name__)


def run_scheduled_import(
    services: Services,
    client: openai.OpenAI,
    schedule: ImportSchedule,
    caller: Caller,
    folder: Path,
    *,
    exit_process: Callable[[int], Any] = os._exit,
) -> int:
    """Run the import that a schedule defines, under the lease that this process holds; return the exit code.

    `folder` is empty, and receives the journal. `exit_process` ends the process when its lease is lost.
    """
    heartbeat = LeaseHeartbeat(services, schedule, exit_process)
    heartbeat.start()
    try:
        with catch_stop_signals() as stop_requested, ExitStack() as stack:
            stack.callback(heartbeat.stop)
            result = _import(services, client, schedule, caller, folder, stack, heartbeat, stop_requested.is_set)
        if stop_requested.is_set():
            return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Refused as exc:
        result = {"result": "failed", "error": _storable(str(exc))}
    except (openai.APIError, DependencyDown) as exc:
        if _is_transient(exc):
            _log.warning("import_deferred", schedule=schedule.id, reason=str(exc))
            return EXIT_RETRY_LATER
        error = api_error_message(exc) if isinstance(exc, openai.APIStatusError) else str(exc)
        result = {"result": "failed", "error": _storable(error)}
    with services.database.transaction() as session:
        is_held = rows.end_run(session, schedule.row, schedule.fence, **result)
    if is_held:
        _log.info("import_ended", schedule=schedule.id, run=schedule.run_id, result=result["result"])
    return EXIT_ENDED if is_held else EXIT_LEASE_LOST


class LeaseHeartbeat:
    """Renews the lease of a run, and writes the latest counts to its row."""

    def __init__(self, services: Services, schedule: ImportSchedule, exit_process: Callable[[int], Any]) -> None:
        self.counts: Mapping[str, int] = schedule.counts
        self._database = services.database
        self._settings = services.settings
        self._schedule = schedule
        self._exit_process = exit_process
        self._renewed_at = time.monotonic()
        interval = min(self._settings.heartbeat_seconds, self._settings.lease_seconds / 3)
        self._thread = PeriodicThread("import_heartbeat", interval, self._renew)

    def start(self) -> None:
        """Renew the lease in a thread, from now on."""
        self._renewed_at = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Renew the lease no more: the run has ended or is released."""
        self._thread.stop(None)

    def _renew(self) -> None:
        started_at, lease = time.monotonic(), self._settings.lease_seconds
        try:
            with self._database.transaction() as session:
                is_held = rows.renew_lease(session, self._schedule.row, self._schedule.fence, lease, self.counts)
            self._renewed_at = started_at
        except DependencyDown:
            is_held = time.monotonic() < self._renewed_at + lease
        if not is_held:
            _log.warning("import_lease_lost", schedule=self._schedule.id, run=self._schedule.run_id)
            self._thread.stop(0)
            self._exit_process(EXIT_LEASE_LOST)


class RowReporter:
    """A progress reporter that counts the files from time to time, for the schedule's row."""

    def __init__(self, journal: Journal, import_run: ImportRun, heartbeat: LeaseHeartbeat) -> None:
        self._journal = journal
        self._import_run = import_run
        self._heartbeat = heartbeat
        self._next_count_at = 0.0

    def __enter__(self) -> "RowReporter":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, import_id: str, store: str, store_id: str) -> None:
        pass

    def scanning(self, scan_counts: ScanCounts) -> None:
        pass

    def scanned(self, scan_counts: ScanCounts, removals: int) -> None:
        pass

    def waiting(self, wait: ImportWait | None) -> None:
        """Do nothing: the API of this machine serves the import, and shows what its batches wait for."""

    def transferring(self, transfer: Transfer, scan_counts: ScanCounts, byte_counter: ByteCounter) -> None:
        transfer.new_failures.clear()
        started_at = time.monotonic()
        if started_at >= self._next_count_at:
            self._heartbeat.counts = count_files(self._journal, self._import_run, scan_counts, has_ended=False)
            ended_at = time.monotonic()
            self._next_count_at = ended_at + max(COUNT_SECONDS, COUNT_SHARE * (ended_at - started_at))


def count_files(journal: Journal, import_run: ImportRun, scan_counts: ScanCounts, *, has_ended: bool) -> dict[str, int]:
    """Return the files of the sources by state. Files without an upload are `in_progress` until the run has ended."""
    outcomes = journal.count_outcomes(import_run.number)
    ended = {state: outcomes.get(state, 0) for state in ("completed", "failed", "cancelled")}
    not_uploaded = scan_counts.problems + (outcomes.get("not_uploaded", 0) if has_ended else 0)
    total = sum(outcomes.values()) + scan_counts.problems
    in_progress = total - sum(ended.values()) - not_uploaded
    return {**ended, "not_uploaded": not_uploaded, "in_progress": in_progress, "total": total}


def _import(
    services: Services,
    client: openai.OpenAI,
    schedule: ImportSchedule,
    caller: Caller,
    folder: Path,
    stack: ExitStack,
    heartbeat: LeaseHeartbeat,
    is_stopped: Callable[[], bool],
) -> dict[str, Any]:
    """Return the result of the run, by column. Raises Refused, DependencyDown and openai.APIError."""
    options = _options(services, schedule, caller, folder)
    for address in (*options.paths, *options.manifests):
        options.import_roots.require_allowed(address)
    for path in options.paths:
        check_source(path, options.import_roots)
    downloader = WebDownloader(options.download_limits)
    manifests = [open_manifest(stack, downloader, address, options.import_roots) for address in options.manifests]
    journal = ServiceJournal(folder / "journal.db", services.database, schedule.row, schedule.fence)
    stack.callback(journal.close)
    journal.load()
    import_run = journal.begin_import(str(schedule.run_id), options.sources)
    byte_counter = ByteCounter()
    context = ImportContext(client, schedule.vector_store_id, journal, downloader, manifests)
    open_pool = partial(
        UploadPool, client, downloader, byte_counter, options.threads, import_roots=options.import_roots,
        max_bytes=services.settings.max_file_bytes, make_headers=upload_headers,
    )  # fmt: skip
    reporter = RowReporter(journal, import_run, heartbeat)
    imported = execute_import(context, import_run, options, open_pool, reporter, byte_counter, is_stopped)
    counts = count_files(journal, import_run, imported.scan_counts, has_ended=True)
    groups = failures.group_by_reason(journal.list_failures(import_run.number))[:MAX_REASONS]
    reasons = [
        {"reason": _storable(reason), "files": group.files, "first": group.paths[:3]} for reason, group in groups
    ]
    warnings = sum(1 for _ in journal.list_warnings(import_run.number))
    is_complete = counts["completed"] == counts["total"]
    return {
        "result": "completed" if is_complete else "incomplete",
        "counts": counts | {"warnings": warnings},
        "reasons": reasons,
    }


def _options(services: Services, schedule: ImportSchedule, caller: Caller, folder: Path) -> ImportOptions:
    # A batch with more files than the project may have in progress would always be refused.
    max_batch_files = caller.limits.files_in_progress or BATCH_FILES
    return ImportOptions(
        store=schedule.vector_store_id, paths=schedule.sources, manifests=schedule.manifests,
        path_filter=PathFilter(schedule.include, schedule.exclude),
        attribute_rules=AttributeRules(schedule.attributes, PathAttributes(schedule.attributes_from_path)),
        delete_missing=schedule.delete_missing, retry_failed=schedule.retry_failed, threads=UPLOAD_THREADS,
        batch_files=min(BATCH_FILES, max_batch_files), journal_folder=folder,
        download_limits=_download_limits(services),
        import_roots=schedules.project_import_roots(services.settings, caller.project), requires_files=True,
    )  # fmt: skip


def _download_limits(services: Services) -> DownloadLimits:
    max_bytes = min(DownloadLimits().max_bytes, services.settings.max_file_bytes)
    return DownloadLimits(max_bytes=max_bytes, hides_addresses=True)


def _is_transient(exc: Exception) -> bool:
    """Return whether the same request may succeed later."""
    if isinstance(exc, openai.RateLimitError):
        return exc.code != "insufficient_quota"
    return isinstance(exc, (DependencyDown, openai.APIConnectionError, openai.InternalServerError))


def _storable(text: str) -> str:
    """Return a message that the row can hold: printable, and at most 500 characters long."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return printable if len(printable) <= REASON_CHARACTERS else printable[: REASON_CHARACTERS - 1] + "…"
