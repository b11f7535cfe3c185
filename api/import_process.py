"""The process of one scheduled import: `python -m api.import_process ROW FENCE FOLDER`, started by ingest/imports/runner.py.

The run uses the API as `ingest import` does. This process serves the routes that it needs on a Unix socket in a folder
that only this user can enter, and every request acts for the project of the schedule. So no port and no key exist that
could leak.
"""

import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import openai
import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.concurrency.request_classes import RequestLimits
from api.errors.handlers import register_handlers
from api.middleware.request_id import RequestIdMiddleware
from api.routes import file_batches, files, reports, store_files, vector_stores
from ingest.caller import Caller
from ingest.config import load_settings_or_exit
from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from ingest.db.tenancy import keys
from ingest.errors import DependencyDown
from ingest.imports import scheduled_run
from ingest.imports.client import RESTART_TOLERANT_RETRIES
from ingest.imports.runner import EXIT_LEASE_LOST, EXIT_RETRY_LATER
from ingest.imports.service_journal import parse_upload_headers
from ingest.observability import logs
from ingest.runtime.private_files import restrict_new_files
from ingest.runtime.undumpable import make_undumpable
from ingest.services import Services
from ingest.timeouts import WORKER_TIMEOUTS

START_POLL_SECONDS = 0.02

_log = logs.get(__name__)


def main() -> None:
    """Execute the run that the command line names. The exit codes are those of ingest/imports/runner.py."""
    row, fence, folder = sys.argv[1:]
    restrict_new_files()
    make_undumpable()
    settings = load_settings_or_exit()
    logs.configure(settings)
    limit_memory(settings.import_memory_mib)
    services = Services(settings, WORKER_TIMEOUTS)
    try:
        code = execute_run(services, int(row), int(fence), Path(folder))
    except DependencyDown as exc:
        _log.warning("import_deferred", row=int(row), reason=str(exc))
        code = EXIT_RETRY_LATER
    except Exception:  # noqa: BLE001 - logged; the runner retries the run
        _log.exception("import_crashed", row=int(row))
        code = 1
    services.close()
    sys.exit(code)


def limit_memory(mib: int) -> None:
    """Let this process allocate no more. What sources send must not use up the memory of the machine.

    The limit is that of data: the address space also counts what threads and libraries only reserve.
    """
    limit = mib * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def execute_run(
    services: Services, row: int, fence: int, folder: Path, *, exit_process: Callable[[int], Any] = os._exit
) -> int:
    """Execute the run whose lease this process holds, and return its exit code. Raises DependencyDown.

    Call it in the main thread only. `exit_process` ends the process when the lease is lost.
    """
    with services.database.reading() as session:
        held_run = rows.get_held_run(session, row, fence)
    if held_run is None:
        return EXIT_LEASE_LOST
    schedule, project = held_run
    caller = Caller(project.id, keys.limits_of(project))
    with logs.bound_context(store=schedule.vector_store_id), serve_api(services, caller, schedule, folder) as client:
        return scheduled_run.run_scheduled_import(services, client, schedule, caller, folder, exit_process=exit_process)


@contextmanager
def serve_api(services: Services, caller: Caller, schedule: ImportSchedule, folder: Path) -> Iterator[openai.OpenAI]:
    """Serve the API of a run and yield a client of it. Raises RuntimeError if the server does not start."""
    with _socket_path(folder) as socket, _run_server(_build_app(services, caller, schedule), socket):
        http = openai.DefaultHttpxClient(transport=httpx2.HTTPTransport(uds=socket), trust_env=False)
        with openai.OpenAI(
            base_url="http://import/v1", api_key="none", max_retries=RESTART_TOLERANT_RETRIES, http_client=http
        ) as client:
            yield client


@contextmanager
def _socket_path(folder: Path) -> Iterator[str]:
    """Yield a short path of a socket in a folder: an address holds 107 bytes, and the path of the folder may be longer."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/api"
    finally:
        os.close(handle)


@contextmanager
def _run_server(api: FastAPI, socket: str) -> Iterator[None]:
    config = uvicorn.Config(
        api, uds=socket, lifespan="off", log_config=None, log_level="warning", access_log=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="api", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(START_POLL_SECONDS)
    if not server.started:
        raise RuntimeError(f"the API of this run did not start on {os.path.realpath(socket)}")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(5)


def _build_app(services: Services, caller: Caller, schedule: ImportSchedule) -> FastAPI:
    api = FastAPI(openapi_url=None)
    api.state.services = services
    api.state.limits = RequestLimits(services.settings)
    register_handlers(api)
    for routes in (files, store_files, file_batches, reports, vector_stores):
        api.include_router(routes.router)
    api.add_middleware(ImportCallerMiddleware, caller=caller, schedule=schedule)
    api.add_middleware(RequestIdMiddleware)
    return api


class ImportCallerMiddleware:
    """Makes every request act for the project of the schedule, within the limits of the project."""

    def __init__(self, inner: ASGIApp, caller: Caller, schedule: ImportSchedule) -> None:
        self._inner = inner
        self._caller = caller
        self._schedule = schedule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            source = parse_upload_headers(Headers(scope=scope), self._schedule.row, self._schedule.fence)
            scope["caller"] = replace(self._caller, import_origin=source)
        await self._inner(scope, receive, send)


if __name__ == "__main__":
    main()
