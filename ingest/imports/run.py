"""An import from its options to its outcome, and the plan of one (`--dry-run`)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain

import openai

from ingest import ids
from ingest.errors import Refused
from ingest.imports import failures
from ingest.imports.cancellation import CancelRequests
from ingest.imports.context import NO_FILES_IN_SOURCES, ImportContext, list_source_files, open_context
from ingest.imports.interrupts import catch_stop_signals
from ingest.imports.journal import Action, ImportRun, JournalEntry, source_to_text
from ingest.imports.options import ImportOptions
from ingest.imports.progress import ByteCounter, ProgressReporter
from ingest.imports.scan import ScanCounts, scan_sources
from ingest.imports.source_files import SourceFile, SourceProblem
from ingest.imports.store_sync import StoreSync
from ingest.imports.transfer import Transfer
from ingest.imports.uploads import UploadPool

PLANNED_ACTIONS: tuple[Action, ...] = ("upload", "attach", "remove")


@dataclass(frozen=True)
class Removals:
    """How many missing files are marked for removal, and how many are kept because they are too many (`max_delete`)."""

    marked: int = 0
    kept: int = 0


@dataclass(frozen=True)
class ImportResult:
    """What an import scanned, and how many files it removed from the store."""

    scan_counts: ScanCounts
    removed: int
    kept_missing: int = 0
    """Missing files that were not removed, because they are more than `max_delete` allows."""


@dataclass(frozen=True)
class ImportOutcome:
    """How an import ended, or how far it came when it was stopped."""

    import_id: str
    is_stopped: bool
    counts: dict[str, int]
    """Files by outcome, and the counts `unchanged`, `removed`, `warnings` (of the completed ones) and `total`."""
    reasons: list[tuple[str, failures.FailureGroup]]
    """Why files did not complete. Empty when the import was stopped."""
    warnings: list[tuple[str, failures.FailureGroup]]
    """What was not read of files that the import completed. Empty when the import was stopped."""
    skipped_removal: bool
    """Missing files were not removed, because the scan was incomplete."""
    kept_missing: int = 0
    """Missing files that were not removed, because they are more than `max_delete` allows."""

    in_progress: int = 0
    """Files that the service had not ended at the last poll, when the import was stopped."""

    @property
    def is_complete(self) -> bool:
        """Every file is completed."""
        return self.counts.get("completed", 0) == self.counts["total"]


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do."""

    scan_counts: ScanCounts
    removals: int
    kept_missing: int
    """Missing files that would not be removed, because they are more than `max_delete` allows."""
    counts: dict[Action, int]
    """Files by planned action."""
    entries: Callable[[Action], Iterator[JournalEntry]]
    """Returns the files of an action."""


@contextmanager
def plan_import(client: openai.OpenAI, options: ImportOptions) -> Iterator[ImportPlan]:
    """Yield what an import would do. All changes to the journal are rolled back. Raises Refused and openai.APIError."""
    with ExitStack() as stack:
        context = open_context(stack, client, options, creates_store=False)
        journal = context.journal
        with journal.transaction(keep=False) as transaction:
            import_run = journal.begin_import(ids.new("imp_"), options.sources)
            items = list_source_files(options, context.manifests, context.downloader)
            rules = options.attribute_rules
            scan_counts = scan_sources(journal, import_run, items, rules, lambda _: None, transaction)
            removals = _mark_missing(context, import_run, options, scan_counts)
            if options.retry_failed:
                journal.requeue_failed(import_run.number)
            counts = {action: journal.count_pending(action, import_run.number)[0] for action in PLANNED_ACTIONS}
            yield ImportPlan(
                scan_counts, removals.marked, removals.kept, counts,
                lambda action: journal.iterate_pending(action, import_run.number),
            )  # fmt: skip


def run_import(client: openai.OpenAI, options: ImportOptions, reporter: ProgressReporter) -> ImportOutcome:
    """Import the sources and return the outcome. SIGINT and SIGTERM stop the import after it recorded its state.

    Raises Refused and openai.APIError.
    """
    with ExitStack() as stack:
        context = open_context(stack, client, options, creates_store=True, on_wait=reporter.waiting)
        byte_counter = ByteCounter()
        import_run = context.journal.begin_import(ids.new("imp_"), options.sources)
        has_signal = stack.enter_context(catch_stop_signals()).is_set
        cancel_requests = CancelRequests(context.journal, import_run.id)

        def is_stopped() -> bool:
            return has_signal() or cancel_requests.is_requested()

        with reporter:
            reporter.started(import_run.id, options.store, context.store_id)
            open_pool = partial(
                UploadPool, client, context.downloader, byte_counter, options.threads, other_stores=options.other_stores,
                date_of=options.attribute_rules.date_of,
            )  # fmt: skip
            try:
                result = execute_import(context, import_run, options, open_pool, reporter, byte_counter, is_stopped)
            except openai.APIConnectionError as exc:
                raise Refused(
                    f"The service at {client.base_url} has stopped answering. The journal has what was done: "
                    "run the same command again to resume."
                ) from exc
        return _conclude(context, import_run, options, result, is_stopped=is_stopped())


