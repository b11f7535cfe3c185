"""`ingest search`: search a vector store, and explain the ranking."""

import json
import re
from typing import Annotated, Any

import typer
from rich.console import Console

from ingest.cli.options import ApiKey, BaseUrl, StoreArgument
from ingest.cli.output import print_line
from ingest.cli.store_batches import resolve_store_id
from ingest.imports.client import open_client
from ingest.imports.service_url import DEFAULT_URL

_SHOWN_CHARACTERS = 160
_SHOWN_BEFORE = 60  # characters before the first word of the query
_LEAST_WORD = 4  # shorter words are mostly articles and prepositions


def search(
    store: StoreArgument,
    query: Annotated[str, typer.Argument(help="What to search for.")],
    limit: Annotated[int, typer.Option(min=1, max=50, help="Number of results.")] = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Print how each result was ranked.")] = False,
    file: Annotated[
        list[str] | None,
        typer.Option(help="Print why the file with this id is among the results or not (repeatable, at most 10)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Search a vector store, as a request to the API does.

    Exit code 0: something was found; 1: nothing; 2: refused, or no service.
    """
    body = {"query": query, "max_num_results": limit, "explain": explain, "explain_file_ids": file or []}
    with open_client(base_url, api_key) as client:
        path = f"/vector_stores/{resolve_store_id(client, store)}/search"
        page: dict[str, Any] = client.post(path, cast_to=dict[str, Any], body=body)
    if as_json:
        print(json.dumps(page))
    else:
        _print_page(page, query)
    if not page["data"]:
        raise typer.Exit(1)


def _print_page(page: dict[str, Any], query: str) -> None:
    console = Console()
    for rank, result in enumerate(page["data"], 1):
        print_line(console, f"{rank}. {result['score']:.3f} {result['filename']} ({result['file_id']})")
        print_line(console, f"   {excerpt(result['content'][0]['text'], query)}")
        for line in _explanation_lines(result.get("explanation")):
            print_line(console, f"   {line}")
    if not page["data"]:
        print_line(console, "Nothing was found.")
    for explained in page.get("explanation", {}).get("files", []):
        print_line(console, f"{explained['file_id']}: {explained['reason']}. {explained['message']}")


def excerpt(text: str, query: str) -> str:
    """Return the part of a text, in one line, in which most of the query's longer words occur; the first of several."""
    line = " ".join(text.split())
    if len(line) <= _SHOWN_CHARACTERS:
        return line
    words = [word for word in re.findall(r"\w+", query.lower()) if len(word) >= _LEAST_WORD] or [query.lower()]
    places = [(match.start(), word) for word in words for match in re.finditer(re.escape(word), line.lower())]
    starts = sorted({0, *(max(0, place - _SHOWN_BEFORE) for place, _ in places)})

    def count_words(start: int) -> int:
        return len({word for place, word in places if start <= place < start + _SHOWN_CHARACTERS - len(word)})

    start = max(starts, key=count_words)
    end = start + _SHOWN_CHARACTERS
    return ("…" if start else "") + line[start:end].strip() + ("…" if end < len(line) else "")


def _explanation_lines(explanation: dict[str, Any] | None) -> list[str]:
    """Return a line for each part that ranked a result."""
    if explanation is None:
        return []
    lines = []
    if dense := explanation["dense"]:
        cosine = f"cosine {dense['cosine']:.3f}, floor {dense['floor']:.3f}"
        lines.append(f"meaning: {_part(dense)} ({cosine})")
    if lexical := explanation["lexical"]:
        bm25 = f"BM25 {lexical['bm25']:.3f} of {lexical['ceiling']:.3f}: {', '.join(lexical['matched_terms'])}"
        lines.append(f"words: {_part(lexical)} ({bm25})")
    if rerank := explanation["rerank"]:
        lines.append(f"reranker: {rerank['score']:.3f}, before it rank {explanation['fused_rank']}")
    return lines


def _part(part: dict[str, Any]) -> str:
    rank = "below the list" if part["rank"] is None else f"rank {part['rank']}"
    return f"{rank}, {part['weight']:.2f} * {part['part']:.3f}"
