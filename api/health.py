"""Is the process alive, and can it work? For load balancers and people; nobody needs a key to ask."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal, cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ingest.observability import logs
from ingest.services import Services

CHECK_SECONDS = 2.0
"""What does not answer in this time is down."""

State = Literal["up", "down"]

router = APIRouter(include_in_schema=False)
_log = logs.get(__name__)


class Readiness:
    """Asks each dependency in a thread of its own, one at a time however often it is asked itself."""

    def __init__(self, services: Services) -> None:
        self._checks: dict[str, Callable[[], object]] = {
            "database": services.database.ping,
            "broker": lambda: services.queue.depth("interactive"),
            "qdrant": lambda: services.index.ping(),
            "blobs": lambda: services.blobs.ping(),
        }
        self._running: dict[str, Future[State]] = {}

    async def check(self) -> dict[str, State]:
        """Every dependency's state within CHECK_SECONDS."""
        asked = {name: asyncio.wrap_future(self._ask(name)) for name in self._checks}
        await asyncio.wait(asked.values(), timeout=CHECK_SECONDS)
        return {name: future.result() if future.done() else "down" for name, future in asked.items()}

    def _ask(self, name: str) -> Future[State]:
        running = self._running.get(name)
        if running is None or running.done():
            running = self._running[name] = Future()
            threading.Thread(target=self._run, args=(name, running), name=f"ready-{name}", daemon=True).start()
        return running

    def _run(self, name: str, state: Future[State]) -> None:
        try:
            self._checks[name]()
        except Exception as exc:  # noqa: BLE001 - whatever is wrong with it, it is not up
            _log.warning("dependency_down", dependency=name, reason=str(exc))
            state.set_result("down")
        else:
            state.set_result("up")


@router.get("/health")
async def health() -> dict[str, str]:
    """That this process answers; not in a thread, so whatever these wait for."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """Which dependencies answer. 503 without the database; without another, what does not need it is answered."""
    state = request.app.state
    if getattr(state, "readiness_of", None) is not state.services:
        state.readiness, state.readiness_of = Readiness(state.services), state.services
    found = await cast(Readiness, state.readiness).check()
    down = [name for name, is_so in found.items() if is_so == "down"]
    status = "unavailable" if "database" in down else "degraded" if down else "ready"
    return JSONResponse({"status": status, "dependencies": found}, 503 if "database" in down else 200)
