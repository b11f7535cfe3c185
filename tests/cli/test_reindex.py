"""`ingest reindex` against the real API over fakes, as its user calls it."""

import json
import threading

import pytest

from ingest.config import LOCAL_MODEL, Settings
from ingest.errors import InvalidFile
from ingest.stores import batches, members
from tests.cli.conftest import Command, work
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.test_run import run_all, store_with
from tests.reindex.test_model_migration import HERONS, OTHER, settle, state, with_models


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_models(settings, {OTHER: 5})


def test_it_begins_a_batch_of_all_files(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = store_with(services, "one", "two")
    run_all(services)

    ended = ingest("reindex", "s", "--base-url", url)

    assert (ended.code, ended.err) == (0, "")
    new = ended.out.strip().rsplit(" ", 1)[1]
    assert ended.out.splitlines()[-1] == f"2 files are indexed anew as {new}"
    assert batches.retrieve(services, CALLER, store, new).in_progress == 2


def test_it_waits_for_new_chunks(services: FakeServices, url: str, ingest: Command) -> None:
    store, [file_id] = store_with(services, "one")
    run_all(services)
    worker = threading.Thread(target=work, args=(services, 1))
    worker.start()

    ended = ingest("reindex", store, "--chunk-tokens", 300, "--wait", "--json", "--base-url", url)

    worker.join(10)
    assert ended.code == 0
    assert json.loads(ended.out.splitlines()[-1])["file_counts"]["completed"] == 1
    file = members.retrieve(services, CALLER, store, file_id)
    assert (file.chunk_tokens, file.chunk_overlap) == (300, 150)


def test_waiting_for_files_that_fail_says_so(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = store_with(services, "one")
    run_all(services)
    services.parser.error = InvalidFile("The file is broken.")
    worker = threading.Thread(target=work, args=(services, 1))
    worker.start()

    ended = ingest("reindex", store, "--wait", "--base-url", url)

    worker.join(10)
    assert ended.code == 1
    assert "0 completed, 1 failed, 0 cancelled" in ended.out
    assert rows.counts(services.database, store) == (0, 1, 0, 0)


def test_only_what_is_asked_for(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = store_with(services, "one")
    run_all(services)

    assert "0 files" in ingest("reindex", store, "--only", "stale", "--base-url", url).out
    assert "0 files" in ingest("reindex", store, "--only", "failed", "--base-url", url).out


WRONG = [
    *(
        ["s", "--overlap", "5"],
        ["no such store"],
        ["s", "--only", "some"],
        ["s", "--now"],
        ["s", "--model", "nobody's"],
    ),
    *(["s", "--model", "x", "--rollback"], ["s", "--rollback"], ["s", "--purge", "--only", "stale"]),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_refused(services: FakeServices, url: str, ingest: Command, wrong: list[str]) -> None:
    store_with(services, "one")

    ended = ingest("reindex", *wrong, "--base-url", url)

    assert (ended.code, ended.out) == (2, "")


@pytest.mark.parametrize("options", [[], ["--now"]])
def test_a_store_goes_to_another_model_and_back(
    services: FakeServices, url: str, ingest: Command, options: list[str]
) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)

    assert "3 files" in ingest("reindex", store, "--model", OTHER, *options, "--base-url", url).out
    settle(services)
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert "0 files" in ingest("reindex", store, "--rollback", *options, "--base-url", url).out
    settle(services)
    assert state(services, store) == (LOCAL_MODEL, OTHER, "kept")
    assert ingest("reindex", store, "--purge", "--base-url", url).out == "points of 'other' are deleted\n"
    settle(services)
    assert ingest("reindex", store, "--purge", "--base-url", url).out == "nothing is kept\n"
