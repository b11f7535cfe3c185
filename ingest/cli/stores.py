"""`ingest stores`: the vector stores of the service."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import openai
import typer
from openai.types import VectorStore
from rich.console import Console

from ingest.cli.listing import extension, format_bytes, format_time, print_facts, print_json_lines, print_rows
from ingest.cli.options import HELP_MARKUP, ApiKey, AsJson, BaseUrl, Limit, StoreArgument, Yes, confirm
from ingest.cli.output import print_line
from ingest.cli.store_batches import resolve_store_id
from ingest.errors import Refused
from ingest.imports.client import open_client
from ingest.imports.service_url import DEFAULT_URL

app = typer.Typer(
    name="stores",
    help="List, show, create and delete vector stores.",
    no_args_is_help=True,
    rich_markup_mode=HELP_MARKUP,
)


@app.command("list")
def list_(limit: Limit = 100, as_json: AsJson = False, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """List the vector stores, the newest first."""
    with open_client(base_url, api_key) as client:
        stores = list(islice(client.vector_stores.list(limit=min(limit, 100)), limit))
    if as_json:
        print_json_lines(store.model_dump() for store in stores)
        return
    rows = [
        (
            store.id,
            store.name,
            store.status,
            *_counts(store),
            format_bytes(store.usage_bytes),
            format_time(store.created_at),
        )
        for store in stores
    ]
    print_rows(("id", "name", "status", "files", "in progress", "failed", "size", "created"), rows)


@app.command("show")
def show(store: StoreArgument, as_json: AsJson = False, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Show a vector store."""
    with open_client(base_url, api_key) as client:
        found = client.vector_stores.retrieve(resolve_store_id(client, store))
    if as_json:
        print_json_lines([found.model_dump()])
        return
    print_facts(
        {
            "id": found.id,
            "name": found.name,
            "description": extension(found, "description"),
            "status": found.status,
            "created": format_time(found.created_at),
            "last active": format_time(found.last_active_at),
            "expires": format_time(found.expires_at),
            "size": format_bytes(found.usage_bytes),
            "metadata": found.metadata or None,
            **{f"files {state.replace('_', ' ')}": count for state, count in found.file_counts.model_dump().items()},
        }
    )


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Name of the store.")],
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Metadata of the store (repeatable).")
    ] = None,
    expires_days: Annotated[
        int | None, typer.Option(min=1, max=365, help="Days without use after which the store expires.")
    ] = None,
    as_json: AsJson = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Create an empty vector store, and print its id."""
    body: dict[str, Any] = {"name": name, "metadata": dict(_parse_pair(text) for text in metadata or [])}
    if expires_days is not None:
        body["expires_after"] = {"anchor": "last_active_at", "days": expires_days}
    with open_client(base_url, api_key) as client:
        created = client.vector_stores.create(**body)
    if as_json:
        print_json_lines([created.model_dump()])
    else:
        print_line(Console(), created.id)


@app.command("delete")
def delete(
    store: StoreArgument,
    with_files: Annotated[
        bool, typer.Option("--with-files", help="Delete the uploaded files of the store too, also from other stores.")
    ] = False,
    yes: Yes = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Delete a vector store. The uploaded files stay, unless --with-files is given."""
    with open_client(base_url, api_key) as client:
        found = client.vector_stores.retrieve(resolve_store_id(client, store))
        files = found.file_counts.total
        what = f"vector store {found.id} ({found.name}) of {files:,} files"
        confirm(f"Delete {what}{', and the files' if with_files else ''}?", yes=yes)
        deleted = sum(1 for _ in _delete_files(client, found.id)) if with_files else 0
        client.vector_stores.delete(found.id)
    print_line(Console(), f"deleted {found.id}" + (f" and {deleted:,} files" if with_files else ""))


def _delete_files(client: openai.OpenAI, store_id: str) -> Iterator[str]:
    """Delete the uploaded files of a store, page by page, and yield their ids."""
    while page := client.vector_stores.files.list(store_id, limit=100).data:
        for file in page:
            client.files.delete(file.id)  # also removes it from all stores, so the next page is the first one again
            yield file.id


def _counts(store: VectorStore) -> tuple[int, int, int]:
    counts = store.file_counts
    return counts.total, counts.in_progress, counts.failed


def _parse_pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise Refused(f"--metadata takes KEY=VALUE, not {text!r}.")
    return key, value
