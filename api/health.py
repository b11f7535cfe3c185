"""`/health` and `/ready` for load balancers and operators: whether the process is alive, and what does not work. No key.

Both show nothing of any project. `/ready` names the dependencies and why they are down, in general words; a request from this
machine also gets the errors themselves.
"""

import asyncio
import importlib.metadata
import time
from typing import cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.middleware.admission import is_local
from ingest.health import checks
from ingest.health.report import WaitingCounts, report_dependencies
from ingest.health.state import HealthState
from ingest.services import Services

router = APIRouter(include_in_schema=False)


@router.get("/health")
async def health() -> dict[str, str]:
    """Answer that the process is alive. Runs on the event loop, so blocked worker threads do not delay it."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """Answer which dependencies are up, and how many files wait for those that are down.

    503 if the database is down. Without another dependency the service works in part: it answers reads while a disk is
    full. Answers within the time of a check (ingest/health/checks.py), whatever hangs.
    """
    services = cast(Services, request.app.state.services)
    running = {name: asyncio.wrap_future(future) for name, future in services.checks.start().items()}
    summary = asyncio.wrap_future(services.waits.start_summary())
    await asyncio.wait([*running.values(), summary], timeout=checks.TIMEOUT_SECONDS)
    results = {
        name: future.result() if future.done() else services.checks.time_out(name) for name, future in running.items()
    }
    facts = summary.result().facts if summary.done() else {}
    state: HealthState | None = facts.get("state")
    counts: WaitingCounts | None = facts.get("counts")
    reports = report_dependencies(results, state, counts)
    down = [report.name for report in reports if not report.is_up]
    status = "unavailable" if "database" in down else "degraded" if down else "ready"
    at, with_detail = time.time() if state is None else state.at, is_local(request.scope)
    answer = {
        "status": status,
        "version": importlib.metadata.version("ingest"),
        "files": None if counts is None else {"queued": counts.queued, "running": counts.running},
        "dependencies": {report.name: report.to_json(at, with_detail=with_detail) for report in reports},
        "clock_jump": None if state is None or state.clock_jump is None else state.clock_jump.to_json(),
    }
    return JSONResponse(answer, 503 if "database" in down else 200)
