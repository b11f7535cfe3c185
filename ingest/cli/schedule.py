"""`ingest schedule`: re-indexes that begin by themselves."""

import json
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from ingest.cli.batches import store_id
from ingest.cli.reindex import ChunkTokens, Only, Overlap, wish
from ingest.cli.service import DEFAULT_URL, ApiKey, BaseUrl, connected

app = typer.Typer(name="schedule", help="Re-index stores at the times of a cron expression.", no_args_is_help=True)

Store = Annotated[str, typer.Argument(metavar="STORE", help="A store's id or name.")]
Schedule = Annotated[str, typer.Argument(metavar="SCHEDULE", help="A schedule's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


@app.command("add")
def add(
    store: Store,
    cron: Annotated[str, typer.Argument(metavar="CRON", help="In quotes: '0 3 * * *' is every night at three.")],
    timezone: Annotated[str, typer.Option(help="An IANA time zone, such as Europe/Berlin.")] = "UTC",
    only: Only = "all",
    chunk_tokens: ChunkTokens = None,
    overlap: Overlap = None,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Have a store re-indexed at these times. Missed ones are caught up once."""
    body = wish(only, chunk_tokens, overlap) | {"cron": cron, "timezone": timezone}
    with connected(base_url, api_key) as client:
        path = f"/vector_stores/{store_id(client, store)}/reindex_schedules"
        # Not sent again by itself: there would be two.
        made = client.with_options(max_retries=0).post(path, cast_to=dict[str, Any], body=body)
    print(f"{made['id']} runs next at {_time(made, 'next_run_at')}")


@app.command("list")
def list_(store: Store, as_json: AsJson = False, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Show a store's schedules, their next and their last run."""
    with connected(base_url, api_key) as client:
        path = f"/vector_stores/{store_id(client, store)}/reindex_schedules"
        found = client.get(f"{path}?limit=100", cast_to=dict[str, Any])["data"]
    if as_json:
        print(json.dumps(found))
        return
    table = Table("id", "cron", "time zone", "only", "next run", "last run", "last batch")
    for each in found:
        following = "paused" if each["paused"] else _time(each, "next_run_at")
        table.add_row(
            each["id"], each["cron"], each["timezone"], each["only"], following, _time(each, "last_run_at"),
            each["last_batch_id"] or "",
        )  # fmt: skip
    Console(width=None if Console().is_terminal else 200).print(table)


@app.command("pause")
def pause(store: Store, schedule: Schedule, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Let a schedule rest; what it misses is not caught up."""
    _set_paused(base_url, api_key, store, schedule, paused=True)
    print("paused")


@app.command("resume")
def resume(store: Store, schedule: Schedule, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Let a paused schedule run again."""
    print(f"runs next at {_time(_set_paused(base_url, api_key, store, schedule, paused=False), 'next_run_at')}")


@app.command("remove")
def remove(store: Store, schedule: Schedule, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Take a schedule away; a re-index that it began goes on."""
    with connected(base_url, api_key) as client:
        path = f"/vector_stores/{store_id(client, store)}/reindex_schedules/{schedule}"
        client.delete(path, cast_to=dict[str, Any])
    print("removed")


def _set_paused(base_url: str, api_key: str, store: str, schedule: str, *, paused: bool) -> dict[str, Any]:
    with connected(base_url, api_key) as client:
        path = f"/vector_stores/{store_id(client, store)}/reindex_schedules/{schedule}"
        return client.post(path, cast_to=dict[str, Any], body={"paused": paused})


def _time(schedule: dict[str, Any], which: str) -> str:
    """In the schedule's own time zone."""
    at = schedule[which]
    return "" if at is None else f"{datetime.fromtimestamp(at, ZoneInfo(schedule['timezone'])):%Y-%m-%d %H:%M %Z}"
