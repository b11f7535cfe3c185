"""`ingest batches`: the file batches of a vector store."""

from itertools import islice
from typing import Annotated, Any

import typer
from openai.pagination import SyncCursorPage
from openai.types.vector_stores import VectorStoreFileBatch
from rich.console import Console

from ingest.cli.listing import extension, format_time, print_facts, print_json_lines, print_rows
from ingest.cli.options import HELP_MARKUP, ApiKey, AsJson, BaseUrl, Limit, StoreArgument
from ingest.cli.output import print_line
from ingest.cli.store_batches import resolve_store_id
from ingest.imports.client import find_store_of_batch, open_client
from ingest.imports.service_url import DEFAULT_URL

app = typer.Typer(
    name="batches", help="List, show and cancel file batches.", no_args_is_help=True, rich_markup_mode=HELP_MARKUP
)

BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="Id of the file batch, vsfb_...")]


@app.command("list")
def list_(
    store: StoreArgument,
    limit: Limit = 100,
    as_json: AsJson = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """List the batches of a vector store, the newest first."""
    with open_client(base_url, api_key) as client:
        path = f"/vector_stores/{resolve_store_id(client, store)}/file_batches"
        listed = client.get_api_list(path, model=VectorStoreFileBatch, page=SyncCursorPage[VectorStoreFileBatch])
        batches = list(islice(listed, limit))
    if as_json:
        print_json_lines(batch.model_dump() for batch in batches)
        return
    rows = [
        (
            batch.id,
            batch.status,
            *_counts(batch),
            format_time(batch.created_at),
            extension(batch, "waiting_for"),
        )
        for batch in batches
    ]
    print_rows(("id", "status", "files", "completed", "failed", "cancelled", "created", "waiting for"), rows)


@app.command("show")
def show(batch: BatchArgument, as_json: AsJson = False, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Show the state of a batch."""
    with open_client(base_url, api_key) as client:
        store_id = find_store_of_batch(client, batch)
        found = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store_id)
    _print_batch(found, as_json=as_json)


@app.command("cancel")
def cancel(
    batch: BatchArgument, as_json: AsJson = False, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = ""
) -> None:
    """Cancel the unfinished files of a batch. Completed files stay."""
    with open_client(base_url, api_key) as client:
        store_id = find_store_of_batch(client, batch)
        cancelled = client.vector_stores.file_batches.cancel(batch, vector_store_id=store_id)
    if as_json:
        print_json_lines([cancelled.model_dump()])
    else:
        counts = cancelled.file_counts
        print_line(
            Console(), f"{batch} {cancelled.status}: {counts.completed:,} completed, {counts.cancelled:,} cancelled"
        )


def _print_batch(batch: Any, *, as_json: bool) -> None:
    if as_json:
        print_json_lines([batch.model_dump()])
        return
    print_facts(
        {
            "id": batch.id,
            "store": batch.vector_store_id,
            "status": batch.status,
            "created": format_time(batch.created_at),
            **{f"files {state.replace('_', ' ')}": count for state, count in batch.file_counts.model_dump().items()},
            "waiting for": extension(batch, "waiting_for"),
        }
    )


def _counts(batch: VectorStoreFileBatch) -> tuple[int, int, int, int]:
    counts = batch.file_counts
    return counts.total, counts.completed, counts.failed, counts.cancelled
