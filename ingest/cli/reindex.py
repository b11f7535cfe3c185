"""`ingest reindex`: re-index the files of a vector store."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import openai
import typer
from rich.console import Console

from ingest.cli.golden_file import read_golden
from ingest.cli.options import ApiKey, BaseUrl, StoreArgument, Wait
from ingest.cli.output import print_line
from ingest.cli.reindex_gate import wait_for_gate
from ingest.cli.store_batches import is_complete, print_file_counts, resolve_store_id, wait_for_batch
from ingest.imports.client import open_client
from ingest.imports.service_url import DEFAULT_URL

Only = Annotated[
    Literal["all", "failed", "stale", "warnings"],
    typer.Option(
        help="`stale`: files with an outdated pipeline version; `failed`: files that failed, at first or at a re-index; "
        "`warnings`: files with parts that were not read."
    ),
]
ChunkTokens = Annotated[
    int | None, typer.Option(min=100, max=4096, help="Tokens in a chunk (default: the sizes of each file).")
]
Overlap = Annotated[
    int | None, typer.Option(min=0, help="Tokens that a chunk shares with the one before (default: half a chunk).")
]
Model = Annotated[
    str, typer.Option(help="Change to this embedding model (a name in the service) when all files are re-indexed.")
]
Now = Annotated[bool, typer.Option("--now", help="Change each file as soon as it is re-indexed.")]
Rollback = Annotated[bool, typer.Option("--rollback", help="Return to the previous embedding model of the store.")]
Purge = Annotated[
    bool,
    typer.Option("--purge", help="Only delete the points kept for a rollback, or those of an index whose gate failed."),
]
Gate = Annotated[
    Path | None,
    typer.Option(
        help="Change the model only if these golden queries (JSONL) find as much as before; see `ingest eval`."
    ),
]
GateTolerance = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="By how much recall@10 of the golden queries may fall.")
]
Force = Annotated[bool, typer.Option("--force", help="Change the model even if the store's gate has failed.")]


def reindex(
    store: StoreArgument,
    only: Only = "all",
    chunk_tokens: ChunkTokens = None,
    overlap: Overlap = None,
    model: Model = "",
    now: Now = False,
    rollback: Rollback = False,
    purge: Purge = False,
    gate: Gate = None,
    gate_tolerance: GateTolerance = 0.0,
    force: Force = False,
    wait: Wait = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the batch as one JSON object.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Re-index the files of a store, or change its model.

    Search uses the old index of each file until the new one is complete, and keeps it if the file fails or is
    cancelled. With --gate, a store keeps its model if golden queries find less with the new one.

    Exit code 0: started, or (--wait) all files completed and the gate passed; 1: (--wait) some did not, or it failed;
    2: refused, or no service.
    """
    body = reindex_body(only, chunk_tokens, overlap)
    if sum((bool(model), rollback, purge)) > 1:
        raise typer.BadParameter("--model, --rollback and --purge exclude each other.")
    if now and not (model or rollback):
        raise typer.BadParameter("--now needs --model or --rollback.")
    if (gate or force) and not model:
        raise typer.BadParameter("--gate and --force need --model.")
    if (rollback or purge) and body != {"only": "all"}:
        raise typer.BadParameter("--rollback and --purge apply to all files, without --only and --chunk-tokens.")
    with open_client(base_url, api_key) as client:
        path = f"/vector_stores/{resolve_store_id(client, store)}/reindex"
        if purge:
            _purge(client, path, as_json)
            return
        body = {"now": now} if rollback else body | _model_options(model, now, gate, gate_tolerance, force)
        batch = _start(client, path + "/rollback" * rollback, body, as_json=as_json, wait=wait, rollback=rollback)
        has_passed = wait_for_gate(client, path, quiet=as_json) if wait and model and is_complete(batch) else True
    if as_json:
        print(json.dumps(batch))
    if wait and not (is_complete(batch) and has_passed):
        raise typer.Exit(1)


def _model_options(model: str, now: bool, gate: Path | None, tolerance: float, force: bool) -> dict[str, Any]:
    """Return the part of a request's body about another model. Raises Refused for a wrong golden file."""
    if not model:
        return {}
    body: dict[str, Any] = {"model": model, "now": now}
    if gate is not None:
        body["gate"] = {"queries": [query.to_json() for query in read_golden(gate)], "tolerance": tolerance}
    return body | ({"force": True} if force else {})


def reindex_body(only: str, chunk_tokens: int | None, overlap: int | None) -> dict[str, Any]:
    """Return the body of a re-index request. Raises BadParameter."""
    if chunk_tokens is None:
        if overlap is not None:
            raise typer.BadParameter("--overlap needs --chunk-tokens.")
        return {"only": only}
    sizes = {
        "max_chunk_size_tokens": chunk_tokens,
        "chunk_overlap_tokens": chunk_tokens // 2 if overlap is None else overlap,
    }
    return {"only": only, "chunking_strategy": {"type": "static", "static": sizes}}


def _start(
    client: openai.OpenAI, path: str, body: dict[str, Any], *, as_json: bool, wait: bool, rollback: bool
) -> dict[str, Any]:
    """Start a re-index or a rollback and return its batch; with `wait` when it has ended."""
    # No retries: a repeated request would re-index the files twice.
    batch: dict[str, Any] = client.with_options(max_retries=0).post(path, cast_to=dict[str, Any], body=body)
    if not as_json:
        print_line(Console(), _describe_start(batch, rollback=rollback))
    if wait:
        batch = wait_for_batch(client, batch)
        if not as_json:
            print_file_counts(batch["file_counts"])
    return batch


def _describe_start(batch: dict[str, Any], *, rollback: bool) -> str:
    files = batch["file_counts"]["total"]
    if not rollback:
        return f"{files:,} files are re-indexed as {batch['id']}"
    if not files:
        return "the store is back at its previous model, whose index was kept; no file needs to be indexed again"
    return (
        f"the store returns to its previous model, whose index was kept; {files:,} files that have changed since then "
        f"are indexed with it as {batch['id']}"
    )


def _purge(client: openai.OpenAI, path: str, as_json: bool) -> None:
    models = client.post(f"{path}/purge", cast_to=dict[str, Any])
    if as_json:
        print(json.dumps(models))
    else:
        other_model = models["other_model"]
        line = f"the points of model '{other_model}' are deleted" if other_model else "there are no points to delete"
        print_line(Console(), line)
