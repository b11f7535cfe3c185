"""`ingest eval`: measure how much of what golden queries expect a store finds."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import openai
import typer

from ingest.cli.evaluation_display import print_comparison, print_evaluation, print_queries
from ingest.cli.golden_file import read_golden
from ingest.cli.options import ApiKey, BaseUrl, StoreArgument
from ingest.cli.output import print_to_stderr
from ingest.cli.store_batches import resolve_store_id
from ingest.errors import InvalidRequest, Refused
from ingest.imports.client import open_client
from ingest.imports.service_url import DEFAULT_URL
from ingest.search.evaluation.comparison import Comparison, compare
from ingest.search.evaluation.golden import GoldenQuery
from ingest.search.evaluation.matching import FoundPassage, rank_expected
from ingest.search.evaluation.runs import NDCG_DEPTH, Evaluation, assess
from ingest.search.evaluation.settings import MAX_RESULTS, SearchSettings, parse_changes

THREADS = 4
"""Searches at a time."""

DEFAULT_DEPTHS = (5, 10)

Queries = Annotated[Path, typer.Option("--queries", help="Golden queries, one JSON object a line.")]
Depths = Annotated[
    list[int] | None,
    typer.Option("-k", "--k", min=1, max=MAX_RESULTS, help="Depth of recall (repeatable; default: 5 and 10)."),
]
With = Annotated[
    list[str] | None,
    typer.Option("--with", help="Setting of the searches as NAME=VALUE, for example text_weight=0 (repeatable)."),
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        help="Compare with these other settings, for example ranker=none, index=other or store=NAME (repeatable)."
    ),
]
Save = Annotated[Path | None, typer.Option(help="Write the result to this JSON file.")]
CompareFile = Annotated[
    Path | None, typer.Option("--compare", help="Compare a saved result (first) with this one (second).")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Print a table of all queries.")]
Least = Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Exit with 1 below this mean.")]


def evaluate(
    store: StoreArgument,
    queries: Queries,
    depths: Depths = None,
    with_: With = None,
    against: Against = None,
    save: Save = None,
    compare_file: CompareFile = None,
    verbose: Verbose = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    min_recall: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Exit with 1 if recall at the largest depth is below.")
    ] = None,
    min_ndcg: Least = None,
    min_mrr: Least = None,
    min_success: Least = None,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Measure the search of a store with golden queries.

    The metrics are nDCG@10, recall, MRR and success@1. A line of the file is
    {"query": "notice period", "expected": ["contract.pdf"]}. Instead of the name or id of a file, `expected` may have
    {"file": ..., "page": 3}, {"text": "a part of the passage"} and a "grade".

    Exit code 0: measured; 1: a metric is below its --min; 2: refused, or no service.
    """
    if against and compare_file:
        raise typer.BadParameter("--against and --compare exclude each other.")
    golden, settings = read_golden(queries), _settings(SearchSettings(store), with_)
    ks = tuple(sorted(set(depths or DEFAULT_DEPTHS)))
    saved = None if compare_file is None else _read_saved(compare_file)
    with open_client(base_url, api_key) as client:
        evaluation, missing = _measure(client, golden, settings, ks)
        other = None
        if against:
            other, _ = _measure(client, golden, _settings(settings, against), ks)
    if save is not None:
        _write(save, evaluation)
    pair = (evaluation, other) if other is not None else None if saved is None else (saved, evaluation)
    comparison = None if pair is None else _compare(*pair)
    if as_json:
        print(json.dumps(_to_json(evaluation, missing, comparison)))
    else:
        _print(evaluation, missing, pair, comparison, verbose=verbose)
    _exit_below(evaluation, {f"recall@{ks[-1]}": min_recall, f"ndcg@{NDCG_DEPTH}": min_ndcg, "mrr": min_mrr,
                             "success@1": min_success})  # fmt: skip


def _print(
    evaluation: Evaluation,
    missing: list[str],
    pair: tuple[Evaluation, Evaluation] | None,
    comparison: Comparison | None,
    *,
    verbose: bool,
) -> None:
    print_evaluation(evaluation, missing)
    if verbose:
        print_queries(evaluation)
    if pair is not None and comparison is not None:
        print_comparison(pair[0].name, pair[1].name, comparison)


