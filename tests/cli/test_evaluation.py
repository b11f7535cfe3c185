"""`ingest eval` against the real API over fakes."""

import json
from pathlib import Path

import pytest

from ingest.config import Settings
from tests.cli.conftest import Command
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.reindex.scenes import HERONS, OTHER_MODEL, migrate, with_models


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_models(settings, {OTHER_MODEL: 5})


@pytest.fixture
def store(services: FakeServices) -> str:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    return store


def write_golden(folder: Path, *queries: object) -> Path:
    path = folder / "golden.jsonl"
    path.write_text("".join(json.dumps(query) + "\n" for query in queries))
    return path


def exact(text: str) -> dict[str, object]:
    return {"query": text, "expected": [{"text": text}]}


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """Three queries that find their passage, and one for a file that the store does not have."""
    return write_golden(tmp_path, *map(exact, HERONS), {"query": "heron", "expected": ["gone.pdf"]})


def test_the_means_and_the_missing_files_are_printed(store: str, url: str, ingest: Command, golden: Path) -> None:
    ended = ingest("eval", "s", "--queries", golden, "--verbose", "--base-url", url)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("4 queries, s\n")
    rows = {line.split("│")[1].strip(): line for line in ended.out.splitlines() if "│" in line}
    assert "0.7500" in rows["recall@10"]
    assert "0.7500" in rows["mrr"]
    assert "not in the store: gone.pdf" in ended.out
    assert HERONS[0] in rows


def test_json_has_the_metrics_and_ranks(store: str, url: str, ingest: Command, golden: Path) -> None:
    ended = ingest("eval", store, "--queries", golden, "-k", 1, "-k", 20, "--json", "--base-url", url)

    result = json.loads(ended.out)
    assert list(result["metrics"]) == ["ndcg@10", "recall@1", "recall@20", "mrr", "success@1"]
    assert result["metrics"]["recall@1"] == 0.75
    assert [query["ranks"] for query in result["queries"]] == [[1], [1], [1], [None]]
    assert result["missing_files"] == ["gone.pdf"]


def test_a_mean_below_its_bound_exits_with_1(store: str, url: str, ingest: Command, golden: Path) -> None:
    enough = ingest("eval", store, "--queries", golden, "--min-recall", 0.75, "--min-mrr", 0.7, "--base-url", url)
    below = ingest("eval", store, "--queries", golden, "--min-recall", 0.76, "--min-ndcg", 0.9, "--base-url", url)

    assert enough.code == 0
    assert (below.code, below.err) == (1, "recall@10 is 0.7500, below 0.76\nndcg@10 is 0.7500, below 0.9\n")


def test_two_settings_are_compared(services: FakeServices, store: str, url: str, ingest: Command, golden: Path) -> None:
    against = ("--against", "text_weight=1", "--against", "max_num_results=1")

    ended = ingest("eval", store, "--queries", golden, *against, "--json", "--base-url", url)

    comparison = json.loads(ended.out)["comparison"]
    assert comparison["queries"] == 4
    assert [each["name"] for each in comparison["metrics"]] == ["ndcg@10", "recall@5", "recall@10", "mrr", "success@1"]
    assert comparison["metrics"][2]["difference"] == 0.0
    assert ingest("eval", store, "--queries", golden, *against, "--base-url", url).out.count("p = 1.000") == 5


def test_the_two_indexes_of_a_migration_are_compared(
    services: FakeServices, store: str, url: str, ingest: Command, golden: Path
) -> None:
    migrate(services, store)

    ended = ingest("eval", store, "--queries", golden, "--against", "index=other", "--base-url", url)

    assert ended.code == 0
    assert "recall@10 │ 0.7500 │ 0.0000 │" in " ".join(ended.out.split())  # no file is ready yet
    assert f"  1.00 -> 0.00  {HERONS[0]}" in ended.out


def test_a_saved_result_is_compared_with_a_later_one(
    store: str, url: str, ingest: Command, golden: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "before.json"
    first = ingest("eval", store, "--queries", golden, "--save", saved, "--base-url", url)
    fewer = write_golden(tmp_path, *map(exact, HERONS[:2]))

    second = ingest("eval", store, "--queries", fewer, "--compare", saved, "--base-url", url)

    assert (first.code, second.code) == (0, 0)
    assert "2 queries are in one of the results only" in second.out


def test_wrong_input_is_refused(store: str, url: str, ingest: Command, golden: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"query": "a", "expected": ["b"]}\n{"query": "a", "answers": []}\n')
    common = ("--base-url", url)

    refused = [
        ingest("eval", store, "--queries", wrong, *common),
        ingest("eval", store, "--queries", tmp_path / "none.jsonl", *common),
        ingest("eval", store, "--queries", golden, "--compare", wrong, *common),
        ingest("eval", store, "--queries", golden, "--against", "weight=1", *common),
        ingest("eval", store, "--queries", golden, "--against", "index=other", *common),
        ingest("eval", "no such store", "--queries", golden, *common),
    ]

    assert [each.code for each in refused] == [2] * 6
    assert "Line 2: Unknown key 'answers'" in refused[0].err
    assert "cannot be read" in refused[1].err
    assert "is not JSON" in refused[2].err
    assert "The store has no other index that can be searched." in refused[4].err
