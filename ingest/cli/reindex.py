"""`ingest reindex`: a store's files are indexed anew while they are found as they were."""

import json
from typing import Annotated, Any, Literal

import openai
import typer
from rich.console import Console

from ingest.cli.batches import print_outcome, store_id, wait_for
from ingest.cli.options import ApiKey, BaseUrl
from ingest.imports.client import DEFAULT_URL, connected

Only = Annotated[
    Literal["all", "failed", "stale"],
    typer.Option(help="`stale`: what would be made otherwise today; `failed`: what failed, then or at a re-index."),
]
ChunkTokens = Annotated[
    int | None, typer.Option(min=100, max=4096, help="Tokens of a chunk; without it files keep their chunking.")
]
Model = Annotated[
    str, typer.Option(help="Go over to this embedding model, by its name in the service, when all files are ready...")
]
Now = Annotated[bool, typer.Option("--now", help="...or each file as soon as it is.")]
Rollback = Annotated[bool, typer.Option("--rollback", help="Go back to the embedding model that the store had before.")]
Purge = Annotated[bool, typer.Option("--purge", help="Delete what is kept for going back, and do nothing else.")]
Overlap = Annotated[
    int | None, typer.Option(min=0, help="Tokens that a chunk repeats of the one before; without it half of them.")
]


def reindex(
    store: Annotated[str, typer.Argument(metavar="STORE", help="A store's id or name.")],
    only: Only = "all",
    chunk_tokens: ChunkTokens = None,
    overlap: Overlap = None,
    model: Model = "",
    now: Now = False,
    rollback: Rollback = False,
    purge: Purge = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until all of them have ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the batch as one JSON object.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Index the files of a store anew. Each is found as it was until it is ready, and goes on so if it fails or is
    cancelled.

    Exit code 0: begun, or (--wait) all completed; 1: (--wait) some did not; 2: refused, or no service.
    """
    body = wish(only, chunk_tokens, overlap)
    if sum((bool(model), rollback, purge)) > 1:
        raise typer.BadParameter("--model, --rollback and --purge do not go together.")
    if now and not (model or rollback):
        raise typer.BadParameter("--now goes with --model or --rollback.")
    if (rollback or purge) and body != {"only": "all"}:
        raise typer.BadParameter("--rollback and --purge go for all files, as they were.")
    with connected(base_url, api_key) as client:
        path = f"/vector_stores/{store_id(client, store)}/reindex"
        if purge:
            _purge(client, path, as_json)
            return
        body = {"now": now} if rollback else body | ({"model": model, "now": now} if model else {})
        # Not sent again by itself: files would be indexed anew twice.
        once = client.with_options(max_retries=0)
        batch = once.post(path + "/rollback" * rollback, cast_to=dict[str, Any], body=body)
        if not as_json:
            total = batch["file_counts"]["total"]
            Console(soft_wrap=True, highlight=False).print(
                f"{total:,} files are indexed anew as {batch['id']}", markup=False
            )
        if wait:
            batch = wait_for(client, batch)
            if not as_json:
                print_outcome(batch["file_counts"])
    if as_json:
        print(json.dumps(batch))
    if wait and batch["file_counts"]["completed"] != batch["file_counts"]["total"]:
        raise typer.Exit(1)


def _purge(client: openai.OpenAI, path: str, as_json: bool) -> None:
    models = client.post(f"{path}/purge", cast_to=dict[str, Any])
    if as_json:
        print(json.dumps(models))
    else:
        what = f"points of '{models['other_model']}' are deleted" if models["other_model"] else "nothing is kept"
        Console(soft_wrap=True, highlight=False).print(what, markup=False)


def wish(only: str, chunk_tokens: int | None, overlap: int | None) -> dict[str, Any]:
    """The body of a request for a re-index. Raises BadParameter."""
    if chunk_tokens is None:
        if overlap is not None:
            raise typer.BadParameter("--overlap goes with --chunk-tokens.")
        return {"only": only}
    sizes = {
        "max_chunk_size_tokens": chunk_tokens,
        "chunk_overlap_tokens": chunk_tokens // 2 if overlap is None else overlap,
    }
    return {"only": only, "chunking_strategy": {"type": "static", "static": sizes}}
