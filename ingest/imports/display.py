"""What an import shows while it works: bars in a terminal, a line now and then elsewhere, or JSON for programs."""

import json
import sys
import threading
import time
from collections import deque
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console, Group
from rich.filesize import decimal
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from ingest.imports.scan import Tally
from ingest.imports.transfer import Run

SHOWN_FAILURES = 5
LINE_SECONDS = 5.0
EVENT_SECONDS = 1.0
SCAN_SECONDS = 0.2


class Sent:
    """Counts bytes that leave; called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.bytes = 0

    def __call__(self, size: int) -> None:
        with self._lock:
            self.bytes += size


class Pace:
    """Files per second over the last half minute or so, and what that means for the rest."""

    SECONDS = 30.0

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def rate(self, done: int) -> float:
        """After telling how many are done now."""
        now = time.monotonic()
        self._seen.append((now, done))
        while now - self._seen[0][0] > self.SECONDS and len(self._seen) > 2:
            self._seen.popleft()
        seconds = now - self._seen[0][0]
        return (done - self._seen[0][1]) / seconds if seconds > 0 else 0.0


def standing(run: Run, tally: Tally, sent: Sent, pace: Pace) -> dict[str, Any]:
    """Where an import is, in numbers."""
    counts, progress = run.batches.counts(), run.progress
    ended = counts["completed"] + counts["failed"] + counts["cancelled"]
    left = max(0, progress.to_upload - progress.tried) + run.waiting + counts["in_progress"]
    rate = pace.rate(ended + progress.same + progress.not_uploaded)
    return {
        "files": tally.found,
        "unchanged": tally.unchanged + progress.same,
        "to_upload": progress.to_upload,
        "uploaded": progress.uploaded,
        "not_uploaded": progress.not_uploaded + tally.problems,
        "bytes": sent.bytes,
        "bytes_to_upload": progress.bytes_to_upload,
        "batches_open": run.batches.open,
        "in_progress": counts["in_progress"],
        "completed": counts["completed"],
        "failed": counts["failed"],
        "cancelled": counts["cancelled"],
        "files_per_second": round(rate, 1),
        "eta_seconds": round(left / rate) if rate > 0 else None,
    }


class Display(Protocol):
    """How an import is told."""

    def started(self, **facts: Any) -> None:
        """Which import into which store this is."""

    def scanning(self, tally: Tally) -> None:
        """Something more was looked at."""

    def scanned(self, tally: Tally, removals: int) -> None:
        """Everything was looked at."""

    def show(self, run: Run, tally: Tally, sent: Sent) -> None:
        """Something may have changed."""

    def __enter__(self) -> "Display": ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Lines:
    """For logs: a line for each stage, and every few seconds one that says how far it is."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pace = Pace()
        self._next = time.monotonic() + LINE_SECONDS

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, **facts: Any) -> None:
        tell(self._console, f"store {facts['store']} ({facts['store_id']}), import {facts['import']}")

    def scanning(self, tally: Tally) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_SECONDS
            tell(self._console, f"looked at {tally.found:,} files")

    def scanned(self, tally: Tally, removals: int) -> None:
        tell(self._console, _found(tally, removals))

    def show(self, run: Run, tally: Tally, sent: Sent) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LINE_SECONDS
        now = standing(run, tally, sent, self._pace)
        tell(
            self._console,
            f"uploaded {now['uploaded']:,} of {now['to_upload']:,} ({decimal(now['bytes'])}), "
            f"completed {now['completed']:,}, failed {now['failed']:,}, in progress {now['in_progress']:,}, "
            f"{now['files_per_second']:,.0f} files/s{_eta(now['eta_seconds'], ', about {} left')}",
        )
        for path, reason in run.failed:
            tell(self._console, f"failed: {path}: {reason}")
        run.failed.clear()


