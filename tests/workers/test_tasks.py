"""The tasks: what Celery is told, and what it makes of how a file ended."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.db.queue.feed import Waiting, forget
from ingest.db.session import Database
from ingest.dispatch.broker import FILE_TASK, SWEEP_TASK, described, message
from ingest.errors import InvalidFile
from tests.conftest import Clock
from tests.fakes import FakeServices
from tests.jobs.test_run import store_with


@pytest.fixture
def worker(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, sqlite_template: Path, tmp_path: Path, clock: Clock
) -> Iterator[FakeServices]:
    """The tools of this process, as if it were a worker's child."""
    monkeypatch.setenv("INGEST_REDIS_URL", "redis://127.0.0.1:1/0")
    from workers import process

    shutil.copy(sqlite_template, tmp_path / "worker.db")
    database = Database(f"sqlite:///{tmp_path / 'worker.db'}", clock=clock)
    services = FakeServices(settings, database)
    monkeypatch.setattr(process, "_services", [services])
    yield services
    database.dispose()


def test_a_task_takes_what_a_message_carries_and_tells_where_the_time_went(worker: FakeServices) -> None:
    from workers.tasks import file

    store_with(worker, "hello")
    [waiting] = worker.queue.lanes["interactive"]

    said = file(**message(waiting))

    assert re.fullmatch(r"completed \(parse .* s, chunk .* s, embed .* s, index .* s\)", said)


def test_a_file_that_failed_is_a_task_that_failed_for_its_reason(worker: FakeServices) -> None:
    from workers.tasks import FileFailed, file

    store_with(worker, "hello")
    worker.parser.error = InvalidFile("It is broken.")
    waiting = worker.queue.lanes["interactive"][-1]

    with pytest.raises(FileFailed, match="It is broken"):
        file(**message(waiting))


def test_the_next_files_are_told_after_each(worker: FakeServices) -> None:
    from workers.tasks import file

    store_with(worker, "one", "two")
    first, second = worker.queue.lanes["interactive"][-2:]
    worker.queue.lanes["interactive"].clear()
    with worker.database.transaction() as session:
        forget(session, [second.row])

    file(**message(first))

    assert [waiting.row for waiting in worker.queue.lanes["interactive"]] == [second.row]


def test_people_read_name_file_store_batch_and_attempt() -> None:
    waiting = Waiting(7, "file-1", "report.pdf", "vs_1", "vsfb_1", attempt=2)

    assert described(waiting) == "'report.pdf' (file-1) in vs_1, vsfb_1, attempt 2"


def test_celery_looks_at_single_files_first_and_at_batches_last(worker: FakeServices) -> None:
    from workers.app import create

    celery = create(Settings(redis_url="redis://127.0.0.1:1/0"))

    assert [queue.name for queue in celery.conf.task_queues] == ["interactive", "maintenance", "bulk"]
    assert celery.conf.beat_schedule["sweep"]["task"] == SWEEP_TASK
    assert celery.conf.task_acks_late is False
    assert FILE_TASK == "ingest.file"
