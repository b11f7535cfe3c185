"""The HTTP service: `uvicorn api.app:create --factory`."""

import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.utils import get_openapi
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import docs, errors, headers, health, metrics
from api.admission import API, Admission
from api.deadlines import InTime
from api.event_stream import Following
from api.routes import (
    events,
    file_batches,
    files,
    import_schedules,
    reindexing,
    retries,
    schedules,
    store_files,
    uploads,
    vector_stores,
    webhooks,
)
from api.schemas import search
from ingest import ids
from ingest.caller import DEFAULT_PROJECT
from ingest.config import Settings
from ingest.db.migrate import migrate
from ingest.dispatch.feeder import FeederThread
from ingest.errors import DependencyDown
from ingest.imports.runner import Importer
from ingest.imports.schedules import roots as import_roots
from ingest.jobs.maintenance import Sweeper
from ingest.observability import logs, tracing
from ingest.reindex.reindexing import missing as missing_models
from ingest.services import Services
from ingest.timeouts import REPORT_TIMEOUTS, REQUEST_TIMEOUTS, WORKER_TIMEOUTS
from ingest.verify.nightly import Nightly
from ingest.webhooks.delivery import Courier

IMPORTING = (sys.executable, "-m", "api.import_process")
"""The process of one scheduled import."""

_log = logs.get(__name__)


def create() -> FastAPI:
    """The service with the settings of the environment."""
    settings = Settings()
    logs.configure(settings)
    import_roots(settings, DEFAULT_PROJECT)  # a mistake in them is told now
    tracing.configure(settings, "ingest-api")
    services = Services(settings, REQUEST_TIMEOUTS)
    background = Services(settings, WORKER_TIMEOUTS)
    reporting = Services(settings, REPORT_TIMEOUTS)
    background.embedder = reporting.embedder = services.embedder
    return app(services, background, reporting)


def app(services: Services, background: Services | None = None, reporting: Services | None = None) -> FastAPI:
    """The service over given tools: those for requests, and those with more patience for the sweep between them, and for
    migrations and the nightly verify."""
    api = FastAPI(
        title="Ingest",
        version="0.1.0",
        description="OpenAI's Files, Vector stores, File batches and Search API, on your own machines.",
        lifespan=_lifespan,
        responses=errors.ALWAYS,
        docs_url=None,
        redoc_url=None,
    )
    api.state.services = services
    api.state.following = Following()
    api.state.background = background or services
    api.state.reporting = reporting or api.state.background
    errors.register(api)
    for routes in (
        *(files, uploads, store_files, file_batches, events),
        *(retries, reindexing, schedules, import_schedules, vector_stores, webhooks),
    ):
        api.include_router(routes.router)
    api.include_router(health.router)
    docs.add(api)
    api.add_middleware(Bounded)
    api.add_middleware(Admission)
    api.add_middleware(InTime)
    api.add_middleware(Answered)
    metrics.add(api)
    api.openapi = lambda: _described(api)  # type: ignore[method-assign]
    return api


def _described(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, without the 422 that FastAPI adds and this service never answers, but with its 413."""
    if api.openapi_schema is None:
        document = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
        too_large = errors.described(errors.TOO_LARGE[413])
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            operation["responses"].pop("422", None)
            if "requestBody" in operation:
                operation["responses"].setdefault("413", deepcopy(too_large))
            headers.describe(operation)
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
        schemas = document["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Search"]["properties"]["filters"] = search.FILTERS
        schemas.update(search.FILTER_SCHEMAS)
        api.openapi_schema = document
    return api.openapi_schema


@asynccontextmanager
async def _lifespan(api: FastAPI) -> AsyncIterator[None]:
    services: Services = api.state.services
    background: Services = api.state.background
    reporting: Services = api.state.reporting
    migrate(reporting.database)
    await run_in_threadpool(_warm_up, services)
    sweeper, publisher, courier = Sweeper(background), FeederThread(background.feeder), Courier(background)
    services.feeder_thread = publisher
    sweeper.start()
    publisher.start()
    courier.start()
    nightly, importer = Nightly(reporting), Importer(background, IMPORTING)
    nightly.start()
    importer.start()
    yield
    importer.stop()
    nightly.stop()
    courier.stop()
    publisher.stop()
    sweeper.stop()
    services.close()
    background.close()
    reporting.close()


def _warm_up(services: Services) -> None:
    """Make what the request threads share before there are any, so that nothing is made twice."""
    _ = (services.blobs, services.parser)
    try:
        services.embedder.embed_query("The first search should not wait for the model.")
        services.index.ensure_collection()
        for model in missing_models(services):
            _log.error("model_missing", model=model, help="vector stores use it: see INGEST_EMBEDDING_MODELS")
    except DependencyDown as exc:
        _log.warning("started_without", dependency=exc.dependency, reason=str(exc))


PAGE_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"))
SAFE_HEADERS = (*PAGE_HEADERS, (b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"))
"""What a project has is for nobody's cache, and nothing is for somebody else's page to show in a frame."""


class Answered:
    """Gives every answer a request id and safe headers, and answers what nobody expected.

    Not a handler for Exception: Starlette answers through that and then raises again, which makes the server close
    the client's connection (contract section 10).
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request_id = ids.new("req_")
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if span is not None:
                    span.update_name(f"{scope['method']} {metrics.route(scope)}")
                    span.set_attribute("http.response.status_code", message["status"])
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    *(SAFE_HEADERS if scope["path"].startswith(API) else PAGE_HEADERS),
                ]
            await send(message)

        parent = Headers(scope=scope).get("traceparent")
        with logs.bound(request=request_id), tracing.span(scope["method"], parent, request=request_id) as span:
            try:
                await self._inner(scope, receive, send_with_id)
            except Exception:
                _log.exception("request_crashed", method=scope["method"], path=scope["path"])
                if started:
                    raise
                answer = errors.envelope(500, "The server had an error while processing your request.")
                await answer(scope, receive, send_with_id)


_STREAMED = re.compile(r"/v1/files|/v1/uploads/[^/]+/parts")
"""What takes files: they go to the disk as they arrive, and have limits of their own."""


class Bounded:
    """Refuses a body that is larger than the settings allow, while it arrives and before it is parsed.

    What the client still sends is read and thrown away by the server, so the connection can be used again.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_streamed(scope):
            await self._inner(scope, receive, send)
            return
        most = scope["app"].state.services.settings.max_body_bytes
        message = f"Request body too large: at most {most:,} bytes are accepted."
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > most:
            await errors.envelope(413, message)(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            part = await receive()
            received += len(part.get("body", b""))
            if received > most:
                raise HTTPException(413, message)
            return part

        await self._inner(scope, bounded, send)


def _is_streamed(scope: Scope) -> bool:
    """Other forms, and JSON, are read as a whole."""
    is_form = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/form-data")
    return is_form and _STREAMED.fullmatch(scope["path"]) is not None
