"""The contract of `Queue`, and the tasks that Celery receives from the broker."""

from collections.abc import Iterator

import pytest

from ingest.config import Settings
from ingest.db.queue.feed import QueuedFile
from ingest.dispatch.broker import FILE_TASK, BrokerQueue, Queue, make_celery_app
from ingest.errors import DependencyDown, Refused
from tests import servers
from tests.fakes import FakeQueue


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture(params=["fake", pytest.param("broker", marks=pytest.mark.services)])
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    if request.param == "fake":
        yield FakeQueue()
        return
    url = request.getfixturevalue("broker_url")
    make_celery_app(Settings(redis_url=url)).connection().default_channel.client.flushdb()
    yield BrokerQueue(Settings(redis_url=url))


def waiting(row: int) -> QueuedFile:
    return QueuedFile(row, f"file-{row}", "report.pdf", "vs_1", "vsfb_1", attempt=1)


def test_sent_messages_are_counted_in_their_lane(queue: Queue) -> None:
    queue.send("bulk", [waiting(1), waiting(2)])
    queue.send("interactive", [waiting(3)])

    assert (queue.depth("bulk"), queue.depth("interactive")) == (2, 1)


def test_an_empty_queue_has_depth_zero(queue: Queue) -> None:
    assert queue.depth("bulk") == 0


@pytest.mark.services
def test_a_task_describes_its_file_store_batch_and_attempt(broker_url: str) -> None:
    app = make_celery_app(Settings(redis_url=broker_url))
    app.connection().default_channel.client.flushdb()
    BrokerQueue(Settings(redis_url=broker_url)).send("bulk", [waiting(7)])

    with app.connection() as connection:
        message = connection.SimpleQueue("bulk").get(timeout=5)

    assert message.headers["task"] == FILE_TASK
    assert message.payload[1] == {
        "row": 7, "file": "file-7", "name": "report.pdf", "store": "vs_1", "batch": "vsfb_1", "attempt": 1,
    }  # fmt: skip


def test_a_broker_that_does_not_answer_raises_dependency_down() -> None:
    queue = BrokerQueue(Settings(redis_url="redis://127.0.0.1:1/0"))

    with pytest.raises(DependencyDown):
        queue.depth("bulk")
    with pytest.raises(DependencyDown):
        queue.send("bulk", [waiting(1)])


def test_there_is_no_queue_without_a_broker() -> None:
    with pytest.raises(Refused, match="INGEST_REDIS_URL"):
        BrokerQueue(Settings(redis_url=""))
