"""What an import shows: two bars while it works, then how many files ended how, and why some did not."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from ingest.cli.importing.batches import Batches
from ingest.cli.importing.run import Run
from ingest.cli.importing.sources import Failure

SHOWN_PATHS = 20
"""Of one reason, in a terminal; a file or a pipe gets them all."""


class Bars:
    """The progress of an import; a context that draws while it lasts."""

    def __init__(self, console: Console, run: Run) -> None:
        self._run = run
        self._files, self._size = len(run.sources), sum(source.size for source in run.sources)
        self._progress = Progress(
            TextColumn("{task.description:>6}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            _Rate(table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            _Note(table_column=Column(no_wrap=True)),
            console=console,
        )
        self._bytes = self._progress.add_task("bytes", total=None, visible=False)
        self._upload = self._progress.add_task("upload", total=self._files)
        self._ingest = self._progress.add_task("ingest", total=self._files)

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def sent(self, size: int) -> None:
        """Bytes have left; called from any thread."""
        self._progress.advance(self._bytes, size)

    def show(self) -> None:
        """Draw where the import stands."""
        refused, batches = len(self._run.refused), self._run.batches
        sent = int(self._progress.tasks[self._bytes].completed)
        self._progress.update(
            self._upload,
            completed=len(self._run.uploaded) + refused,
            note=f"{decimal(sent)} of {decimal(self._size)}",
        )
        failed = batches.count("failed")
        self._progress.update(
            self._ingest,
            total=self._files - refused,
            completed=batches.count("total") - batches.count("in_progress"),
            note=f"{failed:,} failed" if failed else "",
        )


def tell(console: Console, line: str) -> None:
    """Print a line as it stands: never cut, wrapped, or read as markup."""
    console.print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)


def outcome(console: Console, batches: Batches, not_uploaded: int) -> None:
    """How many files ended how."""
    table = Table("outcome", "files")
    table.columns[1].justify = "right"
    for name, count in (
        ("completed", batches.count("completed")),
        ("failed", batches.count("failed")),
        ("cancelled", batches.count("cancelled")),
        ("not uploaded", not_uploaded),
    ):
        if count or name == "completed":
            table.add_row(name, f"{count:,}")
    table.add_section()
    table.add_row("total", f"{batches.count('total') + not_uploaded:,}")
    console.print(table)


def failures(console: Console, failed: Sequence[Failure]) -> None:
    """The files that did not complete, under their reasons; the most frequent reason first."""
    by_reason: dict[str, list[str]] = {}
    for failure in failed:
        by_reason.setdefault(failure.reason, []).append(failure.shown)
    for reason, paths in sorted(by_reason.items(), key=lambda group: (-len(group[1]), group[0])):
        tell(console, f"{len(paths):,} {'file' if len(paths) == 1 else 'files'}: {reason}")
        shown = SHOWN_PATHS if console.is_terminal else sys.maxsize
        for path in sorted(paths)[:shown]:
            tell(console, f"  {path}")
        if len(paths) > shown:
            tell(console, f"  and {len(paths) - shown:,} more; write the output to a file to see all")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} files/s" if speed else "", style="progress.data.speed")


class _Note(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.fields.get("note", ""), style="red" if task.description == "ingest" else "progress.download")
