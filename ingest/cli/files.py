"""`ingest files`: the files of a vector store, and uploaded files."""

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import openai
import typer
from rich.console import Console

from ingest.cli.listing import extension, format_bytes, format_time, print_facts, print_json_lines, print_rows
from ingest.cli.options import HELP_MARKUP, ApiKey, AsJson, BaseUrl, Limit, StoreArgument, Yes, confirm
from ingest.cli.output import echo, print_line
from ingest.cli.store_batches import resolve_store_id
from ingest.errors import Refused
from ingest.imports.client import open_client
from ingest.imports.service_url import DEFAULT_URL

app = typer.Typer(
    name="files",
    help="List, show, read, download and delete files.",
    no_args_is_help=True,
    rich_markup_mode=HELP_MARKUP,
)

Status = Literal["in_progress", "completed", "failed", "cancelled"]

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="Id of the file, file-...")]
OfStore = Annotated[str, typer.Option("--store", help="Id or name of the vector store that has the file.")]


@app.command("list")
def list_(
    store: StoreArgument,
    status: Annotated[Status | None, typer.Option(help="Only files with this status.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only files that failed, as --status failed.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """List the files of a vector store with the reason why they failed or wait, the newest first."""
    wanted: Any = "failed" if failed else status or openai.omit
    with open_client(base_url, api_key) as client:
        listed = client.vector_stores.files.list(resolve_store_id(client, store), limit=min(limit, 100), filter=wanted)
        files = list(islice(listed, limit))
    if as_json:
        print_json_lines(file.model_dump() for file in files)
        return
    rows = [
        (file.id, file.status, format_bytes(file.usage_bytes), extension(file, "filename"), _reason(file))
        for file in files
    ]
    print_rows(("id", "status", "size", "name", "reason"), rows)


@app.command("show")
def show(
    file: FileArgument,
    store: Annotated[str, typer.Option("--store", help="Show the file as this vector store has it.")] = "",
    as_json: AsJson = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Show an uploaded file, and with --store its state in a vector store."""
    with open_client(base_url, api_key) as client:
        uploaded = client.files.retrieve(file)
        in_store = (
            client.vector_stores.files.retrieve(file, vector_store_id=resolve_store_id(client, store))
            if store
            else None
        )
    if as_json:
        print_json_lines([uploaded.model_dump() | (in_store.model_dump() if in_store else {})])
        return
    facts: dict[str, object] = {
        "id": uploaded.id,
        "name": uploaded.filename,
        "size": format_bytes(uploaded.bytes),
        "purpose": uploaded.purpose,
        "uploaded": format_time(uploaded.created_at),
        "expires": format_time(uploaded.expires_at),
    }
    if in_store is not None:
        facts |= {
            "store": in_store.vector_store_id,
            "status": in_store.status,
            "reason": _reason(in_store),
            "indexed": format_bytes(in_store.usage_bytes),
            "attributes": in_store.attributes or None,
            "warnings": extension(in_store, "warnings"),
        }
    print_facts(facts)


@app.command("text")
def text(file: FileArgument, store: OfStore, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Print the text that was read of a file."""
    with open_client(base_url, api_key) as client:
        content = client.vector_stores.files.content(file, vector_store_id=resolve_store_id(client, store))
        whole = "".join(part.text or "" for part in content)
    if not sys.stdout.isatty():
        sys.stdout.write(f"{whole}\n")
        return
    for line in whole.splitlines():
        echo(line)


@app.command("download")
def download(
    file: FileArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write, or - for standard output (default: its name).")
    ] = None,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Download the bytes of an uploaded file. An existing file is not overwritten."""
    with open_client(base_url, api_key) as client:
        target = output or Path(Path(client.files.retrieve(file).filename).name)
        with client.files.with_streaming_response.content(file) as response:
            if str(target) == "-":
                for block in response.iter_bytes():
                    sys.stdout.buffer.write(block)
                return
            if target.exists():
                raise Refused(f"{target} exists already. Choose another name with --output.")
            response.stream_to_file(target)
    print_line(Console(), str(target))


@app.command("delete")
def delete(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Ids of the files, file-...")],
    store: Annotated[
        str, typer.Option("--store", help="Remove the files from this vector store only, and keep them uploaded.")
    ] = "",
    yes: Yes = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Delete uploaded files, also from all vector stores; with --store only from that store."""
    count = "1 file" if len(files) == 1 else f"{len(files):,} files"
    confirm(f"Delete {count} {f'from {store}' if store else 'everywhere'}?", yes=yes)
    with open_client(base_url, api_key) as client:
        store_id = resolve_store_id(client, store) if store else None
        for file in files:
            if store_id is None:
                client.files.delete(file)
            else:
                client.vector_stores.files.delete(file, vector_store_id=store_id)
            print_line(Console(), f"deleted {file}")


def _reason(file: Any) -> str | None:
    """Return why a file failed, or why it waits."""
    reason = file.last_error.message if file.last_error is not None else extension(file, "waiting_for")
    return None if reason is None else str(reason)
