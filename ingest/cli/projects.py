"""`ingest projects`: manage projects (tenants) and their limits."""

from typing import Annotated

import typer
from rich.table import Table

from ingest.cli.direct_access import open_database
from ingest.cli.options import HELP_MARKUP, DataFolder
from ingest.cli.output import add_row, echo, table_console
from ingest.db.tenancy import keys as rows
from ingest.tenancy import projects

app = typer.Typer(
    name="projects",
    help="Create and list projects, and set their limits.",
    no_args_is_help=True,
    rich_markup_mode=HELP_MARKUP,
)

RequestsPerMinute = Annotated[int | None, typer.Option(min=0, help="Most requests a minute; 0 = no limit.")]
FilesInProgress = Annotated[int | None, typer.Option(min=0, help="Most files in progress at a time; 0 = no limit.")]
StoredBytes = Annotated[int | None, typer.Option(min=0, help="Most bytes of files and of upload parts; 0 = no limit.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Name of the project.")],
    requests_per_minute: RequestsPerMinute = None,
    files_in_progress: FilesInProgress = None,
    stored_bytes: StoredBytes = None,
    data: DataFolder = None,
) -> None:
    """Create a project. Other projects cannot see its data."""
    with open_database(data, may_create=True) as database:
        project = projects.create(database, name, _given_limits(requests_per_minute, files_in_progress, stored_bytes))
    echo(f"{project.id} {project.name}")


@app.command("list")
def list_(data: DataFolder = None) -> None:
    """List all projects and their limits."""
    with open_database(data) as database, database.reading() as session:
        all_projects = rows.list_projects(session)
    table = Table("id", "name", "requests a minute", "files in progress", "stored bytes")
    for project in all_projects:
        limits = (project.requests_per_minute, project.files_in_progress, project.stored_bytes)
        add_row(table, project.id, project.name, *("" if limit is None else f"{limit:,}" for limit in limits))
    table_console().print(table)


@app.command("limits")
def limits(
    name: Annotated[str, typer.Argument(help="Name or id of the project.")],
    requests_per_minute: RequestsPerMinute = None,
    files_in_progress: FilesInProgress = None,
    stored_bytes: StoredBytes = None,
    data: DataFolder = None,
) -> None:
    """Change the limits of a project.

    The new limits apply from the next request on. Limits that are not given stay.
    """
    with open_database(data) as database:
        projects.set_limits(database, name, _given_limits(requests_per_minute, files_in_progress, stored_bytes))
    typer.echo("the limits are changed")


def _given_limits(
    requests_per_minute: int | None, files_in_progress: int | None, stored_bytes: int | None
) -> projects.LimitValues:
    """Return the limits that were given as options, with None for "no limit"."""
    given = {
        "requests_per_minute": requests_per_minute,
        "files_in_progress": files_in_progress,
        "stored_bytes": stored_bytes,
    }
    return {name: limit or None for name, limit in given.items() if limit is not None}
