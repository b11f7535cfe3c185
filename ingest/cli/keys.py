"""`ingest keys`: manage API keys."""

import time
from typing import Annotated

import typer

from ingest.caller import DEFAULT_PROJECT
from ingest.cli.direct_access import open_database
from ingest.cli.listing import print_rows
from ingest.cli.options import HELP_MARKUP, DataFolder
from ingest.cli.output import echo, print_to_stderr
from ingest.db.tenancy import keys as rows
from ingest.tenancy import keys

app = typer.Typer(
    name="keys", help="Create, list and revoke API keys.", no_args_is_help=True, rich_markup_mode=HELP_MARKUP
)


@app.command("create")
def create(
    project: Annotated[str, typer.Option(help="Name or id of the project.")] = DEFAULT_PROJECT,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="read, write or admin (repeatable).")] = None,
    data: DataFolder = None,
) -> None:
    """Create a key, and print it once.

    In a data folder that no service has used, the command creates a database and says so.

    The database keeps only the hash of a key. As soon as there is a key, the service requires one from everybody.
    Without --scope the key has read and write.
    """
    requested = scope or ["read", "write"]
    if unknown := [word for word in requested if word not in keys.SCOPES]:
        raise typer.BadParameter(f"'{unknown[0]}' is not one of {', '.join(keys.SCOPES)}", param_hint="--scope")
    with open_database(data, may_create=True) as database:
        secret, key = keys.create(
            database, project=project, name=name, scopes=[word for word in keys.SCOPES if word in requested]
        )
    typer.echo(secret)
    print_to_stderr(f"{key.id}: {', '.join(key.scopes)} in {key.project}. The key is not shown again.")


@app.command("list")
def list_(data: DataFolder = None) -> None:
    """List all keys by their first characters."""
    with open_database(data) as database, database.reading() as session:
        keys_and_projects = rows.list_all(session)
    rows_shown = [
        (
            *(key.id, f"{key.prefix}…", project, key.name, " ".join(key.scopes)),
            *(_format_time(at) for at in (key.created_at, key.last_used_at, key.revoked_at)),
        )
        for key, project in keys_and_projects
    ]
    print_rows(("id", "key", "project", "name", "scopes", "created", "last used", "revoked"), rows_shown)


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key, key_...")], data: DataFolder = None) -> None:
    """Revoke a key. It is invalid from the next request on."""
    with open_database(data) as database:
        keys.revoke(database, key_id)
    echo(f"{key_id} is revoked")


def _format_time(at: int | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))
