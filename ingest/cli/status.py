"""`ingest status`: show the state of imports, batches and vector stores."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import openai
import typer
from rich.console import Console

from ingest.cli.import_list import list_imports, print_imports
from ingest.cli.options import ApiKey, BaseUrl, JournalFolder, refuse_empty
from ingest.cli.status_display import STATES, open_display
from ingest.errors import Refused
from ingest.imports import journal
from ingest.imports.client import find_store, find_store_of_batch, open_client
from ingest.imports.reports import fetch_warnings
from ingest.imports.service_url import DEFAULT_URL
from ingest.imports.waits import ImportWait, read_wait, summarize_waits

WATCH_SECONDS = 1.0


@dataclass(frozen=True)
class FileStatus:
    """The file counts of an import, a batch or a vector store."""

    kind: str
    id: str
    name: str
    counts: dict[str, int]
    warnings: int
    """Files that completed with warnings."""
    waiting: ImportWait | None = None
    """What the unfinished files wait for."""

    @property
    def facts(self) -> tuple[object, ...]:
        """What makes two states differ for `--watch`: everything but the time of the next try."""
        return self.counts, self.warnings, self.waiting and self.waiting.kind

    @property
    def has_ended(self) -> bool:
        """No file is in progress."""
        return self.counts["in_progress"] == 0


@dataclass(frozen=True)
class JournalMatch:
    """What a journal has about an import or a batch."""

    store: dict[str, str]
    """`url`, `store_id`, and the store's name as `store`."""
    import_id: str | None
    """None if a batch was looked up."""
    batch_ids: list[str]


def status(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[IMPORT|BATCH|STORE]",
            help="Id of an import, batch or store, or name of a store (default: list all imports).",
            callback=refuse_empty,
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show every change until all files have ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
    journal_folder: JournalFolder = None,
) -> None:
    """Show the file counts of an import, a batch or a store.

    The target is the id of an import (imp_...), a batch (vsfb_...) or a vector store, or the name of a store. An
    import is known only on the machine where it was started.

    Exit code 0: all files completed, or some are in progress; 1: some failed or were cancelled; 2: unknown, or no
    service.
    """
    folder = journal_folder or journal.default_folder()
    if target is None:
        print_imports(list_imports(folder), as_json=as_json)
        return
    with (
        _open_target(target, folder, base_url, api_key) as fetch,
        open_display(Console(), as_json=as_json, watch=watch) as display,
    ):
        current = fetch()
        display.show(current)
        while watch and not current.has_ended:
            time.sleep(WATCH_SECONDS)
            previous, current = current, fetch()
            if current.facts != previous.facts:
                display.show(current)
    if current.counts["failed"] or current.counts["cancelled"]:
        raise typer.Exit(1)


@contextmanager
def _open_target(target: str, folder: Path, base_url: str, api_key: str) -> Iterator[Callable[[], FileStatus]]:
    """Yield a function that fetches the present status of a target. Raises Refused when the target is unknown."""
    match = _search_journals(target, folder)
    if target.startswith("imp_") and match is None:
        raise Refused(f"No import {target} was started on this machine (journals in {folder}).")
    with open_client(match.store.get("url", base_url) if match else base_url, api_key) as client:
        if match is not None and match.import_id is not None:
            yield lambda: _fetch_import(client, match)
        elif target.startswith("vsfb_"):
            store_id = (match.store.get("store_id") if match else None) or find_store_of_batch(client, target)
            yield lambda: _fetch_batch(client, store_id, target)
        else:
            store = find_store(client, target)
            if store is None:
                raise Refused(f"No vector store has the name {target}.")
            yield lambda: _fetch_store(client, store.id)


def _search_journals(target: str, folder: Path) -> JournalMatch | None:
    """Return the journal's facts about an import or a batch; None when no journal has it."""
    for store_journal in journal.open_all(folder):
        try:
            for row in store_journal.list_imports():
                batch_ids = store_journal.list_batch_ids(row["number"])
                if row["id"] == target:
                    return JournalMatch(store_journal.read_store(), target, batch_ids)
                if target in batch_ids:
                    return JournalMatch(store_journal.read_store(), None, batch_ids)
        finally:
            store_journal.close()
    return None


def _fetch_import(client: openai.OpenAI, match: JournalMatch) -> FileStatus:
    counts, warnings = dict.fromkeys(STATES, 0), 0
    waits: list[ImportWait | None] = []
    for batch_id in match.batch_ids:
        batch = _fetch_batch(client, match.store["store_id"], batch_id)
        warnings += batch.warnings
        if not batch.has_ended:
            waits.append(batch.waiting)
        for state, files in batch.counts.items():
            counts[state] += files
    return FileStatus("import", str(match.import_id), match.store["store"], counts, warnings, summarize_waits(waits))


def _fetch_batch(client: openai.OpenAI, store_id: str, batch_id: str) -> FileStatus:
    batch = client.vector_stores.file_batches.retrieve(batch_id, vector_store_id=store_id)
    counts = _to_dict(batch.file_counts)
    warnings = _count_warnings(client, store_id, counts, batch.id)
    return FileStatus("batch", batch.id, store_id, counts, warnings, read_wait(batch))


def _fetch_store(client: openai.OpenAI, store_id: str) -> FileStatus:
    store = client.vector_stores.retrieve(store_id)
    counts = _to_dict(store.file_counts)
    waiting = _fetch_wait_of_store(client, store_id) if counts["in_progress"] else None
    return FileStatus("store", store.id, store.name, counts, _count_warnings(client, store_id, counts), waiting)


def _fetch_wait_of_store(client: openai.OpenAI, store_id: str) -> ImportWait | None:
    """Return what the oldest unfinished file of a store waits for."""
    files = client.vector_stores.files.list(store_id, filter="in_progress", limit=1, order="asc").data
    return read_wait(files[0]) if files else None


def _count_warnings(client: openai.OpenAI, store_id: str, counts: dict[str, int], batch_id: str | None = None) -> int:
    """Return the number of files with warnings of a store or a batch."""
    return fetch_warnings(client, store_id, batch_id)["files"] if counts["completed"] else 0


def _to_dict(file_counts: Any) -> dict[str, int]:
    return {state: getattr(file_counts, state) for state in STATES}
