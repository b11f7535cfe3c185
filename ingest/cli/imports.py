"""`ingest import`: import files into a vector store."""

import typer
from rich.console import Console

from ingest.cli import options as cli
from ingest.cli.import_display import choose_reporter
from ingest.cli.import_report import print_counts, print_failures, print_warnings, summarize
from ingest.cli.output import print_event, print_line
from ingest.errors import Refused
from ingest.imports import attributes, journal
from ingest.imports.addresses import sitemap_address
from ingest.imports.client import RESTART_TOLERANT_RETRIES, open_client
from ingest.imports.interrupts import EXIT_INTERRUPTED
from ingest.imports.options import ImportOptions
from ingest.imports.other_stores import SourceServer
from ingest.imports.patterns import PathAttributes, PathFilter
from ingest.imports.removal_limit import RemovalLimit
from ingest.imports.run import PLANNED_ACTIONS, ImportOutcome, ImportPlan, plan_import, run_import
from ingest.imports.scan import AttributeRules
from ingest.imports.service_url import DEFAULT_URL
from ingest.imports.transfer import BATCH_FILES
from ingest.imports.uploads import UPLOAD_THREADS
from ingest.imports.waits import ServiceWatch
from ingest.imports.web import DownloadLimits

EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_KEPT_MISSING = 0, 1, 3
"""The others are 2 (refused) and 130 (interrupted)."""

MIB = 2**20


def import_(
    store: cli.ImportStore,
    paths: cli.ImportPaths = None,
    manifests: cli.Manifests = None,
    sitemaps: cli.Sitemaps = None,
    include: cli.Include = None,
    exclude: cli.Exclude = None,
    attr: cli.Attribute = None,
    attr_from_path: cli.AttributeFromPath = None,
    attr_last_modified: cli.AttributeLastModified = "",
    delete_missing: cli.DeleteMissing = False,
    max_delete: cli.MaxDelete = None,
    retry_failed: cli.RetryFailed = False,
    check: cli.CheckStore = False,
    dry_run: cli.DryRun = False,
    failures: cli.FailuresFile = None,
    as_json: cli.JsonEvents = False,
    base_url: cli.BaseUrl = DEFAULT_URL,
    api_key: cli.ApiKey = "",
    threads: cli.Threads = UPLOAD_THREADS,
    batch_files: cli.BatchFiles = BATCH_FILES,
    journal_folder: cli.JournalFolder = None,
    allow_private: cli.AllowPrivate = False,
    max_download_mib: cli.MaxDownloadMib = 512,
    max_download_seconds: cli.MaxDownloadSeconds = 300,
    source_url: cli.SourceUrl = "",
    source_api_key: cli.SourceApiKey = "",
    text_key: cli.TextKey = "text",
    name_key: cli.NameKey = "",
    source_attributes: cli.SourceAttributes = None,
) -> None:
    """Import files into a vector store, and wait for their end.

    Run it again after an interruption or changes: only new and changed files are uploaded. A changed file replaces its
    earlier version once the new one is completed. Names that begin with a dot are skipped, links are followed, archives
    are opened (zip, tar, tar.gz, ...). In patterns `*` stays within a part of the path, and `**` crosses parts.

    Exit code 0: every file completed; 1: some did not; 2: refused, or no service; 3: nothing was removed, because more
    files are missing than --max-delete allows; 130: interrupted.
    """
    options = ImportOptions(
        store, [*(paths or []), *map(sitemap_address, sitemaps or [])], manifests or [],
        PathFilter(include or [], exclude or []),
        AttributeRules(attributes.parse_options(attr or []), PathAttributes(attr_from_path or []), attr_last_modified),
        journal_folder or journal.default_folder(), threads, batch_files, delete_missing, retry_failed,
        check_store=check, failures_file=failures, max_delete=_removal_limit(max_delete, delete_missing=delete_missing),
        source_server=SourceServer(source_url, source_api_key, text_key, name_key, source_attributes or ()),
        download_limits=DownloadLimits(max_download_mib * MIB, max_download_seconds, allow_private),
    )  # fmt: skip
    _run(options, base_url, api_key, dry_run=dry_run, as_json=as_json)


