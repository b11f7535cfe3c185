"""`ingest schedule`: manage scheduled re-indexes and imports."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import openai
import typer
from rich.console import Console

from ingest.cli import options as cli
from ingest.cli.listing import print_rows
from ingest.cli.output import echo, print_line
from ingest.cli.reindex import ChunkTokens, Overlap, reindex_body
from ingest.cli.store_batches import resolve_store_id
from ingest.errors import Refused
from ingest.imports import attributes
from ingest.imports.addresses import sitemap_address
from ingest.imports.client import open_client
from ingest.imports.service_url import DEFAULT_URL

REINDEX_SCHEDULES, IMPORT_SCHEDULES = "reindex_schedules", "import_schedules"
COLUMNS = ("id", "store", "what", "cron", "time zone", "next run", "last run", "outcome")
IMPORT_SCHEDULE_PREFIX = "isch_"
COUNT_NAMES = ("completed", "uploaded", "removed", "failed", "cancelled", "not_uploaded", "in_progress")

app = typer.Typer(
    name="schedule",
    help="Schedule re-indexes and imports of a vector store.",
    no_args_is_help=True,
    rich_markup_mode=cli.HELP_MARKUP,
)

Only = Annotated[
    Literal["all", "failed", "stale"],
    typer.Option(
        help="`stale`: files with an outdated pipeline version; `failed`: files that failed, at first or at a re-index."
    ),
]
ScheduleId = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Id of the schedule.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
CronArgument = Annotated[
    str, typer.Argument(metavar="CRON", help="Quoted cron expression; '0 3 * * *' is daily at 3:00.")
]
CronOption = Annotated[str, typer.Option(help="Quoted cron expression; '0 3 * * *' is daily at 3:00.")]
Timezone = Annotated[str, typer.Option(help="IANA time zone, for example Europe/Berlin.")]
Sources = Annotated[
    list[str] | None,
    typer.Argument(help="Absolute folders, files or globs on the SERVICE's machine, bucket URLs or web URLs."),
]
Manifests = Annotated[
    list[str] | None,
    typer.Option("--manifest", help="List of files on the service's machine: JSONL, CSV, or one path a line."),
]
Paused = Annotated[bool, typer.Option("--paused", help="Run only on request, with `ingest schedule run`.")]


@app.command("add")
def add(
    store: cli.StoreArgument,
    cron: CronArgument,
    timezone: Timezone = "UTC",
    only: Only = "all",
    chunk_tokens: ChunkTokens = None,
    overlap: Overlap = None,
    base_url: cli.BaseUrl = DEFAULT_URL,
    api_key: cli.ApiKey = "",
) -> None:
    """Add a schedule that re-indexes a vector store.

    Several missed runs are made up for by one run.
    """
    body = reindex_body(only, chunk_tokens, overlap) | {"cron": cron, "timezone": timezone}
    with open_client(base_url, api_key) as client:
        schedule = _create(client, f"/vector_stores/{resolve_store_id(client, store)}/{REINDEX_SCHEDULES}", body)
    echo(f"{schedule['id']} runs next at {_format_time(schedule, 'next_run_at')}")


@app.command("import")
def import_(
    store: cli.StoreArgument,
    sources: Sources = None,
    cron: CronOption = "0 3 * * *",
    timezone: Timezone = "UTC",
    manifests: Manifests = None,
    sitemaps: cli.Sitemaps = None,
    include: cli.Include = None,
    exclude: cli.Exclude = None,
    attr: cli.Attribute = None,
    attr_from_path: cli.AttributeFromPath = None,
    delete_missing: cli.DeleteMissing = False,
    retry_failed: cli.RetryFailed = False,
    paused: Paused = False,
    base_url: cli.BaseUrl = DEFAULT_URL,
    api_key: cli.ApiKey = "",
) -> None:
    """Add a schedule that imports new and changed files.

    The service reads the sources itself. They must be inside its INGEST_IMPORT_ROOTS, or public on the web. The command
    needs a key with the scope `admin`. Several missed runs are made up for by one run.
    """
    body = {
        "cron": cron, "timezone": timezone,
        "sources": [*(sources or []), *(sitemap_address(url) for url in sitemaps or [])], "manifests": manifests or [],
        "include": include or [], "exclude": exclude or [], "attributes": dict(attributes.parse_options(attr or [])),
        "attributes_from_path": attr_from_path or [], "delete_missing": delete_missing, "retry_failed": retry_failed,
        "paused": paused,
    }  # fmt: skip
    with open_client(base_url, api_key) as client:
        schedule = _create(client, f"/vector_stores/{resolve_store_id(client, store)}/{IMPORT_SCHEDULES}", body)
    echo(f"{schedule['id']} {'is paused' if paused else 'runs next at ' + _format_time(schedule, 'next_run_at')}")


@app.command("list")
def list_(
    store: Annotated[
        str | None,
        typer.Argument(
            metavar="[STORE]", help="Id or name of the vector store (default: all stores).", callback=cli.refuse_empty
        ),
    ] = None,
    as_json: AsJson = False,
    base_url: cli.BaseUrl = DEFAULT_URL,
    api_key: cli.ApiKey = "",
) -> None:
    """List the schedules of a vector store, or of all."""
    with open_client(base_url, api_key) as client:
        ids = [each.id for each in client.vector_stores.list()] if store is None else [resolve_store_id(client, store)]
        reindexes, imports = (
            [schedule for store_id in ids for schedule in _fetch(client, store_id, kind)]
            for kind in (REINDEX_SCHEDULES, IMPORT_SCHEDULES)
        )
    if as_json:
        print(json.dumps([*reindexes, *imports]))
        return
    print_rows(COLUMNS, _schedule_rows(reindexes, imports))
    for schedule in imports:
        _print_reasons(Console(), schedule)


@app.command("run")
def run(
    store: cli.StoreArgument, schedule: ScheduleId, base_url: cli.BaseUrl = DEFAULT_URL, api_key: cli.ApiKey = ""
) -> None:
    """Run a scheduled import now, even if it is paused."""
    if not schedule.startswith(IMPORT_SCHEDULE_PREFIX):
        raise Refused("Only scheduled imports can be run. To re-index a store now, use `ingest reindex`.")
    with open_client(base_url, api_key) as client:
        client.post(f"{_schedule_path(client, store, schedule)}/run", cast_to=dict[str, Any])
    echo("the import runs as soon as a process is free; `ingest schedule list` shows its result")


@app.command("pause")
def pause(
    store: cli.StoreArgument, schedule: ScheduleId, base_url: cli.BaseUrl = DEFAULT_URL, api_key: cli.ApiKey = ""
) -> None:
    """Pause a schedule. Missed runs are not made up for."""
    _set_paused(base_url, api_key, store, schedule, paused=True)
    echo("the schedule is paused")


@app.command("resume")
def resume(
    store: cli.StoreArgument, schedule: ScheduleId, base_url: cli.BaseUrl = DEFAULT_URL, api_key: cli.ApiKey = ""
) -> None:
    """Resume a paused schedule."""
    resumed = _set_paused(base_url, api_key, store, schedule, paused=False)
    echo(f"the schedule runs next at {_format_time(resumed, 'next_run_at')}")


@app.command("remove")
def remove(
    store: cli.StoreArgument, schedule: ScheduleId, base_url: cli.BaseUrl = DEFAULT_URL, api_key: cli.ApiKey = ""
) -> None:
    """Remove a schedule.

    A re-index in progress continues. An import in progress stops. Imported files stay.
    """
    with open_client(base_url, api_key) as client:
        client.delete(_schedule_path(client, store, schedule), cast_to=dict[str, Any])
    echo("the schedule is removed")


def _fetch(client: openai.OpenAI, store_id: str, kind: str) -> list[dict[str, Any]]:
    """Return the schedules of a store, of one kind."""
    path = f"/vector_stores/{store_id}/{kind}?limit=100"
    data: list[dict[str, Any]] = client.get(path, cast_to=dict[str, Any])["data"]
    return data


def _create(client: openai.OpenAI, path: str, body: dict[str, Any]) -> dict[str, Any]:
    # No retries: a repeated request would create a second schedule.
    schedule: dict[str, Any] = client.with_options(max_retries=0).post(path, cast_to=dict[str, Any], body=body)
    return schedule


def _set_paused(base_url: str, api_key: str, store: str, schedule: str, *, paused: bool) -> dict[str, Any]:
    with open_client(base_url, api_key) as client:
        return client.post(_schedule_path(client, store, schedule), cast_to=dict[str, Any], body={"paused": paused})


def _schedule_path(client: openai.OpenAI, store: str, schedule: str) -> str:
    """Return the path of a schedule. The prefix of its id tells its kind."""
    kind = IMPORT_SCHEDULES if schedule.startswith(IMPORT_SCHEDULE_PREFIX) else REINDEX_SCHEDULES
    return f"/vector_stores/{resolve_store_id(client, store)}/{kind}/{schedule}"


def _schedule_rows(reindexes: list[dict[str, Any]], imports: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for schedule in reindexes:
        columns = _timing_columns(schedule, f"re-index {schedule['only']}")
        rows.append((*columns, _format_time(schedule, "last_run_at"), schedule["last_batch_id"] or ""))
    for schedule in imports:
        sources = ", ".join([*schedule["sources"], *schedule["manifests"]])
        last_run = (schedule["last_run"] or {"began_at": None}) | {"timezone": schedule["timezone"]}
        columns = _timing_columns(schedule, f"import {sources}")
        rows.append((*columns, _format_time(last_run, "began_at"), _describe_last_run(schedule)))
    return rows


def _timing_columns(schedule: dict[str, Any], what: str) -> tuple[str, str, str, str, str, str]:
    next_run = "paused" if schedule["paused"] else _format_time(schedule, "next_run_at")
    return schedule["id"], schedule["vector_store_id"], what, schedule["cron"], schedule["timezone"], next_run


def _describe_last_run(schedule: dict[str, Any]) -> str:
    """Return the status and counts of an import's last run, and whether another run is due."""
    last_run = schedule["last_run"]
    due = "due, waits for a process" if schedule["due"] else ""
    if last_run is None:
        return due
    counts = last_run["counts"]
    parts = [f"{counts[name]:,} {name}" for name in COUNT_NAMES if counts[name] or name == "completed"]
    description = f"{last_run['status']}: {last_run['error'] or ', '.join(parts)}"
    return f"{description}; {due}" if due else description


def _print_reasons(console: Console, schedule: dict[str, Any]) -> None:
    """Print why files of an import's last run did not complete."""
    for reason in (schedule["last_run"] or {"reasons": []})["reasons"]:
        files = f"{reason['files']:,} {'file' if reason['files'] == 1 else 'files'}"
        print_line(console, f"{schedule['id']}: {files}: {reason['reason']} ({', '.join(reason['first'])})")


def _format_time(row: dict[str, Any], name: str) -> str:
    """Return a time in the schedule's own time zone, or ""."""
    at = row[name]
    return "" if at is None else f"{datetime.fromtimestamp(at, ZoneInfo(row['timezone'])):%Y-%m-%d %H:%M %Z}"
