"""`ingest retry` against the real API over fakes, as its user calls it."""

import json
import threading

import pytest

from ingest.db.queue.membership import Member
from ingest.embedded.parts import free_port
from ingest.errors import InvalidFile
from ingest.stores import batches
from tests.cli.conftest import Command, work
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.test_run import store_with, upload


def failed_batch(services: FakeServices, *texts: str) -> tuple[str, str]:
    """A store and a batch in it whose files have all failed."""
    store, _ = store_with(services)
    members = [Member(upload(services, text), {}, 800, 400) for text in texts]
    batch = batches.create(services, CALLER, store, members)
    services.parser.error = InvalidFile("The file is broken.")
    work(services, len(texts))
    services.parser.error = None
    return store, batch.id


def test_it_tells_the_reasons_and_the_new_batch(services: FakeServices, url: str, ingest: Command) -> None:
    store, batch = failed_batch(services, "one", "two")

    ended = ingest("retry", batch, "--base-url", url)

    assert (ended.code, ended.err) == (0, "")
    assert "invalid_file" in ended.out
    assert "The file is broken." in ended.out
    new = ended.out.strip().rsplit(" ", 1)[1]
    assert f"2 files run again as {new}" in ended.out
    assert batches.retrieve(services, CALLER, store, new).in_progress == 2


@pytest.mark.parametrize("name", ["by id", "by name"])
def test_a_whole_store_is_retried(services: FakeServices, url: str, ingest: Command, name: str) -> None:
    store, _ = failed_batch(services, "one", "two", "three")

    ended = ingest("retry", store if name == "by id" else "s", "--base-url", url, "--json")

    assert ended.code == 0
    assert json.loads(ended.out.splitlines()[-1])["total"] == 3
    assert rows.counts(services.database, store) == (3, 0, 0, 0)


def test_waiting_ends_with_the_batch_and_its_counts(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = failed_batch(services, "one", "two")
    worker = threading.Thread(target=work, args=(services, 2))
    worker.start()

    ended = ingest("retry", store, "--base-url", url, "--wait", "--json")

    worker.join(10)
    assert ended.code == 0
    counts = json.loads(ended.out.splitlines()[-1])["file_batch"]["file_counts"]
    assert counts == {"in_progress": 0, "completed": 2, "failed": 0, "cancelled": 0, "total": 2}


def test_waiting_for_files_that_fail_again_says_so(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = failed_batch(services, "one")
    services.parser.error = InvalidFile("The file is still broken.")
    worker = threading.Thread(target=work, args=(services, 1))
    worker.start()

    ended = ingest("retry", store, "--base-url", url, "--wait")

    worker.join(10)
    assert ended.code == 1
    assert "0 completed, 1 failed, 0 cancelled" in ended.out


def test_cancelled_files_run_again_only_when_asked_for(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = store_with(services)
    batch = batches.create(services, CALLER, store, [Member(upload(services, "x"), {}, 800, 400)])
    batches.cancel(services, CALLER, store, batch.id)

    default = ingest("retry", store, "--base-url", url)
    asked = ingest("retry", store, "--cancelled", "--base-url", url)

    assert default.out == "There are no failed files.\n"
    assert "1 files run again" in asked.out
    assert rows.counts(services.database, store) == (1, 0, 0, 0)


def test_what_is_not_there_is_one_line(services: FakeServices, url: str, ingest: Command) -> None:
    for wrong in ("vsfb_none", "vs_none", "no such name"):
        ended = ingest("retry", wrong, "--base-url", url)

        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)


def test_no_service_is_one_line(ingest: Command) -> None:
    ended = ingest("retry", "vs_1", "--base-url", f"http://127.0.0.1:{free_port()}/v1")

    assert ended.code == 2
    assert "No service answers" in ended.err
