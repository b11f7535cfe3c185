"""`ingest retry`: what failed or was cancelled runs again, and nothing else."""

import json
from typing import Annotated, Any

import openai
import typer
from rich.console import Console
from rich.table import Table

from ingest.cli.batches import print_outcome, store_id, wait_for
from ingest.cli.options import ApiKey, BaseUrl
from ingest.imports.client import DEFAULT_URL, connected, store_of


def retry(
    what: Annotated[str, typer.Argument(metavar="BATCH|STORE", help="A batch's id, or a store's id or name.")],
    failed: Annotated[bool, typer.Option("--failed", help="The failed files; the default.")] = False,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="The cancelled files.")] = False,
    store: Annotated[
        str | None, typer.Option(help="A batch's store, by id or name; without it, all are asked.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until all of them have ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Have the failed or cancelled files of a batch, or of a whole store, run again, and tell why they had not completed.

    They run as a new batch, each with its own attributes and chunking; an old batch keeps its counts.

    Exit code 0: they run again, or there were none, or (--wait) all completed; 1: (--wait) some did not; 2: refused,
    or no service.
    """
    statuses = [name for name, wanted in (("failed", failed or not cancelled), ("cancelled", cancelled)) if wanted]
    with connected(base_url, api_key) as client:
        answer = _retried(client, what, store, statuses)
        batch = answer["file_batch"]
        if not as_json:
            _show(answer, statuses)
        if wait and batch is not None:
            batch = answer["file_batch"] = wait_for(client, batch)
            if not as_json:
                print_outcome(batch["file_counts"])
    if as_json:
        print(json.dumps(answer))
    if wait and batch is not None and batch["file_counts"]["completed"] != batch["file_counts"]["total"]:
        raise typer.Exit(1)


def _retried(client: openai.OpenAI, what: str, store: str | None, statuses: list[str]) -> dict[str, Any]:
    if what.startswith("vsfb_"):
        of = store_of(client, what) if store is None else store_id(client, store)
        path = f"/vector_stores/{of}/file_batches/{what}/retry"
    else:
        path = f"/vector_stores/{store_id(client, what)}/retry"
    # Not sent again by itself: the first answer, with its batch and reasons, would be lost.
    once = client.with_options(max_retries=0)
    answer: dict[str, Any] = once.post(path, cast_to=dict[str, Any], body={"statuses": statuses})
    return answer


def _show(answer: dict[str, Any], statuses: list[str]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    if answer["file_batch"] is None:
        console.print(f"There are no {' or '.join(statuses)} files.")
        return
    table = Table("files", "code", "reason")
    table.columns[0].justify = "right"
    for why in answer["reasons"]:
        table.add_row(f"{why['count']:,}", why["code"], why["message"])
    console.print(table)
    console.print(f"{answer['total']:,} files run again as {answer['file_batch']['id']}", markup=False)
    if answer["has_more"]:
        console.print("There may be more than one batch takes: say it again when this one has ended.")
