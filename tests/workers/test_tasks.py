"""The tasks: from a message to the result that Celery and Flower show."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.exceptions import Retry

from ingest.config import Settings
from ingest.db.queue.feed import unpublish
from ingest.db.session import Database
from ingest.dispatch.broker import task_arguments
from ingest.errors import DependencyDown, InvalidFile
from tests.conftest import Clock
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts


@pytest.fixture
def worker(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, sqlite_template: Path, tmp_path: Path, clock: Clock
) -> Iterator[FakeServices]:
    """The services of this process, as if it were a worker's child."""
    monkeypatch.setenv("INGEST_REDIS_URL", "redis://127.0.0.1:1/0")
    from workers import process

    shutil.copy(sqlite_template, tmp_path / "worker.db")
    database = Database(f"sqlite:///{tmp_path / 'worker.db'}", clock=clock)
    services = FakeServices(settings, database)
    monkeypatch.setattr(process, "_services", [services])
    yield services
    database.dispose()


def test_a_task_accepts_a_message_and_reports_the_time_of_each_stage(worker: FakeServices) -> None:
    from workers.tasks import ingest_file

    attach_texts(worker, "hello")
    [message] = worker.queue.lanes["interactive"]

    summary = ingest_file(**task_arguments(message))

    assert re.fullmatch(r"completed \(parse .* s, chunk .* s, embed .* s, index .* s\)", summary)


def test_the_task_of_a_failed_file_fails_with_the_reason(worker: FakeServices) -> None:
    from workers.tasks import FileFailed, ingest_file

    attach_texts(worker, "hello")
    worker.parser.error = InvalidFile("It is broken.")
    message = worker.queue.lanes["interactive"][-1]

    with pytest.raises(FileFailed, match="It is broken"):
        ingest_file(**task_arguments(message))


def test_the_task_of_a_delayed_file_is_to_be_retried_with_its_reason_and_is_not_sent_again(
    worker: FakeServices,
) -> None:
    from workers.tasks import ingest_file

    attach_texts(worker, "hello")
    worker.embedder.error = DependencyDown("embedder", "answered 503 at http://user:pass@10.0.0.1/")
    [message] = worker.queue.lanes["interactive"]
    worker.queue.lanes["interactive"].clear()

    with pytest.raises(Retry) as delayed:
        ingest_file(**task_arguments(message))

    shown = repr(delayed.value.exc)  # what the event `task-retried` has, and Flower shows
    assert re.match(r"FileDelayed\('deferred: embedder: answered 503 at http://10.0.0.1/, next try in \d+ s", shown)
    assert worker.queue.lanes["interactive"] == []


def test_the_task_of_a_file_that_needs_ocr_is_to_be_retried(worker: FakeServices) -> None:
    from workers.tasks import ingest_file

    attach_texts(worker, "hello")
    worker.parser.needs_ocr = True
    [message] = worker.queue.lanes["interactive"]

    with pytest.raises(Retry, match="slow"):
        ingest_file(**task_arguments(message))


def test_the_task_of_a_file_that_has_ended_succeeds(worker: FakeServices) -> None:
    from workers.tasks import ingest_file

    attach_texts(worker, "hello")
    [message] = worker.queue.lanes["interactive"]
    ingest_file(**task_arguments(message))

    assert ingest_file(**task_arguments(message)) == "skipped"


def test_a_lost_database_leaves_the_task_to_be_retried(worker: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    from workers import tasks

    def lose(*_: object, **__: object) -> None:
        raise DependencyDown("database", "no answer")

    monkeypatch.setattr(tasks, "run_job", lose)
    attach_texts(worker, "hello")
    [message] = worker.queue.lanes["interactive"]

    with pytest.raises(Retry, match="lost: database: no answer"):
        tasks.ingest_file(**task_arguments(message))


def test_the_next_files_are_published_after_each_file(worker: FakeServices) -> None:
    from workers.tasks import ingest_file

    attach_texts(worker, "one", "two")
    first, second = worker.queue.lanes["interactive"][-2:]
    worker.queue.lanes["interactive"].clear()
    with worker.database.transaction() as session:
        unpublish(session, [second.row])

    ingest_file(**task_arguments(first))

    assert [message.row for message in worker.queue.lanes["interactive"]] == [second.row]
