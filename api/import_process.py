"""The process of one scheduled import: `python -m api.import_process ROW FENCE FOLDER`, started by ingest/imports/runner.py.

It is a client of the API like `ingest import`, and brings the part of the API that it needs: on a socket in a folder
that only this user can enter, where every request is the project's. So it needs no address and no key, and there is
none that could leak.
"""

import os
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

from api import errors
from api.app import Answered
from api.routes import file_batches, files, store_files, vector_stores
from ingest.caller import Caller
from ingest.config import Settings
from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from ingest.db.tenancy import keys
from ingest.errors import DependencyDown
from ingest.imports import scheduled_run
from ingest.imports.client import PATIENT_RETRIES
from ingest.imports.runner import LATER, LOST
from ingest.imports.service_journal import importing
from ingest.observability import logs
from ingest.services import Services
from ingest.timeouts import WORKER_TIMEOUTS

TICK_SECONDS = 0.02

_log = logs.get(__name__)


def main() -> None:
    """Carry out the run that the command line names; the exit code says how it went (imports/scheduled_run.py)."""
    row, fence, folder = sys.argv[1:]
    settings = Settings()
    logs.configure(settings)
    services = Services(settings, WORKER_TIMEOUTS)
    try:
        code = work(services, int(row), int(fence), Path(folder))
    except DependencyDown as exc:
        _log.warning("import_held_up", row=int(row), reason=str(exc))
        code = LATER
    except Exception:  # noqa: BLE001 - written down; the run is tried again
        _log.exception("import_crashed", row=int(row))
        code = 1
    services.close()
    sys.exit(code)


def work(services: Services, row: int, fence: int, folder: Path, *, lost: Callable[[int], Any] = os._exit) -> int:
    """Carry out a run that this process holds, and say how; in the main thread. Raises DependencyDown."""
    with services.database.reading() as session:
        held = rows.held(session, row, fence)
    if held is None:
        return LOST
    schedule, project = held
    caller = Caller(project.id, keys.limits(project))
    with logs.bound(store=schedule.vector_store_id), served(services, caller, schedule, folder) as client:
        return scheduled_run.run(services, client, schedule, caller, folder, lost=lost)


@contextmanager
def served(services: Services, caller: Caller, schedule: ImportSchedule, folder: Path) -> Iterator[openai.OpenAI]:
    """A client of an API of its own, for as long as the context lasts. Raises RuntimeError when that does not start."""
    with _address(folder) as socket, _listening(_app(services, caller, schedule), socket):
        http = openai.DefaultHttpxClient(transport=httpx2.HTTPTransport(uds=socket), trust_env=False)
        with openai.OpenAI(
            base_url="http://import/v1", api_key="none", max_retries=PATIENT_RETRIES, http_client=http
        ) as client:
            yield client


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The path of a socket in a folder, however long that of the folder is: an address has room for 107 bytes."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/api"
    finally:
        os.close(handle)


@contextmanager
def _listening(api: FastAPI, socket: str) -> Iterator[None]:
    config = uvicorn.Config(
        api, uds=socket, lifespan="off", log_config=None, log_level="warning", access_log=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="api", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(TICK_SECONDS)
    if not server.started:
        raise RuntimeError(f"the API of this run did not start on {os.path.realpath(socket)}")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(5)


def _app(services: Services, caller: Caller, schedule: ImportSchedule) -> FastAPI:
    api = FastAPI(openapi_url=None)
    api.state.services = services
    errors.register(api)
    for routes in (files, store_files, file_batches, vector_stores):
        api.include_router(routes.router)
    api.add_middleware(Admitted, caller=caller, schedule=schedule)
    api.add_middleware(Answered)
    return api


class Admitted:
    """Every request is made by the run, on behalf of its project and within the project's limits."""

    def __init__(self, inner: ASGIApp, caller: Caller, schedule: ImportSchedule) -> None:
        self._inner = inner
        self._caller = caller
        self._schedule = schedule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            source = importing(Headers(scope=scope), self._schedule.row, self._schedule.fence)
            scope["caller"] = replace(self._caller, importing=source)
        await self._inner(scope, receive, send)


if __name__ == "__main__":
    main()
