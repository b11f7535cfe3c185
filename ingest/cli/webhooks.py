"""`ingest webhooks`: who is told when a batch or a scheduled import ends or a store expires."""

from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table

from ingest.cli.options import ApiKey, BaseUrl
from ingest.imports.client import DEFAULT_URL, connected
from ingest.webhooks.endpoints import EVENT_TYPES

app = typer.Typer(name="webhooks", help="Add, list, test, rotate and remove webhook endpoints.", no_args_is_help=True)

Endpoint = Annotated[str, typer.Argument(help="The endpoint's id, wh_...")]
Event = Annotated[list[str] | None, typer.Option("--event", help="May be repeated; all of them by default.")]


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where events are sent to.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    event: Event = None,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Print the secret with which events are signed, once and alone on standard output."""
    with connected(base_url, api_key) as client:
        made = client.webhooks.create(name=name, url=url, event_types=cast(Any, event or list(EVENT_TYPES)))
    typer.echo(made.signing_secret)
    typer.echo(f"{made.id}: {', '.join(made.event_types)}. The secret is not shown again.", err=True)


@app.command("list")
def list_(base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Show the endpoints, and how their deliveries went."""
    table = Table("id", "name", "url", "events", "waiting", "delivered", "given up", "last error")
    with connected(base_url, api_key) as client:
        for endpoint in client.webhooks.list():
            told = cast(dict[str, Any], (endpoint.model_extra or {})["deliveries"])
            counts = [str(told[name]) for name in ("waiting", "delivered", "given_up")]
            paused = " (paused)" if (endpoint.model_extra or {})["paused"] else ""
            events = " ".join(endpoint.event_types)
            table.add_row(endpoint.id, endpoint.name + paused, endpoint.url, events, *counts, told["last_error"] or "")
    Console(width=None if Console().is_terminal else 240).print(table)


@app.command("test")
def try_out(
    endpoint_id: Endpoint,
    event: Annotated[str, typer.Option(help="The kind of event.")] = EVENT_TYPES[0],
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Send a made-up event. Exit code 0: the receiver took it; 1: it answered something else; 2: it did not answer."""
    with connected(base_url, api_key) as client:
        answer = client.webhooks.test(endpoint_id, event_type=cast(Any, event))
    typer.echo(f"{endpoint_id} answered {answer.status_code}")
    if not 200 <= answer.status_code < 300:
        raise typer.Exit(1)


@app.command("rotate")
def rotate(
    endpoint_id: Endpoint,
    at_once: Annotated[bool, typer.Option("--at-once", help="The old secret goes now: it is known to others.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Print a new secret, once and alone on standard output; events have both signatures for 24 hours."""
    with connected(base_url, api_key) as client:
        made = client.webhooks.rotate_secret(endpoint_id, keep_old_secret_active_for_24_hours=not at_once)
    typer.echo(made.signing_secret)
    old = "is of no use any more" if at_once else "goes on signing beside it for 24 hours"
    typer.echo(f"{made.id}: the old secret {old}. The new one is not shown again.", err=True)


@app.command("remove")
def remove(endpoint_id: Endpoint, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Forget an endpoint; what was on its way is not delivered."""
    with connected(base_url, api_key) as client:
        client.webhooks.delete(endpoint_id)
    typer.echo(f"{endpoint_id} is removed")
