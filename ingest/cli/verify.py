"""`ingest verify`: does everything agree? And `--repair`: what does not is put right."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.config import load
from ingest.embedded.discovery import settings_for
from ingest.observability import logs
from ingest.services import Services
from ingest.verify import Report
from ingest.verify import verify as check


def verify(
    data: Annotated[Path | None, typer.Option(help="Folder of the embedded service.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what can be put right.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Compare rows, counters, points and blobs. Works while the service runs and while it is stopped.

    With --repair, files whose points are gone are queued again (as new batches), points and blobs that belong to
    nothing are deleted, lost leases are released, and wrong counters are counted anew. Each finding says what was done.

    Exit code 0: everything agrees, or (--repair) everything found was repaired; 1: something is wrong; 2: it could not
    be checked, because the database, the vectors or the blobs do not answer.
    """
    with settings_for(load(data=data), command="ingest verify", tell=_tell) as reachable:
        logs.configure(reachable.settings.model_copy(update={"log_level": "warning", "log_format": "text"}))
        services = Services(reachable.settings)
        try:
            report = check(services, repair=repair, running=reachable.running)
        finally:
            services.close()
    if as_json:
        print(json.dumps(asdict(report)))
    else:
        _show(report)
    if report.left:
        raise typer.Exit(1)


def _tell(line: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)


def _show(report: Report) -> None:
    console = Console(highlight=False)
    console.print(
        f"{report.stores:,} stores, {report.batches:,} batches, {report.files:,} files in stores, "
        f"{report.points:,} points, {report.blobs:,} blobs"
    )
    for hint in report.hints:
        console.print(hint, style="yellow")
    total = sum(report.counts.values())
    if not total:
        console.print("[green]everything agrees[/green]")
        return
    table = Table("what", "where", "detail", "repair", title=f"{total:,} findings", title_justify="left")
    for finding in report.findings:
        table.add_row(finding.kind, finding.object, finding.detail, finding.repair or "")
    console.print(table)
    if total > len(report.findings):
        console.print(f"and {total - len(report.findings):,} more")
    for kind, count in report.counts.items():
        console.print(f"{count:,} {kind}")
    if report.repaired:
        console.print(f"{report.repaired:,} repaired, {report.left:,} left")
