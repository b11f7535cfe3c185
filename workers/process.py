"""A worker's child process: its tools, made after the fork, and its end."""

import contextlib
import gc
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from celery.signals import setup_logging, worker_init, worker_process_init, worker_process_shutdown, worker_ready
from prometheus_client import start_http_server

from ingest.config import Settings
from ingest.dispatch.feeder import PollThrottle
from ingest.errors import DependencyDown
from ingest.observability import logs, metrics, tracing
from ingest.runtime.pdeathsig import die_with_parent
from ingest.services import Services
from ingest.steps.chunk import Tokens
from ingest.timeouts import WORKER_TIMEOUTS

_log = logs.get(__name__)
_services: list[Services] = []
_pauses = PollThrottle()

END_SECONDS = 0.3


def services() -> Services:
    """This child's tools."""
    return _services[0]


def owner() -> str:
    """This child's name in leases: the machine first, so that a machine's leases can be found."""
    return f"{services().settings.node}/{os.getpid()}"


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """While a task runs, SIGTERM asks for its file to be given back; the child ends when that is written down.

    Set for each task, as the pool resets the signals of a child after its own start.
    """
    mine = services()
    before = signal.signal(signal.SIGTERM, lambda *_: mine.stopping.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if mine.stopping.is_set():  # a moment later, so that the task's end is reported first
            threading.Timer(END_SECONDS, os.kill, (os.getpid(), signal.SIGTERM)).start()


@setup_logging.connect
def _logging(**_: Any) -> None:
    logs.configure(Settings())


@worker_init.connect
def _share(**_: Any) -> None:
    """Before the children are forked: what they all need is loaded once, and out of the way of each one's collector,
    which would write to it and so make it each one's own."""
    Tokens.of("The first file should not wait for the tokenizer.")
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def _start(**_: Any) -> None:
    die_with_parent()
    settings = Settings()
    tracing.configure(settings, "ingest-worker")
    mine = Services(settings, WORKER_TIMEOUTS, _pauses)
    _services[:] = [mine]
    try:
        mine.embedder.embed_query("The first file should not wait for the model.")
    except DependencyDown as exc:
        _log.warning("embedder_not_ready", reason=str(exc))


@worker_process_shutdown.connect
def _stop(**_: Any) -> None:
    with contextlib.suppress(IndexError):
        services().close()


@worker_ready.connect
def _ready(**_: Any) -> None:
    settings = Settings()
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port, registry=metrics.Everything())
    if path := settings.ready_file:
        Path(path).touch()