def execute_import(
    context: ImportContext,
    import_run: ImportRun,
    options: ImportOptions,
    open_pool: Callable[[], UploadPool],
    reporter: ProgressReporter,
    byte_counter: ByteCounter,
    is_stopped: Callable[[], bool],
) -> ImportResult:
    """Scan, upload, attach, wait for the last file and remove obsolete files, until `is_stopped` returns true.

    Raises Refused and openai.APIError.
    """
    removed, removals = 0, Removals()
    with context.journal.transaction() as transaction:
        items = _until_stopped(list_source_files(options, context.manifests, context.downloader), is_stopped)
        scan_counts = scan_sources(
            context.journal, import_run, items, options.attribute_rules, reporter.scanning, transaction
        )
    if not is_stopped():
        transfer, removals = _prepare_transfer(context, import_run, options, scan_counts, reporter)
        for _ in transfer.run(open_pool(), is_stopped):
            reporter.transferring(transfer, scan_counts, byte_counter)
        if not is_stopped():
            removed = transfer.store_sync.delete_obsolete(keep_missing=removals.kept > 0)
        reporter.transferring(transfer, scan_counts, byte_counter)
    return ImportResult(scan_counts, removed, removals.kept)


def _prepare_transfer(
    context: ImportContext,
    import_run: ImportRun,
    options: ImportOptions,
    scan_counts: ScanCounts,
    reporter: ProgressReporter,
) -> tuple[Transfer, Removals]:
    """Decide what to remove and to retry, after the scan of the sources. Raises Refused when there are no files."""
    if not scan_counts.files and not scan_counts.problems:
        raise Refused(NO_FILES_IN_SOURCES)
    removals = _mark_missing(context, import_run, options, scan_counts)
    StoreSync(context.client, context.store_id, context.journal).reconcile(check_all=options.check_store)
    if options.retry_failed:
        context.journal.requeue_failed(import_run.number)
    reporter.scanned(scan_counts, removals.marked)
    transfer = Transfer(context.client, context.store_id, context.journal, import_run, batch_files=options.batch_files)
    return transfer, removals


def _mark_missing(
    context: ImportContext, import_run: ImportRun, options: ImportOptions, scan_counts: ScanCounts
) -> Removals:
    """Mark files that the sources do not have any more for removal, if the scan is complete and they are not too many."""
    if not options.delete_missing or scan_counts.is_incomplete or not scan_counts.files:
        return Removals()
    sources = [source_to_text(source) for source in options.sources]
    if options.max_delete is not None:
        missing, known = context.journal.count_missing(sources, import_run.number)
        if not options.max_delete.allows(missing, known):
            return Removals(kept=missing)
    return Removals(marked=context.journal.mark_missing(sources, import_run.number))


def _conclude(
    context: ImportContext, import_run: ImportRun, options: ImportOptions, result: ImportResult, *, is_stopped: bool
) -> ImportOutcome:
    """Write the failures file, record the end in the journal, and sum up."""
    journal, scan_counts = context.journal, result.scan_counts
    outcomes = journal.count_outcomes(import_run.number)
    counts = {
        **outcomes,
        "not_uploaded": outcomes.get("not_uploaded", 0) + scan_counts.problems,
        "unchanged": scan_counts.unchanged,
        "removed": result.removed,
        "total": sum(outcomes.values()) + scan_counts.problems,
    }
    if options.failures_file is not None:
        listed = chain(journal.list_failures(import_run.number), journal.list_warnings(import_run.number))
        failures.write_failures(options.failures_file, listed)
    skipped_removal = options.delete_missing and scan_counts.is_incomplete
    if is_stopped:
        in_progress = journal.sum_batch_counts(import_run.number)["in_progress"]
        return ImportOutcome(import_run.id, True, counts, [], [], skipped_removal, result.kept_missing, in_progress)
    journal.end_import(import_run.number)
    reasons = failures.group_by_reason(journal.list_failures(import_run.number))
    warnings = failures.group_by_reason(journal.list_warnings(import_run.number))
    counts["warnings"] = failures.count_files(warnings)
    return ImportOutcome(import_run.id, False, counts, reasons, warnings, skipped_removal, result.kept_missing)


def _until_stopped(
    items: Iterator[SourceFile | SourceProblem], is_stopped: Callable[[], bool]
) -> Iterator[SourceFile | SourceProblem]:
    for item in items:
        if is_stopped():
            return
        yield item
