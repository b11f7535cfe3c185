"""`ingest status`: how an import, a batch or a store stands."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import openai
import typer
from rich.console import Console
from rich.table import Table

from ingest.cli.options import ApiKey, BaseUrl
from ingest.errors import Refused
from ingest.imports import journal
from ingest.imports.client import DEFAULT_URL, connected, find_store, store_of
from ingest.imports.display import tell

WATCH_SECONDS = 1.0
STATES = ("in_progress", "completed", "failed", "cancelled", "total")


@dataclass(frozen=True)
class Standing:
    """The counts of something, and whether it goes on."""

    kind: str
    id: str
    name: str
    counts: dict[str, int]

    @property
    def over(self) -> bool:
        return self.counts["in_progress"] == 0


def status(
    what: Annotated[
        str | None, typer.Argument(metavar="[IMPORT|BATCH|STORE]", help="An id, or a store's name; none: all imports.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Tell of every change until all files have ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
    journals: Annotated[
        Path | None, typer.Option("--journal", help="Folder of journals [default: ~/.local/state/ingest/imports].")
    ] = None,
) -> None:
    """Tell how files stand: of an import started on this machine (imp_...), of a batch (vsfb_...), or of a store.

    Exit code 0: all completed, or still in progress; 1: some failed or were cancelled; 2: unknown, or no service.
    """
    kept = journals or journal.folder()
    if what is None:
        _list(kept, as_json=as_json)
        return
    with _asked(what, kept, base_url, api_key) as ask:
        now = ask()
        _show(now, as_json=as_json)
        while watch and not now.over:
            time.sleep(WATCH_SECONDS)
            before, now = now, ask()
            if now != before:
                _show(now, as_json=as_json)
    if now.counts["failed"] or now.counts["cancelled"]:
        raise typer.Exit(1)


@contextmanager
def _asked(what: str, kept: Path, base_url: str, api_key: str) -> Iterator[Callable[[], Standing]]:
    """A function that asks how the thing stands now."""
    about, this, batches = _written(what, kept)
    if what.startswith("imp_") and this is None:
        raise Refused(f"No import {what} was started on this machine (journals in {kept}).")
    with connected(about.get("url", base_url), api_key) as client:
        if this is not None:
            yield lambda: _import(client, about, this, batches)
        elif what.startswith("vsfb_"):
            store_id = about.get("store_id") or store_of(client, what)
            yield lambda: _batch(client, store_id, what)
        else:
            store = find_store(client, what)
            if store is None:
                raise Refused(f"There is no vector store called {what}.")
            yield lambda: _store(client, store.id)


def _written(what: str, kept: Path) -> tuple[dict[str, str], dict[str, Any] | None, list[str]]:
    """What the journals know: the store's facts, and of an import its facts and batches."""
    for book in journal.every(kept):
        try:
            for this in book.imports():
                batches = book.batches(this["number"])
                if this["id"] == what:
                    return book.about(), this, batches
                if what in batches:
                    return book.about(), None, batches
        finally:
            book.close()
    return {}, None, []


def _import(client: openai.OpenAI, about: dict[str, str], this: dict[str, Any], batches: list[str]) -> Standing:
    counts = dict.fromkeys(STATES, 0)
    for batch in batches:
        for name, files in _batch(client, about["store_id"], batch).counts.items():
            counts[name] += files
    return Standing("import", this["id"], about["store"], counts)


def _batch(client: openai.OpenAI, store_id: str, batch_id: str) -> Standing:
    batch = client.vector_stores.file_batches.retrieve(batch_id, vector_store_id=store_id)
    return Standing("batch", batch.id, store_id, _counts(batch.file_counts))


def _store(client: openai.OpenAI, store_id: str) -> Standing:
    store = client.vector_stores.retrieve(store_id)
    return Standing("store", store.id, store.name, _counts(store.file_counts))


def _counts(given: Any) -> dict[str, int]:
    return {name: getattr(given, name) for name in STATES}


def _show(now: Standing, *, as_json: bool) -> None:
    if as_json:
        facts = {"object": now.kind, "id": now.id, "name": now.name, "file_counts": now.counts, "over": now.over}
        print(json.dumps(facts), flush=True)
        return
    counts = ", ".join(f"{now.counts[name]:,} {name.replace('_', ' ')}" for name in STATES if name != "total")
    tell(Console(), f"{now.kind} {now.id} ({now.name}): {counts}, {now.counts['total']:,} in total")


def _list(kept: Path, *, as_json: bool) -> None:
    """The imports that were started on this machine, the latest last, as their journals have them."""
    found: list[tuple[dict[str, str], dict[str, Any], dict[str, int]]] = []
    for book in journal.every(kept):
        try:
            found += [(book.about(), this, book.counts(this["number"])) for this in book.imports()]
        finally:
            book.close()
    found.sort(key=lambda each: each[1]["started"])
    if as_json:
        for about, this, counts in found:
            print(json.dumps({**about, **{name: this[name] for name in ("id", "started", "ended")}, **counts}))
        return
    table = Table("import", "store", "started", "files", "unchanged", "completed", "failed", "state")
    for about, this, counts in found:
        started = datetime.fromtimestamp(this["started"], UTC).astimezone().strftime("%Y-%m-%d %H:%M")
        numbers = (this["found"], this["unchanged"], counts["completed"], counts["failed"])
        state = "interrupted or running" if this["ended"] is None else "over"
        table.add_row(this["id"], about.get("store", ""), started, *(f"{each:,}" for each in numbers), state)
    Console().print(table)
