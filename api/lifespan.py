"""Start and stop of the service: migrations, warm-up, background threads."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from ingest.db.migrate import migrate
from ingest.dispatch.feeder import FeederThread
from ingest.errors import DependencyDown
from ingest.imports.runner import ImportRunner
from ingest.jobs.maintenance import MaintenanceThread
from ingest.observability import logs
from ingest.reindex.migration import find_unconfigured_models
from ingest.services import Services
from ingest.verify.nightly import NightlyVerifier
from ingest.webhooks.delivery import DeliveryWorker

IMPORT_COMMAND = (sys.executable, "-m", "api.import_process")
"""Command of the process that carries out one scheduled import."""

_log = logs.get(__name__)


class BackgroundThread(Protocol):
    """A thread that works beside the requests."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@asynccontextmanager
async def lifespan(api: FastAPI) -> AsyncIterator[None]:
    """Apply migrations, run the background threads while the app serves, and close its services."""
    services: Services = api.state.services
    background: Services = api.state.background
    reporting: Services = api.state.reporting
    migrate(reporting.database)
    await run_in_threadpool(_warm_up, services)
    feeder_thread = services.feeder_thread = FeederThread(background.feeder)
    threads: list[BackgroundThread] = [
        MaintenanceThread(background),
        feeder_thread,
        DeliveryWorker(background),
        NightlyVerifier(reporting),
        ImportRunner(background, IMPORT_COMMAND),
    ]
    for thread in threads:
        thread.start()
    yield
    for thread in reversed(threads):
        thread.stop()
    for opened in (services, background, reporting):
        opened.close()


def _warm_up(services: Services) -> None:
    """Create the objects that request threads share before these threads exist, so that none is created twice."""
    _ = (services.blobs, services.parser)
    try:
        services.embedder.embed_query("The first search should not wait for the model.")
        services.index.ensure_collection()
        for model in find_unconfigured_models(services):
            _log.error("model_missing", model=model, help="vector stores use it: see INGEST_EMBEDDING_MODELS")
    except DependencyDown as exc:
        _log.warning("started_without_dependency", dependency=exc.dependency, reason=str(exc))
