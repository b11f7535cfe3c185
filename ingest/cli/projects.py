"""`ingest projects`: tenants of one service, and what each may use."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.cli.database import Data, opened
from ingest.db.tenancy import keys as rows
from ingest.tenancy import projects

app = typer.Typer(name="projects", help="Make and list projects, and limit them.", no_args_is_help=True)

Requests = Annotated[int | None, typer.Option(min=0, help="Requests in a minute; 0 = no limit.")]
InProgress = Annotated[int | None, typer.Option(min=0, help="Files in progress at a time; 0 = no limit.")]
Stored = Annotated[int | None, typer.Option(min=0, help="Bytes of files and parts of uploads; 0 = no limit.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    requests_per_minute: Requests = None,
    files_in_progress: InProgress = None,
    stored_bytes: Stored = None,
    data: Data = None,
) -> None:
    """Make a project: what it has, no other project can see."""
    with opened(data) as database:
        made = projects.create(database, name, _given(requests_per_minute, files_in_progress, stored_bytes))
    typer.echo(f"{made.id} {made.name}")


@app.command("list")
def list_(data: Data = None) -> None:
    """Show every project and its limits."""
    with opened(data) as database, database.reading() as session:
        found = rows.projects(session)
    table = Table("id", "name", "requests a minute", "files in progress", "stored bytes")
    for project in found:
        limits = (project.requests_per_minute, project.files_in_progress, project.stored_bytes)
        table.add_row(project.id, project.name, *("" if limit is None else f"{limit:,}" for limit in limits))
    Console(width=None if Console().is_terminal else 200).print(table)


@app.command("limits")
def limits(
    name: Annotated[str, typer.Argument(help="The project's name or id.")],
    requests_per_minute: Requests = None,
    files_in_progress: InProgress = None,
    stored_bytes: Stored = None,
    data: Data = None,
) -> None:
    """Change what a project may use, from the next request on; what is not given stays."""
    with opened(data) as database:
        projects.set_limits(database, name, _given(requests_per_minute, files_in_progress, stored_bytes))
    typer.echo("changed")


def _given(requests_per_minute: int | None, files_in_progress: int | None, stored_bytes: int | None) -> projects.Given:
    given = {
        "requests_per_minute": requests_per_minute,
        "files_in_progress": files_in_progress,
        "stored_bytes": stored_bytes,
    }
    return {name: limit or None for name, limit in given.items() if limit is not None}
