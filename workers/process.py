"""A worker's processes: what is loaded before the fork, each child's services, and how a child ends."""

import contextlib
import gc
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from celery.signals import (
    beat_init,
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
)
from prometheus_client import start_http_server

from ingest.config import load_settings_or_exit
from ingest.db.migrate import exit_unless_schema_fits
from ingest.dispatch.broker import QUEUES
from ingest.dispatch.poll_throttle import PollThrottle
from ingest.errors import DependencyDown
from ingest.health.external import wait_until_up
from ingest.jobs.worker_heartbeat import WorkerHeartbeat
from ingest.observability import logs, metrics, tracing
from ingest.runtime.descriptors import raise_descriptor_limit
from ingest.runtime.pdeathsig import die_with_parent
from ingest.services import Services
from ingest.status import LANES
from ingest.steps.chunk import Tokens
from ingest.timeouts import WORKER_TIMEOUTS

_log = logs.get(__name__)
_services: list[Services] = []
_heartbeats: list[WorkerHeartbeat] = []
_poll_throttle = PollThrottle()  # made before the fork, so that all children share it

MIGRATION_SECONDS = 60.0
"""How long a worker that has waited for its database also waits for the migration of it."""

EXIT_DELAY_SECONDS = 0.3
"""From the end of a released task to the end of its process, so that the pool gets the task's result first."""


def services() -> Services:
    """Return this child's services."""
    return _services[0]


def lease_holder() -> str:
    """Return this child's name in leases. It begins with the machine, so that a machine's leases can be found."""
    return f"{services().settings.node}/{os.getpid()}"


@contextlib.contextmanager
def released_on_sigterm() -> Iterator[None]:
    """Release the task's file on SIGTERM, and end this process once that is recorded.

    Every task sets its own handler, because the pool resets a child's handlers after `worker_process_init`.
    """
    stopping = services().stopping
    previous_handler = signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous_handler)
        if stopping.is_set():
            threading.Timer(EXIT_DELAY_SECONDS, os.kill, (os.getpid(), signal.SIGTERM)).start()


@setup_logging.connect
def _logging(**_: Any) -> None:
    logs.configure(load_settings_or_exit())


@worker_init.connect
def _check_schema(**_: Any) -> None:
    """Wait for the database, refuse to start on a schema of another version, and wait for the broker.

    In the parent process, where an exit ends the whole worker.
    """
    settings = load_settings_or_exit()
    logs.configure(settings)  # Celery asks for that later
    has_waited = wait_until_up(settings, ("database",))
    # The API may have waited for the same database, and migrates it now.
    exit_unless_schema_fits(settings, migration_seconds=MIGRATION_SECONDS if has_waited else 0)
    wait_until_up(settings, ("broker",))


@beat_init.connect
def _wait_for_broker(**_: Any) -> None:
    """Wait for the broker, and say so: Celery's own tries are silent at first, and grow apart."""
    settings = load_settings_or_exit()
    logs.configure(settings)
    wait_until_up(settings, ("broker",))


@worker_init.connect
def _load_before_fork(**_: Any) -> None:
    """Load what all children need once, before the fork, and exclude it from garbage collection.

    A child's collector would write to these objects, and every child would get a copy of their memory pages.
    """
    raise_descriptor_limit()
    Tokens.from_text("The first file should not wait for the tokenizer.")
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def _start_child(**_: Any) -> None:
    die_with_parent()
    settings = load_settings_or_exit()
    tracing.configure(settings, "ingest-worker")
    _services[:] = [Services(settings, WORKER_TIMEOUTS, _poll_throttle)]
    try:
        services().embedder.embed_query("The first file should not wait for the model.")
    except DependencyDown as exc:
        _log.warning("embedder_not_ready", reason=str(exc))


@worker_process_shutdown.connect
def _stop_child(**_: Any) -> None:
    with contextlib.suppress(IndexError):
        services().close()


@worker_ready.connect
def _announce_ready(sender: Any, **_: Any) -> None:
    settings = load_settings_or_exit()
    queues = sender.app.amqp.queues.consume_from
    lanes = [lane for lane in LANES if QUEUES[lane] in queues]
    _heartbeats[:] = [WorkerHeartbeat(settings, lanes=lanes, processes=sender.controller.concurrency)]
    _heartbeats[0].start()
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port, registry=metrics.AllProcessesCollector())
    if path := settings.ready_file:
        Path(path).touch()


@worker_shutdown.connect
def _stop_heartbeat(**_: Any) -> None:
    for heartbeat in _heartbeats:
        heartbeat.stop()
