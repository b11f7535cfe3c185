"""`ingest verify`: check the consistency of the data, and repair it."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.cli.direct_access import open_services
from ingest.cli.options import DataFolder
from ingest.cli.output import add_row, print_line
from ingest.observability.visible import visible
from ingest.verify import Report
from ingest.verify import verify as run_checks


def verify(
    data: DataFolder = None,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Read all bytes and texts too, and compare checksums.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Check the consistency of the data, and repair it.

    Rows, counters, points and blobs must agree, and blobs have the sizes of their files. --deep reads all blobs and the
    texts of all points, and compares them with their checksums. The command works while the service runs and while it is
    stopped; a service that is started meanwhile waits for its end.
    --repair queues files without points or with damaged ones again (as new batches), deletes points and blobs without a
    file, releases expired leases, and recounts wrong counters. Each finding says what was done. Damaged uploads cannot be
    repaired: upload these files again.

    Exit code 0: consistent, or (--repair) everything was repaired; 1: inconsistent; 2: the check is not possible,
    because the database, the vectors or the blobs do not answer.
    """
    with open_services(data, "ingest verify") as (services, is_running):
        report = run_checks(services, repair=repair, is_running=is_running, deep=deep)
    if as_json:
        print(json.dumps(asdict(report)))
    else:
        _print_report(report)
    if report.unrepaired:
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    console = Console(highlight=False)
    print_line(
        console,
        f"{report.stores:,} stores, {report.batches:,} batches, {report.files:,} files in stores, "
        f"{report.points:,} points, {report.blobs:,} blobs",
    )
    for hint in report.hints:
        console.print(Text(visible(hint), style="yellow"))
    total = sum(report.counts.values())
    if not total:
        console.print(Text("everything is consistent", style="green"))
        return
    table = Table("finding", "object", "detail", "repair", title=f"{total:,} findings", title_justify="left")
    for finding in report.findings:
        add_row(table, finding.kind, finding.object, finding.detail, finding.repair or "")
    console.print(table)
    if total > len(report.findings):
        print_line(console, f"and {total - len(report.findings):,} more")
    for kind, count in report.counts.items():
        print_line(console, f"{count:,} {kind}")
    if report.repaired:
        print_line(console, f"{report.repaired:,} repaired, {report.unrepaired:,} not repaired")