def _measure(
    client: openai.OpenAI, golden: Sequence[GoldenQuery], settings: SearchSettings, depths: tuple[int, ...]
) -> tuple[Evaluation, list[str]]:
    """Search all queries, and return the evaluation and the expected files that the store does not have."""
    path = f"/vector_stores/{resolve_store_id(client, settings.store)}/search"
    depth = max(NDCG_DEPTH, *depths)

    def rank(query: GoldenQuery) -> list[int | None]:
        return rank_expected(query, _search(client, path, settings.body(query, depth)))

    with ThreadPoolExecutor(THREADS) as pool:
        ranks = list(pool.map(rank, golden))
        evaluation = Evaluation(
            settings.name, [assess(query, each, depths) for query, each in zip(golden, ranks, strict=True)]
        )
        return evaluation, _find_missing(lambda body: _search(client, path, body), pool, golden, ranks)


def _search(client: openai.OpenAI, path: str, body: dict[str, Any]) -> list[FoundPassage]:
    page = client.post(path, cast_to=dict[str, Any], body=body)
    return [_to_found(item) for item in page["data"]]


def _to_found(item: dict[str, Any]) -> FoundPassage:
    pages = (item.get("location") or {}).get("pages")
    text = "\n".join(part["text"] for part in item["content"])
    return FoundPassage(item["file_id"], item["filename"], text, (pages[0], pages[1]) if pages else None)


def _find_missing(
    search: Callable[[dict[str, Any]], list[FoundPassage]],
    pool: ThreadPoolExecutor,
    golden: Sequence[GoldenQuery],
    ranks: Sequence[Sequence[int | None]],
) -> list[str]:
    """Return the expected names of files that were not found and that no file of the store has."""
    unfound = [
        expected.file
        for query, each in zip(golden, ranks, strict=True)
        for expected, rank in zip(query.expected, each, strict=True)
        if rank is None and expected.file is not None and not expected.file.startswith("file-")
    ]
    names = list(dict.fromkeys(unfound))
    bodies = [
        {"query": name, "max_num_results": 1, "filters": {"type": "eq", "key": "filename", "value": name}}
        for name in names
    ]
    return [name for name, found in zip(names, pool.map(search, bodies), strict=True) if not found]


def _settings(base: SearchSettings, changes: list[str] | None) -> SearchSettings:
    try:
        return base.with_changes(parse_changes(changes or []))
    except InvalidRequest as exc:
        raise typer.BadParameter(str(exc)) from exc


def _compare(first: Evaluation, second: Evaluation) -> Comparison:
    try:
        return compare(first, second)
    except InvalidRequest as exc:
        raise Refused(str(exc)) from exc


def _read_saved(path: Path) -> Evaluation:
    try:
        return Evaluation.from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as exc:
        raise Refused(f"{path} cannot be read: {exc.strerror}.") from exc
    except InvalidRequest as exc:
        raise Refused(f"{path}: {exc}") from exc
    except ValueError as exc:
        raise Refused(f"{path} is not JSON.") from exc


def _write(path: Path, evaluation: Evaluation) -> None:
    try:
        path.write_text(json.dumps(evaluation.to_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as exc:
        raise Refused(f"{path} cannot be written: {exc.strerror}.") from exc


def _to_json(evaluation: Evaluation, missing: list[str], comparison: Comparison | None) -> dict[str, Any]:
    value = evaluation.to_json() | {"missing_files": missing}
    return value if comparison is None else value | {"comparison": comparison.to_json()}


def _exit_below(evaluation: Evaluation, least: dict[str, float | None]) -> None:
    """Exit with 1 if a mean is below its bound."""
    means = evaluation.means()
    below = [name for name, bound in least.items() if bound is not None and means[name] < bound]
    for name in below:
        print_to_stderr(f"{name} is {means[name]:.4f}, below {least[name]:g}")
    if below:
        raise typer.Exit(1)
