"""`ingest retry`: retry failed or cancelled files."""

import json
from typing import Annotated, Any

import openai
import typer
from rich.console import Console
from rich.table import Table

from ingest.cli.options import ApiKey, BaseUrl, Wait, refuse_empty
from ingest.cli.output import add_row, print_line
from ingest.cli.store_batches import is_complete, print_file_counts, resolve_store_id, wait_for_batch
from ingest.imports.client import find_store_of_batch, open_client
from ingest.imports.service_url import DEFAULT_URL


def retry(
    target: Annotated[
        str, typer.Argument(metavar="BATCH|STORE", help="Id of a batch, or id or name of a vector store.")
    ],
    failed: Annotated[bool, typer.Option("--failed", help="Retry failed files (the default).")] = False,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="Retry cancelled files.")] = False,
    store: Annotated[
        str | None,
        typer.Option(help="Id or name of the batch's store (default: search all stores).", callback=refuse_empty),
    ] = None,
    wait: Wait = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Retry the failed or cancelled files of a batch or store.

    The command prints why the files did not complete. They form a new batch and keep their attributes and chunking.
    The counts of the old batch stay.

    Exit code 0: started, or there were no such files, or (--wait) all completed; 1: (--wait) some did not; 2:
    refused, or no service.
    """
    selected = {"failed": failed or not cancelled, "cancelled": cancelled}
    statuses = [status for status, is_selected in selected.items() if is_selected]
    with open_client(base_url, api_key) as client:
        answer = _request_retry(client, target, store, statuses)
        batch = answer["file_batch"]
        if not as_json:
            _print_answer(answer, statuses)
        if wait and batch is not None:
            batch = answer["file_batch"] = wait_for_batch(client, batch)
            if not as_json:
                print_file_counts(batch["file_counts"])
    if as_json:
        print(json.dumps(answer))
    if wait and batch is not None and not is_complete(batch):
        raise typer.Exit(1)


def _request_retry(client: openai.OpenAI, target: str, store: str | None, statuses: list[str]) -> dict[str, Any]:
    if target.startswith("vsfb_"):
        store_id = find_store_of_batch(client, target) if store is None else resolve_store_id(client, store)
        path = f"/vector_stores/{store_id}/file_batches/{target}/retry"
    else:
        path = f"/vector_stores/{resolve_store_id(client, target)}/retry"
    # No retries: a repeated request would lose the first answer, with its batch and its reasons.
    answer: dict[str, Any] = client.with_options(max_retries=0).post(
        path, cast_to=dict[str, Any], body={"statuses": statuses}
    )
    return answer


def _print_answer(answer: dict[str, Any], statuses: list[str]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    if answer["file_batch"] is None:
        print_line(console, f"There are no {' or '.join(statuses)} files.")
        return
    table = Table("files", "code", "reason")
    table.columns[0].justify = "right"
    for reason in answer["reasons"]:
        add_row(table, f"{reason['count']:,}", reason["code"], reason["message"])
    console.print(table)
    print_line(console, f"{answer['total']:,} files are retried as {answer['file_batch']['id']}")
    if answer["has_more"]:
        print_line(
            console, "There may be more files than one batch takes. Repeat the command when this batch has ended."
        )
