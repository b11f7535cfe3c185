"""`ingest import`: folders and files into a store, through the `openai` client like any other application."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import openai
import typer
from openai.types import VectorStore
from openai.types.vector_stores import VectorStoreFileBatch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingest.errors import Refused

UPLOAD_THREADS = 8
POLL_SECONDS = 0.25
BATCH_FILES = 2_000
DEFAULT_URL = "http://127.0.0.1:8000/v1"


def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders with all that is in them.", exists=True)],
    store: Annotated[str, typer.Option(help="Name of the vector store; made if there is none.")],
    base_url: Annotated[str, typer.Option(envvar="OPENAI_BASE_URL", help="The service's URL.")] = DEFAULT_URL,
    attr: Annotated[list[str] | None, typer.Option(help="Attribute for every file, as key=value.")] = None,
) -> None:
    """Upload files, attach them to a store, wait until all are finished and tell how each ended.

    Exit code 0 only when every file completed.
    """
    attributes = dict(_attribute(given) for given in attr or [])
    files = list(dict.fromkeys(_files(paths)))
    if not files:
        raise Refused("There are no files there.")
    client = openai.OpenAI(base_url=base_url, api_key=os.environ.get("OPENAI_API_KEY", "none"), max_retries=4)
    console = Console()
    try:
        target = _store(client, store)
        with _bars(console) as progress:
            uploaded, refused = _upload(client, files, progress)
            counted = _ingest(client, target.id, list(uploaded), attributes, progress)
    except openai.APIConnectionError as exc:
        raise Refused(f"No service answers at {base_url}. Start one with `ingest up`.") from exc
    failures = refused + _failures(client, target.id, counted, uploaded)
    _report(console, target, counted, failures)
    if failures or counted.cancelled:
        raise typer.Exit(1)


@dataclass
class _Counted:
    """How the files ended, summed over all batches."""

    batches: list[VectorStoreFileBatch]

    def sum(self, status: str) -> int:
        return sum(getattr(batch.file_counts, status) for batch in self.batches)

    @property
    def cancelled(self) -> int:
        return self.sum("cancelled")


@dataclass(frozen=True)
class _Failure:
    path: str
    reason: str


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders.sort()
                yield from (Path(folder) / name for name in sorted(names))
        else:
            yield path


def _attribute(given: str) -> tuple[str, str | float | bool]:
    key, equals, text = given.partition("=")
    if not equals or not key:
        raise Refused(f"--attr {given}: expected key=value.")
    if text in ("true", "false"):
        return key, text == "true"
    try:
        return key, float(text)
    except ValueError:
        return key, text


def _store(client: openai.OpenAI, name: str) -> VectorStore:
    for store in client.vector_stores.list(limit=100):
        if store.name == name and store.status != "expired":
            return store
    return client.vector_stores.create(name=name)


def _upload(client: openai.OpenAI, files: list[Path], progress: Progress) -> tuple[dict[str, Path], list[_Failure]]:
    """Upload every file; the ids with their paths, and what could not be uploaded."""
    bar = progress.add_task("upload", total=len(files), note="")
    uploaded: dict[str, Path] = {}
    refused: list[_Failure] = []

    def one(path: Path) -> str | _Failure:
        try:
            with path.open("rb") as file:
                return client.files.create(file=(path.name, file), purpose="assistants").id
        except OSError as exc:
            return _Failure(str(path), exc.strerror or str(exc))
        except openai.APIStatusError as exc:
            return _Failure(str(path), exc.message)
        finally:
            progress.advance(bar)

    with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
        for path, result in zip(files, pool.map(one, files), strict=True):
            if isinstance(result, _Failure):
                refused.append(result)
            else:
                uploaded[result] = path
    return uploaded, refused


def _ingest(
    client: openai.OpenAI,
    store_id: str,
    file_ids: list[str],
    attributes: dict[str, str | float | bool],
    progress: Progress,
) -> _Counted:
    """Attach the files in batches and wait until each is finished."""
    batches = [
        client.vector_stores.file_batches.create(
            store_id, file_ids=file_ids[first : first + BATCH_FILES], attributes=attributes
        )
        for first in range(0, len(file_ids), BATCH_FILES)
    ]
    bar = progress.add_task("ingest", total=len(file_ids), note="")
    counted = _Counted(batches)
    while _show(progress, bar, counted) > 0:
        time.sleep(POLL_SECONDS)
        for index, batch in enumerate(batches):
            if batch.status == "in_progress":
                batches[index] = client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store_id)
    return counted


def _show(progress: Progress, bar: TaskID, counted: _Counted) -> int:
    left, failed = counted.sum("in_progress"), counted.sum("failed")
    finished = counted.sum("total") - left
    progress.update(bar, completed=finished, note=f"[red]{failed} failed[/red]" if failed else "")
    return left


def _failures(client: openai.OpenAI, store_id: str, counted: _Counted, paths: dict[str, Path]) -> list[_Failure]:
    return [
        _Failure(str(paths[file.id]), file.last_error.message if file.last_error else "")
        for batch in counted.batches
        if batch.file_counts.failed
        for file in client.vector_stores.file_batches.list_files(
            batch.id, vector_store_id=store_id, filter="failed", limit=100, order="asc"
        )
    ]


def _report(console: Console, store: VectorStore, counted: _Counted, failures: list[_Failure]) -> None:
    outcomes = Table("outcome", "files", title=f"{store.name} ({store.id})", title_justify="left")
    not_uploaded = len(failures) - counted.sum("failed")
    for name, count in (
        ("completed", counted.sum("completed")),
        ("failed", counted.sum("failed")),
        ("cancelled", counted.cancelled),
        ("not uploaded", not_uploaded),
        ("total", counted.sum("total") + not_uploaded),
    ):
        if count or name in ("completed", "total"):
            outcomes.add_row(name, f"{count:,}")
    console.print(outcomes)
    if failures:
        reasons = Table("file", "reason", title="not completed", title_justify="left")
        for failure in sorted(failures, key=lambda failure: failure.path):
            reasons.add_row(failure.path, failure.reason)
        console.print(reasons)


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>7}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )
