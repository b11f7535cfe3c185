"""Start and stop of the service: migrations, warm-up, background threads."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from api.startup import BackgroundThread, ServiceStart
from ingest.dispatch.feeder import FeederThread
from ingest.errors import DependencyDown
from ingest.imports.runner import ImportRunner
from ingest.jobs.maintenance import MaintenanceThread
from ingest.observability import logs
from ingest.reindex.migration import find_unconfigured_models
from ingest.services import Services
from ingest.steps.chunk import Tokens
from ingest.verify.nightly import NightlyVerifier
from ingest.webhooks.delivery import DeliveryWorker

IMPORT_COMMAND = (sys.executable, "-P", "-m", "api.import_process")
"""Command of the process that carries out one scheduled import."""

_log = logs.get(__name__)


@asynccontextmanager
async def lifespan(api: FastAPI) -> AsyncIterator[None]:
    """Apply migrations, run the background threads while the app serves, and close its services.

    The app serves without the database, the broker, the vectors or the embedder, and goes on by itself when they answer.
    """
    anyio.to_thread.current_default_thread_limiter().total_tokens = api.state.limits.threads
    services: Services = api.state.services
    background: Services = api.state.background
    reporting: Services = api.state.reporting
    feeder_thread = services.feeder_thread = FeederThread(background.feeder)
    threads: list[BackgroundThread] = [
        MaintenanceThread(background),
        feeder_thread,
        DeliveryWorker(background),
        NightlyVerifier(reporting),
        ImportRunner(background, IMPORT_COMMAND),
    ]
    start = ServiceStart(reporting.database, lambda: _warm_up(services), threads)
    await run_in_threadpool(start.start)
    # The collector stops all threads for its passes. With the modules of the service among its objects, one took 0.6 s.
    gc.collect()
    gc.freeze()
    yield
    await run_in_threadpool(start.stop)
    for opened in (services, background, reporting):
        opened.close()


def _warm_up(services: Services) -> None:
    """Create the objects that request threads share before these threads exist, so that none is created twice."""
    _ = (services.blobs, services.parser)
    if any(model.url for model in services.settings.models.values()):
        Tokens.from_text("The first long query should not wait for 38 MB of tokens.")  # local models have their own
    try:
        services.embedder.embed_query("The first search should not wait for the model.")
        services.index.ensure_collection()
        for model in find_unconfigured_models(services):
            _log.error("model_missing", model=model, help="vector stores use it: see INGEST_EMBEDDING_MODELS")
    except DependencyDown as exc:
        _log.warning("started_without_dependency", dependency=exc.dependency, reason=str(exc))
