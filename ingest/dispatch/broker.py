"""The wire to the broker: names of queues and tasks, the message format, and a client that only sends.

Workers and senders of two releases share the broker during an upgrade: names and formats must stay the same.
"""

from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from ingest.config import Settings
from ingest.db.queue.feed import QueuedFile
from ingest.errors import DependencyDown, Refused
from ingest.status import Lane

FILE_TASK = "ingest.file"
MAINTENANCE_TASK = "ingest.sweep"
QUEUES: dict[Lane, str] = {"interactive": "interactive", "bulk": "bulk", "slow": "slow"}
MAINTENANCE_QUEUE = "maintenance"
KEY_PREFIX = "ingest:"


class Queue(Protocol):
    """Messages about queued files, from the feeder to the workers. It may lose, double or delay them."""

    def send(self, lane: Lane, files: list[QueuedFile]) -> None:
        """Send one message a file. Raises DependencyDown("broker"), perhaps after some were sent."""

    def depth(self, lane: Lane) -> int:
        """Return the number of messages that no worker has taken yet. Raises DependencyDown("broker")."""


class BrokerQueue:
    """The queue on Redis or Valkey, through Celery."""

    def __init__(self, settings: Settings) -> None:
        self._app = make_celery_app(settings)
        self._redis = Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2)

    def send(self, lane: Lane, files: list[QueuedFile]) -> None:
        try:
            with self._app.producer_pool.acquire(block=True, timeout=5) as producer:
                for file in files:
                    self._app.send_task(
                        FILE_TASK,
                        kwargs=task_arguments(file),
                        kwargsrepr=describe_for_flower(file),
                        queue=QUEUES[lane],
                        producer=producer,
                        ignore_result=True,
                    )
        except (KombuError, RedisError, OSError) as exc:
            raise DependencyDown("broker", str(exc) or type(exc).__name__) from exc

    def depth(self, lane: Lane) -> int:
        try:
            return int(self._redis.llen(KEY_PREFIX + QUEUES[lane]))
        except (RedisError, OSError) as exc:
            raise DependencyDown("broker", str(exc) or type(exc).__name__) from exc


def task_arguments(file: QueuedFile) -> dict[str, Any]:
    """Return a task's arguments. Workers use `row` only; the others are for people who read them in Flower."""
    return {
        "row": file.row,
        "file": file.file_id,
        "name": file.filename,
        "store": file.vector_store_id,
        "batch": file.batch_id,
        "attempt": file.attempt,
    }


def describe_for_flower(file: QueuedFile) -> str:
    """Return the arguments as Flower shows them, with the facts first that people search for."""
    batch = file.batch_id or "no batch"
    return f"{file.filename!r} ({file.file_id}) in {file.vector_store_id}, {batch}, attempt {file.attempt}"


def make_celery_app(settings: Settings) -> Celery:
    """Return Celery with the settings that senders and workers share (deploy/docs/decisions/0002-celery-settings.md).

    Raises Refused without a broker URL.
    """
    if not settings.redis_url:
        raise Refused("INGEST_REDIS_URL is not set; `ingest up` starts a broker of its own.")
    app = Celery("ingest", broker=settings.redis_url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=False,
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1},
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        broker_connection_retry_on_startup=True,
        # A broker whose disk is full refuses writes and pings (MISCONF): the worker reconnects instead of ending.
        broker_channel_error_retry=True,
        broker_transport_options={
            "global_keyprefix": KEY_PREFIX,
            "socket_timeout": 5,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 5,
            "visibility_timeout": 3600,
            "queue_order_strategy": "priority",
            # The feeder publishes lost messages again. A copy of each message until its acknowledgement, a moment later,
            # would cost two more writes a message.
            "ack_emulation": False,
        },
        task_default_queue=MAINTENANCE_QUEUE,
        worker_send_task_events=True,
        # A message waits for seconds at most, and the event would cost its sender one more message.
        task_send_sent_event=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        timezone="UTC",
    )
    return app
