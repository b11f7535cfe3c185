"""`ingest verify`: does everything agree?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.config import load
from ingest.embedded.running import settings_for
from ingest.tools import Tools
from ingest.verify import Report
from ingest.verify import verify as check


def verify(
    data: Annotated[Path | None, typer.Option(help="Folder of the embedded service.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Compare rows, counters, points and blobs; exit code 0 when nothing is wrong, 1 otherwise.

    Works while the service runs and while it is stopped.
    """
    with settings_for(load(data=data)) as reachable:
        tools = Tools(reachable)
        try:
            report = check(tools)
        finally:
            tools.close()
    if as_json:
        print(json.dumps(asdict(report)))
    else:
        _show(report)
    if report.findings:
        raise typer.Exit(1)


def _show(report: Report) -> None:
    console = Console()
    console.print(
        f"{report.stores:,} stores, {report.batches:,} batches, {report.files:,} files in stores, "
        f"{report.points:,} points, {report.blobs:,} blobs"
    )
    if not report.findings:
        console.print("[green]everything agrees[/green]")
        return
    table = Table("what", "where", "detail", title=f"{len(report.findings):,} findings", title_justify="left")
    for finding in report.findings:
        table.add_row(finding.kind, finding.object, finding.detail)
    console.print(table)
