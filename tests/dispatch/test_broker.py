"""The message format. tests/contracts/test_broker.py holds the tests against real brokers."""

import pytest

from ingest.config import Settings
from ingest.db.queue.feed import QueuedFile
from ingest.dispatch import broker
from ingest.dispatch.broker import describe_for_flower, make_celery_app, task_arguments
from ingest.errors import Refused

FILE = QueuedFile(7, "file-1", "report.pdf", "vs_1", "vsfb_1", attempt=2)


def test_the_task_description_names_file_store_batch_and_attempt() -> None:
    assert describe_for_flower(FILE) == "'report.pdf' (file-1) in vs_1, vsfb_1, attempt 2"


def test_a_single_file_is_described_without_a_batch() -> None:
    single = QueuedFile(7, "file-1", "report.pdf", "vs_1", None, attempt=1)

    assert describe_for_flower(single) == "'report.pdf' (file-1) in vs_1, no batch, attempt 1"


def test_names_on_the_wire_stay_the_same_for_rolling_upgrades() -> None:
    assert (broker.FILE_TASK, broker.MAINTENANCE_TASK) == ("ingest.file", "ingest.sweep")
    assert broker.QUEUES == {"interactive": "interactive", "bulk": "bulk", "slow": "slow"}
    assert (broker.MAINTENANCE_QUEUE, broker.KEY_PREFIX) == ("maintenance", "ingest:")
    assert task_arguments(FILE).keys() == {"row", "file", "name", "store", "batch", "attempt"}


def test_without_a_broker_url_there_is_no_celery() -> None:
    with pytest.raises(Refused, match="INGEST_REDIS_URL is not set"):
        make_celery_app(Settings(redis_url=""))
