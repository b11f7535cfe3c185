"""`ingest keys`: who may use the service."""

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.caller import DEFAULT_PROJECT
from ingest.cli.database import Data, opened
from ingest.db.tenancy import keys as rows
from ingest.tenancy import keys

app = typer.Typer(name="keys", help="Make, list and revoke API keys.", no_args_is_help=True)


@app.command("create")
def create(
    project: Annotated[str, typer.Option(help="The project's name or id.")] = DEFAULT_PROJECT,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="read, write or admin; may be repeated.")] = None,
    data: Data = None,
) -> None:
    """Print a new key, once and alone on standard output; only a hash of it is kept.

    From the first key on, the service asks everybody for one.
    """
    asked = scope or ["read", "write"]
    if unknown := [word for word in asked if word not in keys.SCOPES]:
        raise typer.BadParameter(f"'{unknown[0]}' is none of {', '.join(keys.SCOPES)}", param_hint="--scope")
    with opened(data) as database:
        secret, key = keys.create(
            database, project=project, name=name, scopes=[word for word in keys.SCOPES if word in asked]
        )
    typer.echo(secret)
    typer.echo(f"{key.id}: {', '.join(key.scopes)} in {key.project}. It is not shown again.", err=True)


@app.command("list")
def list_(data: Data = None) -> None:
    """Show every key with the beginning of it, revoked ones too."""
    with opened(data) as database, database.reading() as session:
        found = rows.listed(session)
    table = Table("id", "key", "project", "name", "scopes", "created", "last used", "revoked")
    for key, project in found:
        times = (_day(at) for at in (key.created_at, key.last_used_at, key.revoked_at))
        table.add_row(key.id, f"{key.prefix}…", project, key.name, " ".join(key.scopes), *times)
    Console(width=None if Console().is_terminal else 200).print(table)


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, key_...")], data: Data = None) -> None:
    """Let a key be of no use from the next request on."""
    with opened(data) as database:
        keys.revoke(database, key_id)
    typer.echo(f"{key_id} is revoked")


def _day(at: int | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))
