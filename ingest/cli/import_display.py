"""The progress of an import on standard output: bars on a terminal, lines in a log, or JSON events for programs."""

import time
from collections import deque

from rich.console import Console, Group
from rich.filesize import decimal
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from ingest.cli.output import print_event, print_line
from ingest.imports.progress import ByteCounter, ProgressReporter, RateEstimator, progress_snapshot
from ingest.imports.scan import ScanCounts
from ingest.imports.transfer import Transfer
from ingest.imports.waits import ImportWait
from ingest.observability.visible import visible

MAX_FAILURES_BELOW_BARS = 5
MAX_FAILURE_LINES = 10
"""Failures that one progress line is followed by. The report at the end has all."""

LINE_SECONDS = 5.0
WAIT_SECONDS = 30.0
"""A wait that lasts is said again this often."""

EVENT_SECONDS = 1.0
BAR_SECONDS = 0.2


def choose_reporter(console: Console, *, as_json: bool) -> ProgressReporter:
    """Return JSON events if asked for, bars on a terminal, otherwise lines."""
    if as_json:
        return JsonEvents()
    return ProgressBars(console) if console.is_terminal else ProgressLines(console)


class ProgressLines:
    """Prints a line for each stage, and one with the progress every 5 seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rate = RateEstimator()
        self._next_line_at = time.monotonic() + LINE_SECONDS
        self._wait: ImportWait | None = None
        self._next_wait_line_at = 0.0

    def __enter__(self) -> "ProgressLines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, import_id: str, store: str, store_id: str) -> None:
        print_line(self._console, f"store {store} ({store_id}), import {import_id}")

    def scanning(self, scan_counts: ScanCounts) -> None:
        if time.monotonic() >= self._next_line_at:
            self._next_line_at = time.monotonic() + LINE_SECONDS
            print_line(self._console, f"scanned {scan_counts.files:,} files so far")

    def scanned(self, scan_counts: ScanCounts, removals: int) -> None:
        print_line(self._console, _describe_scan(scan_counts, removals))

    def waiting(self, wait: ImportWait | None) -> None:
        is_new = (wait and wait.kind) != (self._wait and self._wait.kind)
        self._wait = wait
        if not is_new and (wait is None or time.monotonic() < self._next_wait_line_at):
            return
        self._next_wait_line_at = time.monotonic() + WAIT_SECONDS
        print_line(self._console, "no longer waiting" if wait is None else f"waiting for {wait.text}")

    def transferring(self, transfer: Transfer, scan_counts: ScanCounts, byte_counter: ByteCounter) -> None:
        self.waiting(transfer.waiting)
        if time.monotonic() < self._next_line_at:
            return
        self._next_line_at = time.monotonic() + LINE_SECONDS
        snapshot = progress_snapshot(transfer, scan_counts, byte_counter, self._rate)
        print_line(
            self._console,
            f"uploaded {snapshot['uploaded']:,} of {snapshot['to_upload']:,} ({decimal(snapshot['bytes'])}), "
            f"completed {snapshot['completed']:,}, failed {snapshot['failed']:,}, "
            f"in progress {snapshot['in_progress']:,}, {snapshot['files_per_second']:,.0f} files/s"
            f"{_format_eta(snapshot['eta_seconds'], ', about {} left')}",
        )
        for path, reason in transfer.new_failures[-MAX_FAILURE_LINES:]:
            print_line(self._console, f"failed: {path}: {reason}")
        if (others := len(transfer.new_failures) - MAX_FAILURE_LINES) > 0:
            print_line(self._console, f"failed: {others:,} more; the report at the end has all")
        transfer.new_failures.clear()


class JsonEvents:
    """Prints one JSON object a line."""

    def __init__(self) -> None:
        self._rate = RateEstimator()
        self._next_event_at = 0.0
        self._wait: ImportWait | None = None

    def __enter__(self) -> "JsonEvents":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, import_id: str, store: str, store_id: str) -> None:
        print_event("started", **{"import": import_id}, store=store, store_id=store_id)

    def scanning(self, scan_counts: ScanCounts) -> None:
        if time.monotonic() >= self._next_event_at:
            self._next_event_at = time.monotonic() + EVENT_SECONDS
            print_event("scanning", files=scan_counts.files)

    def scanned(self, scan_counts: ScanCounts, removals: int) -> None:
        self._next_event_at = 0.0
        print_event(
            "scanned",
            files=scan_counts.files,
            unchanged=scan_counts.unchanged,
            problems=scan_counts.problems,
            removals=removals,
        )

    def waiting(self, wait: ImportWait | None) -> None:
        is_new = (wait and wait.kind) != (self._wait and self._wait.kind)
        self._wait = wait
        if is_new:
            print_event("waiting", **({"waiting_for": None} if wait is None else wait.to_json()))

    def transferring(self, transfer: Transfer, scan_counts: ScanCounts, byte_counter: ByteCounter) -> None:
        self.waiting(transfer.waiting)
        for path, reason in transfer.new_failures:
            print_event("failed", path=path, reason=reason)
        transfer.new_failures.clear()
        if time.monotonic() >= self._next_event_at:
            self._next_event_at = time.monotonic() + EVENT_SECONDS
            print_event("progress", **progress_snapshot(transfer, scan_counts, byte_counter, self._rate))


class ProgressBars:
    """Draws a bar for uploads and one for ingestion, with the latest failures below them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rate = RateEstimator()
        self._next_update_at = 0.0
        self._failures: deque[str] = deque(maxlen=MAX_FAILURES_BELOW_BARS)
        self._wait: ImportWait | None = None
        self._progress = Progress(
            TextColumn("{task.description:>6}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            _NoteColumn(table_column=Column(no_wrap=True)),
            console=console,
        )
        self._scan = self._progress.add_task("scan", total=None)
        self._upload = self._progress.add_task("upload", total=None, visible=False, start=False)
        self._ingest = self._progress.add_task("ingest", total=None, visible=False, start=False)
        self._live = Live(self._render(), console=console, refresh_per_second=4)

    def __enter__(self) -> "ProgressBars":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.update(self._progress)  # without failures: the report at the end has all of them
        self._live.stop()

    def started(self, import_id: str, store: str, store_id: str) -> None:
        print_line(self._console, f"store {store} ({store_id}), import {import_id}")

    def scanning(self, scan_counts: ScanCounts) -> None:
        if time.monotonic() >= self._next_update_at:
            self._next_update_at = time.monotonic() + BAR_SECONDS
            self._progress.update(self._scan, completed=scan_counts.files)

    def scanned(self, scan_counts: ScanCounts, removals: int) -> None:
        self._progress.update(self._scan, visible=False)
        print_line(self._console, _describe_scan(scan_counts, removals))
        for task in (self._upload, self._ingest):
            self._progress.start_task(task)
            self._progress.update(task, visible=True)

    def waiting(self, wait: ImportWait | None) -> None:
        is_new = (wait and wait.kind) != (self._wait and self._wait.kind)
        self._wait = wait
        self._live.update(self._render(), refresh=is_new)

    def transferring(self, transfer: Transfer, scan_counts: ScanCounts, byte_counter: ByteCounter) -> None:
        if time.monotonic() < self._next_update_at:
            return
        self._next_update_at = time.monotonic() + BAR_SECONDS
        snapshot = progress_snapshot(transfer, scan_counts, byte_counter, self._rate)
        attempted = transfer.progress.attempted
        self._progress.update(
            self._upload,
            completed=attempted,
            total=max(snapshot["to_upload"], attempted),
            note=f"{decimal(snapshot['bytes'])} of {decimal(max(snapshot['bytes'], snapshot['bytes_to_upload']))}",
        )
        ended = snapshot["completed"] + snapshot["failed"] + snapshot["cancelled"]
        not_attempted = max(0, snapshot["to_upload"] - attempted)
        total = ended + snapshot["in_progress"] + transfer.files_to_attach + not_attempted
        speed = f"{snapshot['files_per_second']:,.0f} files/s" if snapshot["files_per_second"] else ""
        eta = _format_eta(snapshot["eta_seconds"], ", {} left")
        failed = f"  {snapshot['failed']:,} failed" if snapshot["failed"] else ""
        self._progress.update(self._ingest, completed=ended, total=total, note=f"{speed}{eta}{failed}")
        self._failures.extend(f"{path}: {reason}" for path, reason in transfer.new_failures)
        transfer.new_failures.clear()
        self.waiting(transfer.waiting)

    def _render(self) -> Group:
        failures = [
            Text(f"       {visible(line)}", style="red", no_wrap=True, overflow="ellipsis") for line in self._failures
        ]
        waits = [] if self._wait is None else [Text(f"       waiting for {visible(self._wait.text)}", style="yellow")]
        return Group(self._progress, *waits, *failures)


class _NoteColumn(ProgressColumn):
    """The text that a task has in its field `note`."""

    def render(self, task: Task) -> Text:
        return Text(task.fields.get("note", ""), style="progress.download")


def _describe_scan(scan_counts: ScanCounts, removals: int) -> str:
    parts = [f"{scan_counts.files:,} {'file' if scan_counts.files == 1 else 'files'}"]
    if scan_counts.unchanged:
        parts.append(f"{scan_counts.unchanged:,} unchanged")
    if scan_counts.problems:
        parts.append(f"{scan_counts.problems:,} with problems")
    if removals:
        parts.append(f"{removals:,} to remove")
    return ", ".join(parts)


def _format_eta(seconds: int | None, template: str) -> str:
    if seconds is None or seconds <= 0:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return template.format(f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}")
