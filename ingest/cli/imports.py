"""`ingest import`: folders and files into a store, through the `openai` client like any other application."""

import os
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import openai
import typer
from openai.types import VectorStore
from rich.console import Console

from ingest.cli.importing import report
from ingest.cli.importing.batches import Attributes
from ingest.cli.importing.run import Run
from ingest.cli.importing.sources import Failure, Source, find
from ingest.cli.importing.uploads import reason
from ingest.errors import Refused

DEFAULT_URL = "http://127.0.0.1:8000/v1"
RETRIES = 4
MAX_ATTRIBUTES = 16
INTERRUPTED_EXIT_CODE = 130

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,14})?")


def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders with all that is in them.", exists=True)],
    store: Annotated[str, typer.Option(help="Name of the vector store; made if there is none.")],
    base_url: Annotated[str, typer.Option(envvar="OPENAI_BASE_URL", help="The service's URL.")] = DEFAULT_URL,
    attr: Annotated[
        list[str] | None,
        typer.Option(help="Attribute for every file, as key=value: a number, true or false, otherwise text."),
    ] = None,
) -> None:
    """Upload files, attach them to a store, wait until all are finished and tell how each ended.

    Hidden files and folders (names that begin with a dot) below a folder are left out.
    Links are followed; a file that is reached on several ways is uploaded once.
    A second import of the same files adds them a second time.
    The API key, if the service wants one, is read from OPENAI_API_KEY.

    Exit code 0: every file completed; 1: some did not; 2: refused, or no service; 130: Ctrl-C.
    """
    attributes = _attributes(attr or [])
    key = os.environ.get("OPENAI_API_KEY") or "none"
    try:
        with openai.OpenAI(base_url=base_url, api_key=key, max_retries=RETRIES) as client:
            complete = _import(client, paths, store, attributes)
    except openai.APIConnectionError as exc:
        raise Refused(f"No service answers at {base_url}. Start one with `ingest up`.") from exc
    except openai.APIStatusError as exc:
        raise Refused(f"{base_url} answers: {reason(exc)}") from exc
    except openai.APIError as exc:
        raise Refused(f"What {base_url} answers is not understood: {exc.message}") from exc
    if not complete:
        raise typer.Exit(1)


def _import(client: openai.OpenAI, paths: Sequence[Path], name: str, attributes: Attributes) -> bool:
    """Whether every file completed."""
    console = Console()
    found = list(find(paths))
    if not found:
        raise Refused("There are no files there.")
    unreadable = [each for each in found if isinstance(each, Failure)]
    store = _store(client, name)
    report.tell(console, f"store {store.name} ({store.id})")
    run = Run(client, store.id, [each for each in found if isinstance(each, Source)], attributes)
    try:
        with report.Bars(console, run) as bars, closing(run.steps(bars.sent)) as steps:
            for _ in steps:
                bars.show()
    except (KeyboardInterrupt, openai.APIError) as exc:
        console.print(_where_it_stopped(run, len(found)), highlight=False)
        if isinstance(exc, KeyboardInterrupt):
            raise typer.Exit(INTERRUPTED_EXIT_CODE) from None
        raise
    failures = unreadable + run.failures()
    report.outcome(console, run.batches, not_uploaded=len(unreadable) + len(run.refused))
    report.failures(console, failures)
    return run.batches.count("completed") == len(found)


def _where_it_stopped(run: Run, files: int) -> str:
    attached, unfinished = run.batches.count("total"), run.batches.count("in_progress")
    lines = [f"Stopped. {attached:,} of {files:,} files were attached to the store."]
    if unfinished:
        lines.append(f"The service goes on with the {unfinished:,} of them that were not finished.")
    if loose := len(run.uploaded) - attached:
        lines.append(f"{loose:,} more were uploaded and are in no store.")
    return "\n".join(lines)


def _store(client: openai.OpenAI, name: str) -> VectorStore:
    # Not tried again: a service that is not there is the most likely mistake.
    answer = client.with_options(max_retries=0).vector_stores.with_raw_response.list(limit=100)
    if "json" not in answer.headers.get("content-type", ""):
        raise Refused(f"What answers at {client.base_url} is a web page, not this service.")
    for store in answer.parse():
        if store.name == name and store.status != "expired":
            return store
    return client.vector_stores.create(name=name)


def _attributes(given: Sequence[str]) -> Attributes:
    attributes: dict[str, str | float | bool] = {}
    for each in given:
        key, equals, text = each.partition("=")
        if not key or not equals:
            raise Refused(f"--attr {each}: expected key=value.")
        if key in attributes:
            raise Refused(f"--attr {key} is given twice.")
        attributes[key] = _value(text)
    if len(attributes) > MAX_ATTRIBUTES:  # said before anything is uploaded; the service knows the other limits
        raise Refused(f"A file has at most {MAX_ATTRIBUTES} attributes; {len(attributes)} are given.")
    return attributes


def _value(text: str) -> str | float | bool:
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):  # stricter than float(): "007", "nan" and "1_000" are words
        return float(text) if "." in text else int(text)
    return text
