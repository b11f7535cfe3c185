"""`ingest retry` against the real API over fakes."""

import json
import threading

import pytest

from ingest.db.queue.membership import Member
from ingest.embedded.processes import free_port
from ingest.errors import InvalidFile
from ingest.stores import batches
from tests.cli.conftest import Command, run_jobs_until_ended
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, upload_text


def create_failed_batch(services: FakeServices, *texts: str) -> tuple[str, str]:
    """Create a store with a batch whose files have all failed; return their ids."""
    store, _ = attach_texts(services)
    members = [Member(upload_text(services, text), {}, 800, 400) for text in texts]
    batch = batches.create(services, CALLER, store, members)
    services.parser.error = InvalidFile("The file is broken.")
    run_jobs_until_ended(services, len(texts))
    services.parser.error = None
    return store, batch.id


def test_a_retry_prints_the_reasons_and_the_new_batch(services: FakeServices, url: str, ingest: Command) -> None:
    store, batch = create_failed_batch(services, "one", "two")

    ended = ingest("retry", batch, "--base-url", url)

    assert (ended.code, ended.err) == (0, "")
    assert "invalid_file" in ended.out
    assert "The file is broken." in ended.out
    new = ended.out.strip().rsplit(" ", 1)[1]
    assert f"2 files are retried as {new}" in ended.out
    assert batches.retrieve(services, CALLER, store, new).in_progress == 2


@pytest.mark.parametrize("name", ["by id", "by name"])
def test_all_failed_files_of_a_store_are_retried(services: FakeServices, url: str, ingest: Command, name: str) -> None:
    store, _ = create_failed_batch(services, "one", "two", "three")

    ended = ingest("retry", store if name == "by id" else "s", "--base-url", url, "--json")

    assert ended.code == 0
    assert json.loads(ended.out.splitlines()[-1])["total"] == 3
    assert rows.read_counts(services.database, store) == (3, 0, 0, 0)


def test_wait_returns_the_ended_batch_with_its_counts(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = create_failed_batch(services, "one", "two")
    worker = threading.Thread(target=run_jobs_until_ended, args=(services, 2))
    worker.start()

    ended = ingest("retry", store, "--base-url", url, "--wait", "--json")

    worker.join(10)
    assert ended.code == 0
    counts = json.loads(ended.out.splitlines()[-1])["file_batch"]["file_counts"]
    assert counts == {"in_progress": 0, "completed": 2, "failed": 0, "cancelled": 0, "total": 2}


def test_wait_exits_with_1_when_files_fail_again(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = create_failed_batch(services, "one")
    services.parser.error = InvalidFile("The file is still broken.")
    worker = threading.Thread(target=run_jobs_until_ended, args=(services, 1))
    worker.start()

    ended = ingest("retry", store, "--base-url", url, "--wait")

    worker.join(10)
    assert ended.code == 1
    assert "0 completed, 1 failed, 0 cancelled" in ended.out


def test_cancelled_files_are_retried_only_with_cancelled(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = attach_texts(services)
    batch = batches.create(services, CALLER, store, [Member(upload_text(services, "x"), {}, 800, 400)])
    batches.cancel(services, CALLER, store, batch.id)

    default = ingest("retry", store, "--base-url", url)
    cancelled = ingest("retry", store, "--cancelled", "--base-url", url)

    assert default.out == "There are no failed files.\n"
    assert "1 files are retried" in cancelled.out
    assert rows.read_counts(services.database, store) == (1, 0, 0, 0)


def test_an_unknown_batch_or_store_is_an_error_in_one_line(services: FakeServices, url: str, ingest: Command) -> None:
    for unknown in ("vsfb_none", "vs_none", "no such name"):
        ended = ingest("retry", unknown, "--base-url", url)

        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)


def test_a_service_that_does_not_answer_is_an_error_in_one_line(ingest: Command) -> None:
    ended = ingest("retry", "vs_1", "--base-url", f"http://127.0.0.1:{free_port()}/v1")

    assert ended.code == 2
    assert "No service answers" in ended.err
