"""The Celery application: `celery -A workers.app worker|beat|flower`."""

import sys

from celery import Celery
from kombu import Queue

from ingest.config import Settings, load_settings_or_exit
from ingest.dispatch.broker import MAINTENANCE_QUEUE, MAINTENANCE_TASK, QUEUES, make_celery_app
from ingest.errors import REFUSED_EXIT_CODE, Refused
from ingest.runtime.private_files import restrict_new_files
from ingest.runtime.undumpable import make_undumpable
from ingest.steps.embed import folder_bytes

TASKS_PER_CHILD = 20_000
CHILD_MEMORY_KIB = 1_500_000
"""A child above this size is replaced after its file. Parsers run in processes of their own, with limits of their own."""

GRAPH_COPIES = 2
"""The size of a loaded model in a folder, in sizes of its file: ONNX Runtime rearranges weights while it loads them."""

CHILD_START_SECONDS = 60
"""Time to load the model on a busy machine. Celery's default of 4 s would restart children over and over."""


def make_app(settings: Settings) -> Celery:
    """Return Celery with the worker's settings, the queues in the order in which a worker reads them, and the schedule."""
    celery = make_celery_app(settings)
    celery.conf.update(
        include=["workers.tasks", "workers.process"],
        worker_consumer="workers.consumer:EventBatchingConsumer",
        # Maintenance is short and must not wait behind a large batch. Slow files have workers of their own: each worker is
        # started with the names of its queues.
        task_queues=[
            Queue(name) for name in (QUEUES["interactive"], MAINTENANCE_QUEUE, QUEUES["bulk"], QUEUES["slow"])
        ],
        worker_max_tasks_per_child=TASKS_PER_CHILD,
        worker_max_memory_per_child=CHILD_MEMORY_KIB + GRAPH_COPIES * folder_bytes(settings) // 1024,
        worker_proc_alive_timeout=CHILD_START_SECONDS,
        worker_concurrency=settings.worker_processes,
        beat_schedule={
            "sweep": {
                "task": MAINTENANCE_TASK,
                "schedule": settings.sweep_seconds,
                "options": {"queue": MAINTENANCE_QUEUE, "expires": 2 * settings.sweep_seconds},
            }
        },
    )
    return celery


def make_app_or_exit() -> Celery:
    """Return Celery with the environment's settings, or end this process with one line on standard error and exit code 2."""
    settings = load_settings_or_exit()
    try:
        return make_app(settings)
    except Refused as exc:
        sys.stderr.write(f"ingest: {exc}\n")
        sys.exit(REFUSED_EXIT_CODE)


restrict_new_files()
make_undumpable()
app = make_app_or_exit()
