"""The Celery application: `celery -A workers.app worker|beat|flower`."""

from celery import Celery
from kombu import Queue

from ingest.config import Settings
from ingest.dispatch.broker import MAINTENANCE_QUEUE, QUEUES, SWEEP_TASK, celery_app

TASKS_PER_CHILD = 20_000
CHILD_MEMORY_KIB = 1_500_000
"""A child above this is replaced after its file; parsers live in processes of their own and have their own limit."""

CHILD_START_SECONDS = 60
"""Loading the model on a busy machine; Celery's own patience of 4 s would start children over and over."""


def create(settings: Settings) -> Celery:
    """Celery with our queues, in the order in which a worker looks at them, and our schedule."""
    celery = celery_app(settings)
    celery.conf.update(
        include=["workers.tasks", "workers.process"],
        worker_consumer="workers.consumer:FrugalConsumer",
        # Maintenance is short and must not wait behind a large import.
        task_queues=[Queue(name) for name in (QUEUES["interactive"], MAINTENANCE_QUEUE, QUEUES["bulk"])],
        worker_max_tasks_per_child=TASKS_PER_CHILD,
        worker_max_memory_per_child=CHILD_MEMORY_KIB,
        worker_proc_alive_timeout=CHILD_START_SECONDS,
        worker_concurrency=settings.worker_processes,
        beat_schedule={
            "sweep": {
                "task": SWEEP_TASK,
                "schedule": settings.sweep_seconds,
                "options": {"queue": MAINTENANCE_QUEUE, "expires": 2 * settings.sweep_seconds},
            }
        },
    )
    return celery


app = create(Settings())
