"""`/health` and `/ready` for load balancers: whether the process is alive, and whether its dependencies answer. No key."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal, cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ingest.observability import logs
from ingest.services import Services

CHECK_TIMEOUT_SECONDS = 2.0
"""A dependency that does not answer within this time counts as down."""

DependencyState = Literal["up", "down"]

router = APIRouter(include_in_schema=False)
_log = logs.get(__name__)


class Readiness:
    """Checks the dependencies, each in its own thread. Concurrent requests share the check under way."""

    def __init__(self, services: Services) -> None:
        self._checks: dict[str, Callable[[], object]] = {
            "database": services.database.ping,
            "broker": lambda: services.queue.depth("interactive"),
            "qdrant": lambda: services.index.ping(),
            "blobs": lambda: services.blobs.ping(),
        }
        self._running: dict[str, Future[DependencyState]] = {}

    async def check(self) -> dict[str, DependencyState]:
        """Return the state of every dependency within CHECK_TIMEOUT_SECONDS."""
        checks = {name: asyncio.wrap_future(self._start(name)) for name in self._checks}
        await asyncio.wait(checks.values(), timeout=CHECK_TIMEOUT_SECONDS)
        return {name: future.result() if future.done() else "down" for name, future in checks.items()}

    def _start(self, name: str) -> Future[DependencyState]:
        running = self._running.get(name)
        if running is None or running.done():
            running = self._running[name] = Future()
            threading.Thread(target=self._run, args=(name, running), name=f"ready-{name}", daemon=True).start()
        return running

    def _run(self, name: str, state: Future[DependencyState]) -> None:
        try:
            self._checks[name]()
        except Exception as exc:  # noqa: BLE001 - any failure means that it is down
            _log.warning("dependency_down", dependency=name, reason=str(exc))
            state.set_result("down")
        else:
            state.set_result("up")


@router.get("/health")
async def health() -> dict[str, str]:
    """Answer that the process is alive. Runs on the event loop, so blocked worker threads do not delay it."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """Answer which dependencies are up; 503 if the database is down. Without another one, the service works in part."""
    state = request.app.state
    if getattr(state, "readiness_of", None) is not state.services:
        state.readiness, state.readiness_of = Readiness(state.services), state.services
    states = await cast(Readiness, state.readiness).check()
    down = [name for name, dependency_state in states.items() if dependency_state == "down"]
    status = "unavailable" if "database" in down else "degraded" if down else "ready"
    return JSONResponse({"status": status, "dependencies": states}, 503 if "database" in down else 200)
