"""`ingest webhooks`: manage webhook endpoints."""

from typing import Annotated, Any, cast

import typer
from rich.table import Table

from ingest.cli.options import HELP_MARKUP, ApiKey, BaseUrl
from ingest.cli.output import add_row, echo, print_to_stderr, table_console
from ingest.imports.client import open_client
from ingest.imports.service_url import DEFAULT_URL
from ingest.webhooks.events import EVENT_TYPES

app = typer.Typer(
    name="webhooks",
    help="Add, list, test, rotate and remove webhook endpoints.",
    no_args_is_help=True,
    rich_markup_mode=HELP_MARKUP,
)

EndpointId = Annotated[str, typer.Argument(help="Id of the endpoint, wh_...")]
EventTypes = Annotated[
    list[str] | None, typer.Option("--event", help="Type of events to send (repeatable) (default: all).")
]


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="URL that receives the events.")],
    name: Annotated[str, typer.Option(help="What the endpoint is for.")] = "",
    event: EventTypes = None,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Add an endpoint, and print its signing secret once."""
    with open_client(base_url, api_key) as client:
        endpoint = client.webhooks.create(name=name, url=url, event_types=cast(Any, event or list(EVENT_TYPES)))
    typer.echo(endpoint.signing_secret)
    print_to_stderr(f"{endpoint.id}: {', '.join(endpoint.event_types)}. The secret is not shown again.")


@app.command("list")
def list_(base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """List the endpoints and the state of their deliveries."""
    table = Table("id", "name", "url", "events", "waiting", "delivered", "given up", "last error")
    with open_client(base_url, api_key) as client:
        for endpoint in client.webhooks.list():
            extra = cast(dict[str, Any], endpoint.model_extra)
            deliveries = extra["deliveries"]
            counts = [str(deliveries[name]) for name in ("waiting", "delivered", "given_up")]
            name = endpoint.name + (" (paused)" if extra["paused"] else "")
            events = " ".join(endpoint.event_types)
            add_row(table, endpoint.id, name, endpoint.url, events, *counts, deliveries["last_error"] or "")
    table_console(240).print(table)


@app.command("test")
def send_test_event(
    endpoint_id: EndpointId,
    event: Annotated[str, typer.Option(help="Type of the event.")] = EVENT_TYPES[0],
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Send a test event to an endpoint.

    Exit code 0: the receiver accepted it; 1: it answered with an error; 2: it did not answer.
    """
    with open_client(base_url, api_key) as client:
        answer = client.webhooks.test(endpoint_id, event_type=cast(Any, event))
    echo(f"{endpoint_id} answered {answer.status_code}")
    if not 200 <= answer.status_code < 300:
        raise typer.Exit(1)


@app.command("rotate")
def rotate(
    endpoint_id: EndpointId,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Invalidate the old secret now, for example because it leaked.")
    ] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Create a new signing secret, and print it once.

    For 24 hours events are signed with the old and the new secret.
    """
    with open_client(base_url, api_key) as client:
        rotated = client.webhooks.rotate_secret(endpoint_id, keep_old_secret_active_for_24_hours=not at_once)
    typer.echo(rotated.signing_secret)
    old_secret = "is invalid now" if at_once else "stays valid for 24 hours"
    print_to_stderr(f"{rotated.id}: the old secret {old_secret}. The new secret is not shown again.")


@app.command("remove")
def remove(endpoint_id: EndpointId, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Remove an endpoint. Pending events are not delivered."""
    with open_client(base_url, api_key) as client:
        client.webhooks.delete(endpoint_id)
    echo(f"{endpoint_id} is removed")
