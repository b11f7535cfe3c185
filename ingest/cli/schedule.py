"""`ingest schedule`: re-indexes and imports that begin by themselves."""

import json
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import openai
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingest.cli.batches import store_id
from ingest.cli.options import ApiKey, BaseUrl
from ingest.cli.reindex import ChunkTokens, Only, Overlap, wish
from ingest.errors import Refused
from ingest.imports import attributes
from ingest.imports.client import DEFAULT_URL, connected
from ingest.imports.display import tell

REINDEXES, IMPORTS = "reindex_schedules", "import_schedules"
COUNTED = ("completed", "uploaded", "removed", "failed", "cancelled", "not_uploaded", "in_progress")

app = typer.Typer(
    name="schedule",
    help="Re-index stores, or import into them, at the times of a cron expression.",
    no_args_is_help=True,
)

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
        path = f"/vector_stores/{store_id(client, store)}/{REINDEXES}"
        # Not sent again by itself: there would be two.
        made = client.with_options(max_retries=0).post(path, cast_to=dict[str, Any], body=body)
    print(f"{made['id']} runs next at {_time(made, 'next_run_at')}")


@app.command("import")
def import_(
    store: Store,
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Folders, files or globs on the SERVICE's machine (absolute), URLs of buckets or the web."),
    ] = None,
    cron: Annotated[str, typer.Option(help="In quotes: '0 3 * * *' is every night at three.")] = "0 3 * * *",
    timezone: Annotated[str, typer.Option(help="An IANA time zone, such as Europe/Berlin.")] = "UTC",
    list_file: Annotated[
        list[str] | None, typer.Option("--manifest", help="A list of files there: JSONL, CSV, or a path a line.")
    ] = None,
    include: Annotated[list[str] | None, typer.Option(help="Take only what matches, such as '*.pdf'.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave out what matches, such as 'drafts'.")] = None,
    attr: Annotated[list[str] | None, typer.Option(help="Attribute for every file, as key=value.")] = None,
    attr_from_path: Annotated[
        list[str] | None, typer.Option(help="Attributes from parts of the path, such as '{department}/{year}/*'.")
    ] = None,
    delete_missing: Annotated[
        bool, typer.Option("--delete-missing", help="Remove from the store what the sources do not hold any more.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try files again that failed before and have not changed.")
    ] = False,
    paused: Annotated[
        bool, typer.Option("--paused", help="Run only when asked to, with `ingest schedule run`.")
    ] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Have sources imported into a store at these times: only what is new or changed, as with `ingest import`.

    The service reads them itself, and only what is below its INGEST_IMPORT_ROOTS, or public on the web. It takes a key
    with the scope `admin`. Missed times are caught up once.
    """
    body = {
        "cron": cron, "timezone": timezone, "sources": sources or [], "manifests": list_file or [],
        "include": include or [], "exclude": exclude or [], "attributes": dict(attributes.given(attr or [])),
        "attributes_from_path": attr_from_path or [], "delete_missing": delete_missing, "retry_failed": retry_failed,
        "paused": paused,
    }  # fmt: skip
    with connected(base_url, api_key) as client:
        path = f"/vector_stores/{store_id(client, store)}/{IMPORTS}"
        made = client.with_options(max_retries=0).post(path, cast_to=dict[str, Any], body=body)
    print(f"{made['id']} {'is paused' if paused else 'runs next at ' + _time(made, 'next_run_at')}")


@app.command("list")
def list_(store: Store, as_json: AsJson = False, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Show a store's schedules, their next and their last run."""
    with connected(base_url, api_key) as client:
        path = f"/vector_stores/{store_id(client, store)}"
        reindexes, imports = (
            client.get(f"{path}/{kind}?limit=100", cast_to=dict[str, Any])["data"] for kind in (REINDEXES, IMPORTS)
        )
    if as_json:
        print(json.dumps([*reindexes, *imports]))
        return
    table = Table("id", "what", "cron", "time zone", "next run", "last run", "outcome")
    for each in reindexes:
        what = f"re-index {each['only']}"
        table.add_row(*_when(each, what), _time(each, "last_run_at"), each["last_batch_id"] or "")
    for each in imports:
        what = f"import {escape(', '.join([*each['sources'], *each['manifests']]))}"
        last = each["last_run"] or {"began_at": None}
        table.add_row(*_when(each, what), _time(last | {"timezone": each["timezone"]}, "began_at"), _outcome(each))
    console = Console(width=None if Console().is_terminal else 200)
    console.print(table)
    for each in imports:
        for why in (each["last_run"] or {"reasons": []})["reasons"]:
            paths = ", ".join(why["first"])
            line = (
                f"{each['id']}: {why['files']:,} {'file' if why['files'] == 1 else 'files'}: {why['reason']} ({paths})"
            )
            tell(console, line)


@app.command("run")
def run(store: Store, schedule: Schedule, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Have an import run now, paused or not. (A re-index runs now with `ingest reindex`.)"""
    if not schedule.startswith("isch_"):
        raise Refused("Only imports can be run this way; for a re-index there is `ingest reindex`.")
    with connected(base_url, api_key) as client:
        client.post(f"{_path(client, store, schedule)}/run", cast_to=dict[str, Any])
    print("runs as soon as a process is free; `ingest schedule list` tells how it ended")


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
    """Take a schedule away: a re-index that it began goes on, an import stops; files that it imported stay."""
    with connected(base_url, api_key) as client:
        client.delete(_path(client, store, schedule), cast_to=dict[str, Any])
    print("removed")


def _set_paused(base_url: str, api_key: str, store: str, schedule: str, *, paused: bool) -> dict[str, Any]:
    with connected(base_url, api_key) as client:
        return client.post(_path(client, store, schedule), cast_to=dict[str, Any], body={"paused": paused})


def _path(client: openai.OpenAI, store: str, schedule: str) -> str:
    """Where a schedule is, of either kind: its id tells."""
    kind = IMPORTS if schedule.startswith("isch_") else REINDEXES
    return f"/vector_stores/{store_id(client, store)}/{kind}/{schedule}"


def _when(schedule: dict[str, Any], what: str) -> tuple[str, str, str, str, str]:
    following = "paused" if schedule["paused"] else _time(schedule, "next_run_at")
    return schedule["id"], what, schedule["cron"], schedule["timezone"], following


def _outcome(schedule: dict[str, Any]) -> str:
    """How the last run of an import ended, or stands."""
    last = schedule["last_run"]
    waiting = "waits for a process" if schedule["due"] else ""
    if last is None:
        return waiting
    counts = last["counts"]
    named = [f"{counts[name]:,} {name.replace('_', ' ')}" for name in COUNTED if counts[name] or name == "completed"]
    told = f"{last['status'].replace('_', ' ')}: {last['error'] or ', '.join(named)}"
    return escape(f"{told}; {waiting}" if waiting else told)


def _time(schedule: dict[str, Any], which: str) -> str:
    """In the schedule's own time zone."""
    at = schedule[which]
    return "" if at is None else f"{datetime.fromtimestamp(at, ZoneInfo(schedule['timezone'])):%Y-%m-%d %H:%M %Z}"
