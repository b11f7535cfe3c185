"""`/metrics`: what Prometheus scrapes, and the timing of every request."""

import hmac
import time
from collections.abc import Iterator
from typing import cast

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, exposition
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from ingest.db.checks import verifications
from ingest.db.queue import outages
from ingest.db.queue.backlog import backlog
from ingest.db.schedules import import_schedules
from ingest.dispatch.feeder import LANES
from ingest.errors import DependencyDown
from ingest.observability import logs, metrics
from ingest.services import Services
from ingest.verify.report import KINDS

_log = logs.get(__name__)


def add(api: FastAPI) -> None:
    """Serve `/metrics`: to whoever can reach the port, or with INGEST_METRICS_TOKEN to who has that token."""
    api.add_api_route("/metrics", _metrics, include_in_schema=False)
    api.add_middleware(Timed)


def _metrics(request: Request) -> Response:
    services = cast(Services, request.app.state.services)
    token = services.settings.metrics_token.get_secret_value()
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and not hmac.compare_digest(given.encode(), token.encode()):
        return errors.envelope(401, "Incorrect metrics token provided.", code="invalid_api_key")
    state = CollectorRegistry()
    state.register(State(services))
    text = exposition.generate_latest(metrics.Everything()) + exposition.generate_latest(state)
    return Response(text, media_type=exposition.CONTENT_TYPE_LATEST)


class State(Collector):
    """What the database and the broker say when asked; what cannot be asked is left out, and is seen to be."""

    def __init__(self, services: Services) -> None:
        self._tools = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("ingest_up", "1 when the API could ask it.", labels=["dependency"])
        try:
            with self._tools.database.reading() as session:
                found, standing = backlog(session), outages.standing(session)
                verified, imports = verifications.last(session), import_schedules.standing(session)
        except DependencyDown as exc:
            _log.warning("scrape_without", dependency=exc.dependency, reason=str(exc))
            up.add_metric(["database"], 0)
        else:
            up.add_metric(["database"], 1)
            files = GaugeMetricFamily("ingest_files", "Files in progress by state.", labels=["state"])
            files.add_metric(["queued"], found.queued)
            files.add_metric(["running"], found.running)
            yield files
            yield GaugeMetricFamily(
                "ingest_oldest_queued_seconds", "Age of the oldest unfinished work.", found.oldest_seconds
            )
            yield GaugeMetricFamily(
                "ingest_overdue_point_jobs", "Deletions and changes of points that are due.", found.overdue_point_jobs
            )
            scheduled = GaugeMetricFamily(
                "ingest_import_schedules",
                "Schedules of imports by what they do, or how they last ended.",
                labels=["state"],
            )
            for state, count in imports.items():
                scheduled.add_metric([state], count)
            yield scheduled
            outage = GaugeMetricFamily("ingest_outage", "1 while workers wait for it.", labels=["dependency"])
            for dependency in standing.down:
                outage.add_metric([dependency], 1)
            yield outage
            if verified is not None:
                findings = GaugeMetricFamily(
                    "ingest_verify_findings", "What the last nightly verify found wrong.", labels=["kind"]
                )
                for kind in KINDS:
                    findings.add_metric([kind], verified.findings.get(kind, 0))
                yield findings
                yield GaugeMetricFamily(
                    "ingest_verify_ended_timestamp_seconds", "When it ended, since 1970.", verified.ended_at
                )
        try:
            depths = {lane: self._tools.queue.depth(lane) for lane in LANES}
        except DependencyDown as exc:
            _log.warning("scrape_without", dependency=exc.dependency, reason=str(exc))
            up.add_metric(["broker"], 0)
        else:
            up.add_metric(["broker"], 1)
            messages = GaugeMetricFamily("ingest_broker_messages", "Messages that wait, by lane.", labels=["lane"])
            for lane, depth in depths.items():
                messages.add_metric([lane], depth)
            yield messages
        yield up


class Timed:
    """Counts every answer and the time until it began, by route and not by address."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                asked = (_method(scope), route(scope))
                metrics.request_seconds.labels(*asked).observe(time.perf_counter() - started)
                metrics.requests.labels(*asked, str(message["status"])).inc()
            await send(message)

        await self._inner(scope, receive, timed)


def route(scope: Scope) -> str:
    """The route's pattern; one name for all that is unknown, so that nobody can invent time series."""
    return str(getattr(scope.get("route"), "path", "unknown"))


def _method(scope: Scope) -> str:
    return (
        scope["method"] if scope["method"] in ("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS") else "other"
    )