class Events:
    """For programs: one JSON object a line."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._next = 0.0

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, **facts: Any) -> None:
        emit("started", **facts)

    def scanning(self, tally: Tally) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVENT_SECONDS
            emit("scanning", files=tally.found)

    def scanned(self, tally: Tally, removals: int) -> None:
        self._next = 0.0
        emit("scanned", files=tally.found, unchanged=tally.unchanged, problems=tally.problems, removals=removals)

    def show(self, run: Run, tally: Tally, sent: Sent) -> None:
        for path, reason in run.failed:
            emit("failed", path=path, reason=reason)
        run.failed.clear()
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVENT_SECONDS
            emit("progress", **standing(run, tally, sent, self._pace))


class Bars:
    """For people: two bars, the counts, and the latest failures, drawn again and again."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pace = Pace()
        self._next = 0.0
        self._failures: deque[str] = deque(maxlen=SHOWN_FAILURES)
        self._progress = Progress(
            TextColumn("{task.description:>6}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            _Note(table_column=Column(no_wrap=True)),
            console=console,
        )
        self._scan = self._progress.add_task("scan", total=None)
        self._upload = self._progress.add_task("upload", total=None, visible=False, start=False)
        self._ingest = self._progress.add_task("ingest", total=None, visible=False, start=False)
        self._live = Live(self._drawn(), console=console, refresh_per_second=4)

    def __enter__(self) -> "Bars":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.update(self._progress)  # what failed is told at the end, in full
        self._live.stop()

    def started(self, **facts: Any) -> None:
        tell(self._console, f"store {facts['store']} ({facts['store_id']}), import {facts['import']}")

    def scanning(self, tally: Tally) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SCAN_SECONDS
            self._progress.update(self._scan, completed=tally.found)

    def scanned(self, tally: Tally, removals: int) -> None:
        self._progress.update(self._scan, visible=False)
        tell(self._console, _found(tally, removals))
        for task in (self._upload, self._ingest):
            self._progress.start_task(task)
            self._progress.update(task, visible=True)

    def show(self, run: Run, tally: Tally, sent: Sent) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SCAN_SECONDS
        now = standing(run, tally, sent, self._pace)
        tried = now["uploaded"] + run.progress.same + run.progress.not_uploaded
        self._progress.update(
            self._upload,
            completed=tried,
            total=max(now["to_upload"], tried),
            note=f"{decimal(now['bytes'])} of {decimal(max(now['bytes'], now['bytes_to_upload']))}",
        )
        ended = now["completed"] + now["failed"] + now["cancelled"]
        total = ended + now["in_progress"] + run.waiting + max(0, now["to_upload"] - tried)
        speed = f"{now['files_per_second']:,.0f} files/s" if now["files_per_second"] else ""
        failed = f"  {now['failed']:,} failed" if now["failed"] else ""
        self._progress.update(
            self._ingest, completed=ended, total=total, note=f"{speed}{_eta(now['eta_seconds'], ', {} left')}{failed}"
        )
        self._failures.extend(f"{path}: {reason}" for path, reason in run.failed)
        run.failed.clear()
        self._live.update(self._drawn())

    def _drawn(self) -> Group:
        failures = [Text(f"       {line}", style="red", no_wrap=True, overflow="ellipsis") for line in self._failures]
        return Group(self._progress, *failures)


def tell(console: Console, line: str) -> None:
    """Print a line as it stands: never cut, wrapped, or read as markup."""
    console.print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)


def emit(event: str, **facts: Any) -> None:
    """One event for a program that reads."""
    print(json.dumps({"event": event, "time": round(time.time(), 3), **facts}), file=sys.stdout, flush=True)


def _found(tally: Tally, removals: int) -> str:
    parts = [f"{tally.found:,} {'file' if tally.found == 1 else 'files'}"]
    if tally.unchanged:
        parts.append(f"{tally.unchanged:,} of them unchanged")
    if tally.problems:
        parts.append(f"{tally.problems:,} that cannot be taken")
    if removals:
        parts.append(f"{removals:,} to be removed")
    return ", ".join(parts)


def _eta(seconds: int | None, text: str) -> str:
    if seconds is None or seconds <= 0:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return text.format(f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}")


class _Note(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.fields.get("note", ""), style="progress.download")
