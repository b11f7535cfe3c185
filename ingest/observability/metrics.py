"""Prometheus metrics of all processes. deploy/docs/monitoring.md says what to do when a number is wrong.

With PROMETHEUS_MULTIPROC_DIR in the environment all processes of a machine write into that folder, and each of them can
answer a scrape for all (`ingest up`, or a worker with its children). Without it a process answers for itself.
"""

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from ingest.environment import prometheus_folder
from ingest.observability import allocated_values

if _folder := prometheus_folder():  # before the first metric is made, which opens a file there
    allocated_values.install()
    with contextlib.suppress(OSError):  # on a full disk the process counts for itself (`metrics_not_shared`)
        _folder.mkdir(parents=True, exist_ok=True)

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Upper bounds of histogram buckets, in seconds."""

jobs = Counter("ingest_jobs", "Jobs by result.", ["result"])
failures = Counter("ingest_file_failures", "Failed files by the code in their last_error.", ["code"])
warnings = Counter("ingest_warnings", "Warnings in the coverage reports of completed files, by code.", ["code"])
job_seconds = Histogram("ingest_job_seconds", "Time from claim to completion, of completed files.", buckets=SLOW)
stage_seconds = Histogram("ingest_stage_seconds", "Time in each stage of a file.", ["stage"], buckets=SLOW)
waited_seconds = Histogram(
    "ingest_waited_seconds", "Time from queued to claimed.", buckets=(*SLOW, 1_800, 7_200, 43_200)
)
requests = Counter("ingest_http_requests", "Answered requests.", ["method", "route", "status"])
request_seconds = Histogram(
    "ingest_http_request_seconds", "Time until the response started.", ["method", "route"], buckets=FAST
)
dependency_seconds = Histogram(
    "ingest_dependency_seconds", "Time that requests waited for a dependency.", ["dependency"], buckets=SLOW
)
dependency_failures = Counter("ingest_dependency_failures", "Calls that found a dependency down.", ["dependency"])
webhook_deliveries = Counter("ingest_webhook_deliveries", "Attempts to deliver an event, by outcome.", ["outcome"])
import_runs = Counter("ingest_import_runs", "Ended runs of scheduled imports, by result.", ["result"])
gate_verdicts = Counter("ingest_gate_verdicts", "Evaluations of the gates of re-indexes, by result.", ["result"])
reranks = Counter("ingest_reranks", "Searches that a reranker was asked about, by result.", ["result"])
# All label values exist from the start: Prometheus's increase() does not see the first count of a new series.
for _outcome in ("delivered", "failed", "given_up"):
    webhook_deliveries.labels(_outcome)
for _result in ("completed", "incomplete", "failed"):
    import_runs.labels(_result)
for _result in ("passed", "failed", "postponed"):
    gate_verdicts.labels(_result)
for _result in ("completed", "partial", "failed"):
    reranks.labels(_result)
breaker_open = Gauge(
    "ingest_breaker_open",
    "1 while a process's circuit breaker for a dependency is open.",
    ["dependency"],
    multiprocess_mode="livemax",
)


class AllProcessesCollector(Collector):
    """Collect what a scrape of this process returns: its own metrics, or those of all processes that share a folder."""

    def collect(self) -> Iterable[Metric]:
        folder = prometheus_folder()
        if folder is None:
            return REGISTRY.collect()
        _remove_gauges_of_dead_processes(folder)
        return cast(
            Iterable[Metric],
            MultiProcessCollector(None).collect(),  # type: ignore[no-untyped-call] # prometheus_client has no types here
        )


class StageTimer:
    """Time the stages of one file. Call `enter` at the start of each stage and `stop` after the last one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """Seconds in each stage so far, in the order in which the stages were entered first."""
        self._stage = ""
        self._entered_at = 0.0

    def enter(self, stage: str) -> None:
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._entered_at
        self._stage, self._entered_at = stage, now

    def stop(self) -> None:
        """End the last stage and record the time of every stage."""
        self.enter("")
        for stage, seconds in self.seconds.items():
            stage_seconds.labels(stage).observe(seconds)


def _remove_gauges_of_dead_processes(folder: Path) -> None:
    """Remove the gauges of killed processes. Their counters stay."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = int(path.stem.rsplit("_", 1)[1])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call] # prometheus_client has no types here
        except PermissionError:  # a living process of another user
            continue
