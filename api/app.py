"""The HTTP service, which `python -m api.server` runs. Wires settings, routes, middlewares and error handlers."""

import importlib.metadata

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from api import health, mcp, metrics
from api.concurrency.request_classes import RequestLimits
from api.errors.handlers import register_handlers
from api.event_stream import BatchWatcher
from api.gateways import ROUTERS
from api.lifespan import lifespan
from api.middleware.admission import AdmissionMiddleware
from api.middleware.azure_paths import AzurePathsMiddleware
from api.middleware.body_limit import BodyLimitMiddleware
from api.middleware.concurrency import ConcurrencyMiddleware
from api.middleware.deadlines import DeadlineMiddleware
from api.middleware.host import HostMiddleware
from api.middleware.request_id import RequestIdMiddleware
from api.middleware.request_metrics import RequestMetricsMiddleware
from api.openapi import document, errors, pages
from api.routes import (
    embeddings,
    events,
    file_batches,
    files,
    import_schedules,
    reindexing,
    reports,
    retries,
    schedules,
    selected_files,
    store_files,
    uploads,
    vector_stores,
    webhooks,
)
from ingest.caller import DEFAULT_PROJECT
from ingest.config import load_settings_or_exit, split_commas
from ingest.db.migrate import exit_unless_schema_fits
from ingest.imports.schedules import project_import_roots
from ingest.observability import logs, tracing
from ingest.runtime.private_files import restrict_new_files
from ingest.runtime.python_version import outdated_python
from ingest.services import Services
from ingest.timeouts import REPORT_TIMEOUTS, REQUEST_TIMEOUTS, WORKER_TIMEOUTS

ROUTES = (
    *(files, uploads, selected_files, store_files, file_batches, events, reports),
    *(retries, reindexing, schedules, import_schedules, vector_stores, webhooks, embeddings),
)

MIDDLEWARES = (
    AzurePathsMiddleware,
    RequestMetricsMiddleware,
    RequestIdMiddleware,
    HostMiddleware,
    DeadlineMiddleware,
    AdmissionMiddleware,
    BodyLimitMiddleware,
    ConcurrencyMiddleware,
)
"""From the outermost to the innermost."""

_log = logs.get(__name__)


def create() -> FastAPI:
    """Build the app with the settings of the environment."""
    restrict_new_files()
    settings = load_settings_or_exit()
    logs.configure(settings)
    if warning := outdated_python():
        _log.warning("python_outdated", help=warning)
    exit_unless_schema_fits(settings, allow_older=True)
    project_import_roots(
        settings, DEFAULT_PROJECT
    )  # reports wrong import roots at start instead of at the first import
    tracing.configure(settings, "ingest-api")
    services = Services(settings, REQUEST_TIMEOUTS)
    background = Services(settings, WORKER_TIMEOUTS)
    reporting = Services(settings, REPORT_TIMEOUTS)
    background.embedder = reporting.embedder = services.embedder
    return build_app(services, background, reporting)


def build_app(services: Services, background: Services | None = None, reporting: Services | None = None) -> FastAPI:
    """Build the app over given services.

    `services` answer requests. `background` serve the background threads, and `reporting`, with the longest timeouts,
    migrations and the nightly verification.
    """
    api = FastAPI(
        title="Ingest",
        version=importlib.metadata.version("ingest"),
        description="OpenAI's Files, Vector stores, File batches and Search API, on your own machines.",
        lifespan=lifespan,
        responses=errors.COMMON,
        # A file of up to 1 MiB is in memory, and the default of 1,000 files would be 1 GB.
        form_limits={"max_files": 4, "max_fields": 32, "max_part_size": 64 * 2**10},
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    api.state.services = services
    api.state.limits = RequestLimits(services.settings)
    api.state.batch_watcher = BatchWatcher()
    api.state.background = background or services
    api.state.reporting = reporting or api.state.background
    register_handlers(api)
    for routes in ROUTES:
        api.include_router(routes.router)
    api.include_router(health.router)
    api.include_router(metrics.router)
    mcp.add_endpoint(api)
    for name in split_commas(services.settings.gateways):
        api.include_router(ROUTERS[name])
    pages.add_pages(api)
    for middleware in reversed(MIDDLEWARES):  # the last one that is added is the outermost
        api.add_middleware(middleware)
    _allow_origins(api, services.settings.cors_origins)
    api.openapi = lambda: document.build_document(api)  # type: ignore[method-assign]  # the override that FastAPI documents
    return api


def _allow_origins(api: FastAPI, origins: str) -> None:
    """Let web pages of these origins, separated by commas, call the API; their preflight requests need no key."""
    if allowed := split_commas(origins):
        api.add_middleware(
            CORSMiddleware, allow_origins=allowed, allow_methods=["*"], allow_headers=["*"], expose_headers=["*"]
        )
