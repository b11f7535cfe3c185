"""`ingest import`: import files into a vector store."""

import typer
from rich.console import Console

from ingest.cli import options as cli
from ingest.cli.import_display import choose_reporter
from ingest.cli.import_report import print_counts, print_failures, print_warnings, summarize
from ingest.cli.output import print_event, print_line
from ingest.imports import attributes, journal
from ingest.imports.client import RESTART_TOLERANT_RETRIES, open_client
from ingest.imports.interrupts import EXIT_INTERRUPTED
from ingest.imports.options import ImportOptions
from ingest.imports.patterns import PathAttributes, PathFilter
from ingest.imports.run import PLANNED_ACTIONS, ImportOutcome, ImportPlan, plan_import, run_import
from ingest.imports.scan import AttributeRules
from ingest.imports.service_url import DEFAULT_URL
from ingest.imports.transfer import BATCH_FILES
from ingest.imports.uploads import UPLOAD_THREADS
from ingest.imports.waits import ServiceWatch
from ingest.imports.web import DownloadLimits

EXIT_COMPLETE, EXIT_INCOMPLETE = 0, 1
"""The others are 2 (refused) and 130 (interrupted)."""

MIB = 2**20


def import_(
    store: cli.ImportStore,
    paths: cli.ImportPaths = None,
    manifests: cli.Manifests = None,
    include: cli.Include = None,
    exclude: cli.Exclude = None,
    attr: cli.Attribute = None,
    attr_from_path: cli.AttributeFromPath = None,
    delete_missing: cli.DeleteMissing = False,
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
) -> None:
    """Import files into a vector store, and wait for their end.

    Run the command again after an interruption, a crash or changes: it uploads only new and changed files. A changed
    file replaces its earlier version once the new version is completed. A journal per service and store records the
    progress.

    Names below a folder that begin with a dot are skipped. Links are followed. A file that several paths reach is
    uploaded once. In patterns `*` and `?` stay within one part of the path, and `**` crosses parts. A pattern without
    a slash matches names at any depth.

    Archives on this machine (zip, tar, tar.gz, tar.bz2, tar.xz) are opened: their members are files of their own, under
    paths such as reports.zip/2024/march.pdf.

    Exit code 0: every file completed; 1: some did not; 2: refused, or no service; 130: interrupted.
    """
    options = ImportOptions(
        store, paths or [], manifests or [], PathFilter(include or [], exclude or []),
        AttributeRules(attributes.parse_options(attr or []), PathAttributes(attr_from_path or [])),
        journal_folder or journal.default_folder(), threads, batch_files, delete_missing, retry_failed,
        check_store=check, failures_file=failures,
        download_limits=DownloadLimits(max_download_mib * MIB, max_download_seconds, allow_private),
    )  # fmt: skip
    _run(options, base_url, api_key, dry_run=dry_run, as_json=as_json)


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
        print_event("planned", **facts, **plan.counts)
        return
    for action in PLANNED_ACTIONS:
        for entry in plan.entries(action):
            print_line(console, f"{action} {entry.display_path}")
    print_line(
        console,
        f"{scan_counts.files:,} files: {plan.counts['upload']:,} to upload, {plan.counts['attach']:,} to attach, "
        f"{scan_counts.unchanged:,} unchanged, {plan.removals:,} to remove, {scan_counts.problems:,} with problems",
    )


def _print_outcome(console: Console, outcome: ImportOutcome, *, as_json: bool) -> int:
    """Print the outcome and return the exit code."""
    if outcome.is_stopped:
        in_progress = outcome.counts.get("attached", 0)
        if as_json:
            print_event("stopped", **{"import": outcome.import_id}, in_progress=in_progress)
        else:
            rest = f" The service continues with {in_progress:,} files." if in_progress else ""
            print_line(console, f"Stopped.{rest} Run the same command again to resume.")
        return EXIT_INTERRUPTED
    if as_json:
        summary = summarize(outcome.counts, outcome.reasons, outcome.warnings)
        print_event("finished", **{"import": outcome.import_id}, complete=outcome.is_complete, **summary)
    else:
        print_counts(console, outcome.counts)
        print_failures(console, outcome.reasons)
        print_warnings(console, outcome.warnings)
    if outcome.skipped_removal:
        print_line(Console(stderr=True), "No file was removed, because some sources could not be read completely.")
        return EXIT_INCOMPLETE
    return EXIT_COMPLETE if outcome.is_complete else EXIT_INCOMPLETE