def _removal_limit(text: str | None, *, delete_missing: bool) -> RemovalLimit | None:
    """Return the limit that --max-delete names, if it is given. Raises Refused."""
    if text is None:
        return None
    if not delete_missing:
        raise Refused("--max-delete needs --delete-missing: without it nothing is removed.")
    return RemovalLimit.parse(text)


def _run(options: ImportOptions, base_url: str, api_key: str, *, dry_run: bool, as_json: bool) -> None:
    """Plan or run an import, print the result, and exit with its code."""
    console = Console()
    try:
        reporter = choose_reporter(console, as_json=as_json)
        watch = ServiceWatch(reporter.waiting)
        with open_client(base_url, api_key, retries=RESTART_TOLERANT_RETRIES, watch=watch) as client:
            if dry_run:
                with plan_import(client, options) as plan:
                    _print_plan(console, plan, as_json=as_json)
                return
            outcome = run_import(client, options, reporter)
    except KeyboardInterrupt:  # before the import recorded anything, or at the second Ctrl-C
        raise typer.Exit(EXIT_INTERRUPTED) from None
    exit_code = _print_outcome(console, outcome, as_json=as_json)
    if exit_code != EXIT_COMPLETE:
        raise typer.Exit(exit_code)


def _print_plan(console: Console, plan: ImportPlan, *, as_json: bool) -> None:
    scan_counts = plan.scan_counts
    if as_json:
        facts = {"files": scan_counts.files, "unchanged": scan_counts.unchanged, "problems": scan_counts.problems}
        print_event("planned", **facts, **plan.counts, kept_missing=plan.kept_missing)
        return
    for action in PLANNED_ACTIONS:
        for entry in plan.entries(action):
            print_line(console, f"{action} {entry.display_path}")
    print_line(
        console,
        f"{scan_counts.files:,} files: {plan.counts['upload']:,} to upload, {plan.counts['attach']:,} to attach, "
        f"{scan_counts.unchanged:,} unchanged, {plan.removals:,} to remove, {scan_counts.problems:,} with problems",
    )
    if plan.kept_missing:
        _print_kept_missing(plan.kept_missing)


def _print_outcome(console: Console, outcome: ImportOutcome, *, as_json: bool) -> int:
    """Print the outcome and return the exit code."""
    if outcome.is_stopped:
        in_progress = outcome.in_progress
        if as_json:
            print_event("stopped", **{"import": outcome.import_id}, in_progress=in_progress)
        else:
            rest = f" The service continues with {in_progress:,} files." if in_progress else ""
            print_line(console, f"Stopped.{rest} Run the same command again to resume.")
        return EXIT_INTERRUPTED
    if as_json:
        summary = summarize(outcome.counts, outcome.reasons, outcome.warnings)
        summary["kept_missing"] = outcome.kept_missing
        print_event("finished", **{"import": outcome.import_id}, complete=outcome.is_complete, **summary)
    else:
        print_counts(console, outcome.counts)
        print_failures(console, outcome.reasons)
        print_warnings(console, outcome.warnings)
    if outcome.skipped_removal:
        print_line(Console(stderr=True), "No file was removed, because some sources could not be read completely.")
        return EXIT_INCOMPLETE
    if outcome.kept_missing:
        _print_kept_missing(outcome.kept_missing)
        return EXIT_KEPT_MISSING
    return EXIT_COMPLETE if outcome.is_complete else EXIT_INCOMPLETE


def _print_kept_missing(files: int) -> None:
    text = "1 file is" if files == 1 else f"{files:,} files are"
    message = f"No file is removed: {text} missing in the sources, which is more than --max-delete allows."
    print_line(Console(stderr=True), message)
