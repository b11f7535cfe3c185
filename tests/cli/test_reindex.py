"""`ingest reindex` against the real API over fakes."""

import json
import threading
from pathlib import Path

import pytest

from ingest.config import LOCAL_MODEL, Settings
from ingest.errors import InvalidFile
from ingest.stores import batches, members
from tests.cli.conftest import Command, run_jobs_until_ended
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.reindex.scenes import HERONS, OTHER_MODEL, finish_all_work, model_state, with_models


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_models(settings, {OTHER_MODEL: 5})


def test_a_reindex_starts_a_batch_of_all_files(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = attach_texts(services, "one", "two")
    run_published_jobs(services)

    ended = ingest("reindex", "s", "--base-url", url)

    assert (ended.code, ended.err) == (0, "")
    new = ended.out.strip().rsplit(" ", 1)[1]
    assert ended.out.splitlines()[-1] == f"2 files are re-indexed as {new}"
    assert batches.retrieve(services, CALLER, store, new).in_progress == 2


def test_wait_waits_for_the_new_chunks(services: FakeServices, url: str, ingest: Command) -> None:
    store, [file_id] = attach_texts(services, "one")
    run_published_jobs(services)
    worker = threading.Thread(target=run_jobs_until_ended, args=(services, 1))
    worker.start()

    ended = ingest("reindex", store, "--chunk-tokens", 300, "--wait", "--json", "--base-url", url)

    worker.join(10)
    assert ended.code == 0
    assert json.loads(ended.out.splitlines()[-1])["file_counts"]["completed"] == 1
    file = members.retrieve(services, CALLER, store, file_id)
    assert (file.chunk_tokens, file.chunk_overlap) == (300, 150)


def test_wait_exits_with_1_when_files_fail(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = attach_texts(services, "one")
    run_published_jobs(services)
    services.parser.error = InvalidFile("The file is broken.")
    worker = threading.Thread(target=run_jobs_until_ended, args=(services, 1))
    worker.start()

    ended = ingest("reindex", store, "--wait", "--base-url", url)

    worker.join(10)
    assert ended.code == 1
    assert "0 completed, 1 failed, 0 cancelled" in ended.out
    assert rows.read_counts(services.database, store) == (0, 1, 0, 0)


def test_only_selects_stale_or_failed_files(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = attach_texts(services, "one")
    run_published_jobs(services)

    assert "0 files" in ingest("reindex", store, "--only", "stale", "--base-url", url).out
    assert "0 files" in ingest("reindex", store, "--only", "failed", "--base-url", url).out


INVALID_ARGUMENTS = [
    *(
        ["s", "--overlap", "5"],
        ["no such store"],
        ["s", "--only", "some"],
        ["s", "--now"],
        ["s", "--model", "nobody's"],
    ),
    *(["s", "--gate", "golden.jsonl"], ["s", "--force"]),
    *(["s", "--model", "x", "--rollback"], ["s", "--rollback"], ["s", "--purge", "--only", "stale"]),
]


@pytest.mark.parametrize("arguments", INVALID_ARGUMENTS)
def test_invalid_options_are_refused(services: FakeServices, url: str, ingest: Command, arguments: list[str]) -> None:
    attach_texts(services, "one")

    ended = ingest("reindex", *arguments, "--base-url", url)

    assert (ended.code, ended.out) == (2, "")


@pytest.mark.parametrize("options", [[], ["--now"]])
def test_a_store_changes_its_model_and_rolls_back(
    services: FakeServices, url: str, ingest: Command, options: list[str]
) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)

    assert "3 files" in ingest("reindex", store, "--model", OTHER_MODEL, *options, "--base-url", url).out
    finish_all_work(services)
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert "no file needs to be indexed" in ingest("reindex", store, "--rollback", *options, "--base-url", url).out
    finish_all_work(services)
    assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "kept")
    assert ingest("reindex", store, "--purge", "--base-url", url).out == "the points of model 'other' are deleted\n"
    finish_all_work(services)
    assert ingest("reindex", store, "--purge", "--base-url", url).out == "there are no points to delete\n"


def write_golden(path: Path, *texts: str) -> Path:
    path.write_text("".join(json.dumps({"query": text, "expected": [{"text": text}]}) + "\n" for text in texts))
    return path


@pytest.mark.parametrize("found", [True, False])
def test_a_gate_decides_whether_the_store_changes_its_model(
    services: FakeServices, url: str, ingest: Command, tmp_path: Path, found: bool
) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    golden = write_golden(tmp_path / "golden.jsonl", HERONS[0])
    if not found:
        services.index_of(OTHER_MODEL).search = lambda *_, **__: ([], [])  # type: ignore[method-assign] # a fake

    def work() -> None:
        run_jobs_until_ended(services, 3)
        finish_all_work(services)

    worker = threading.Thread(target=work)
    worker.start()

    ended = ingest("reindex", store, "--model", OTHER_MODEL, "--gate", golden, "--wait", "--base-url", url)

    worker.join(20)
    assert ended.code == (0 if found else 1)
    if found:
        assert "the gate has passed: recall@10 1.0000 -> 1.0000 (0 queries better, 0 worse)" in ended.out
        assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
        return
    assert "the gate has failed: recall@10 1.0000 -> 0.0000 (0 queries better, 1 worse)" in ended.out
    assert f"  1.00 -> 0.00  {HERONS[0]}" in ended.out
    assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "staging")
    assert "0 files" in ingest("reindex", store, "--model", OTHER_MODEL, "--force", "--base-url", url).out
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")


def test_a_wrong_golden_file_starts_no_reindex(
    services: FakeServices, url: str, ingest: Command, tmp_path: Path
) -> None:
    store, _ = attach_texts(services, *HERONS)
    golden = tmp_path / "golden.jsonl"
    golden.write_text("{}\n")

    ended = ingest("reindex", store, "--model", OTHER_MODEL, "--gate", golden, "--base-url", url)

    assert ended.code == 2
    assert "Line 1: 'query' must be a text" in ended.err
    assert model_state(services, store) == (LOCAL_MODEL, None, None)
