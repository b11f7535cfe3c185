"""The wire to the broker: what the queues and the task are called, and a client that only sends."""

from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from ingest.config import Settings
from ingest.db.queue.feed import Waiting
from ingest.errors import DependencyDown, Refused
from ingest.status import Lane

FILE_TASK = "ingest.file"
SWEEP_TASK = "ingest.jobs.maintenance"
QUEUES: dict[Lane, str] = {"interactive": "interactive", "bulk": "bulk"}
MAINTENANCE_QUEUE = "maintenance"
KEY_PREFIX = "ingest:"


class Queue(Protocol):
    """Where the names of waiting files are told to the workers. It may lose, double or delay them."""

    def send(self, lane: Lane, files: list[Waiting]) -> None:
        """Tell of some files. Raises DependencyDown("broker"), perhaps after some were sent."""

    def depth(self, lane: Lane) -> int:
        """How many are told and not yet taken. Raises DependencyDown("broker")."""


class BrokerQueue:
    """The queue on Redis or Valkey, spoken to through Celery."""

    def __init__(self, settings: Settings) -> None:
        self._app = celery_app(settings)
        self._redis = Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2)

    def send(self, lane: Lane, files: list[Waiting]) -> None:
        try:
            with self._app.producer_pool.acquire(block=True, timeout=5) as producer:
                for file in files:
                    self._app.send_task(
                        FILE_TASK,
                        kwargs=message(file),
                        kwargsrepr=described(file),
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


def message(file: Waiting) -> dict[str, Any]:
    """A task's arguments: the row is the work, the rest is for whoever reads it in Flower."""
    return {
        "row": file.row,
        "file": file.file_id,
        "name": file.filename,
        "store": file.vector_store_id,
        "batch": file.batch_id,
        "attempt": file.attempt,
    }


def described(file: Waiting) -> str:
    """The arguments as Flower shows them, what people look for first."""
    batch = file.batch_id or "no batch"
    return f"{file.filename!r} ({file.file_id}) in {file.vector_store_id}, {batch}, attempt {file.attempt}"


def celery_app(settings: Settings) -> Celery:
    """Celery with the settings that the senders and the workers must share (reasons: deploy/decisions/0002)."""
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
        broker_transport_options={
            "global_keyprefix": KEY_PREFIX,
            "socket_timeout": 5,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 5,
            "visibility_timeout": 3600,
            "queue_order_strategy": "priority",
            # A message that is lost on its way is sent again by the feeder: keeping a copy until it is acknowledged,
            # a moment later, would only cost two more writes for each.
            "ack_emulation": False,
        },
        task_default_queue=MAINTENANCE_QUEUE,
        worker_send_task_events=True,
        # A message waits for seconds at the most, and would cost its sender one more for the monitor.
        task_send_sent_event=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        timezone="UTC",
    )
    return app
