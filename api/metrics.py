"""`/metrics` for Prometheus: the metrics of all processes, and gauges that are read at each scrape."""

import hmac
from collections.abc import Iterator
from typing import cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, exposition
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.errors.responses import error_response
from ingest.db.checks import verifications
from ingest.db.queue import outages
from ingest.db.queue.backlog import read_backlog
from ingest.db.schedules import import_schedules
from ingest.errors import DependencyDown
from ingest.health.report import WaitingCounts, report_dependencies
from ingest.health.state import HealthState
from ingest.observability import logs, metrics
from ingest.services import Services
from ingest.status import LANES
from ingest.verify.report import FINDING_KINDS

router = APIRouter(include_in_schema=False)
_log = logs.RepeatedRecords(logs.get(__name__))


@router.get("/metrics", include_in_schema=False)
def scrape(request: Request) -> Response:
    """Answer a scrape: with the setting `metrics_token` only to its bearer, otherwise to every client of the port."""
    services = cast(Services, request.app.state.services)
    token = services.settings.metrics_token.get_secret_value()
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and not hmac.compare_digest(bearer.encode(), token.encode()):
        return error_response(401, "Incorrect metrics token provided.", code="invalid_api_key")
    state_registry = CollectorRegistry()
    state_registry.register(ServiceStateCollector(services))
    text = exposition.generate_latest(metrics.AllProcessesCollector()) + exposition.generate_latest(state_registry)
    return Response(text, media_type=exposition.CONTENT_TYPE_LATEST)


class ServiceStateCollector(Collector):
    """Reads gauges from the database and the broker at each scrape.

    The gauges of a dependency that is down are left out, and its `ingest_up` is 0.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield all gauges; `ingest_up` comes last."""
        up = GaugeMetricFamily("ingest_up", "1 if the dependency answered the API.", labels=["dependency"])
        for dependency, read in (("database", self._database_gauges), ("broker", self._broker_gauges)):
            try:
                gauges = read()
            except DependencyDown as exc:
                _log.warning("scrape_incomplete", dependency=exc.dependency, reason=str(exc))
                up.add_metric([dependency], 0)
            else:
                up.add_metric([dependency], 1)
                yield from gauges
        yield up

    def _database_gauges(self) -> list[GaugeMetricFamily]:
        with self._services.database.reading() as session:
            backlog, outage_state = read_backlog(session), outages.read_state(session)
            verification = verifications.get_last(session)
            schedule_counts = import_schedules.count_by_state(session)
        health, counts = self._services.waits.state(), self._services.waits.count()
        files = GaugeMetricFamily("ingest_files", "Unfinished files by state.", labels=["state"])
        files.add_metric(["queued"], backlog.queued)
        files.add_metric(["running"], backlog.running)
        oldest = GaugeMetricFamily(
            "ingest_oldest_queued_seconds", "Age of the oldest unfinished work.", backlog.oldest_seconds
        )
        point_jobs = GaugeMetricFamily(
            "ingest_overdue_point_jobs", "Due deletions and updates of points.", backlog.overdue_point_jobs
        )
        schedules = GaugeMetricFamily(
            "ingest_import_schedules", "Import schedules by state, or by result of the last run.", labels=["state"]
        )
        for state, count in schedule_counts.items():
            schedules.add_metric([state], count)
        outage = GaugeMetricFamily("ingest_outage", "1 while workers wait for the dependency.", labels=["dependency"])
        for dependency in outage_state.down:
            outage.add_metric([dependency], 1)
        gauges = [files, oldest, point_jobs, schedules, outage, *_waiting_gauges(health, counts)]
        return gauges if verification is None else [*gauges, *_verification_gauges(verification)]

    def _broker_gauges(self) -> list[GaugeMetricFamily]:
        depths = {lane: self._services.queue.depth(lane) for lane in LANES}
        messages = GaugeMetricFamily("ingest_broker_messages", "Waiting messages by lane.", labels=["lane"])
        for lane, depth in depths.items():
            messages.add_metric([lane], depth)
        return [messages]


def _waiting_gauges(state: HealthState, counts: WaitingCounts) -> list[GaugeMetricFamily]:
    alive = GaugeMetricFamily("ingest_workers_alive", "Workers with a recent heartbeat, by lane.", labels=["lane"])
    for lane in LANES:
        if lane != "slow" or state.slow_apart:
            alive.add_metric([lane], state.lane_workers(lane).alive)
    waiting = GaugeMetricFamily(
        "ingest_waiting_files", "Queued files that wait for a dependency or for a worker.", labels=["dependency"]
    )
    by_dependency: dict[str, int] = {}
    for report in report_dependencies({}, state, counts):
        dependency = report.name.partition(" ")[0]
        by_dependency[dependency] = by_dependency.get(dependency, 0) + report.files_waiting
    for dependency, files in by_dependency.items():
        waiting.add_metric([dependency], files)
    return [alive, waiting]


def _verification_gauges(verification: verifications.LastVerification) -> list[GaugeMetricFamily]:
    findings = GaugeMetricFamily(
        "ingest_verify_findings", "Findings of the last nightly verification.", labels=["kind"]
    )
    for kind in FINDING_KINDS:
        findings.add_metric([kind], verification.findings.get(kind, 0))
    ended = GaugeMetricFamily(
        "ingest_verify_ended_timestamp_seconds",
        "Unix time of the end of the last nightly verification.",
        verification.ended_at,
    )
    return [findings, ended]
