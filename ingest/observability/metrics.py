"""What the processes count and time, for Prometheus; see deploy/operations.md for what to do when a number is wrong.

With PROMETHEUS_MULTIPROC_DIR in the environment all processes of a machine write into that folder, and any of them can
answer for all (`ingest up`, or a worker with its children); without it a process answers for itself.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
if folder := os.environ.get(SHARED):  # before the first metric is made, which opens a file there
    Path(folder).mkdir(parents=True, exist_ok=True)

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

jobs = Counter("ingest_jobs", "Jobs by how they ended.", ["result"])
failures = Counter("ingest_file_failures", "Files that failed, by the code in their last_error.", ["code"])
job_seconds = Histogram("ingest_job_seconds", "From claim to end of completed files.", buckets=SLOW)
stage_seconds = Histogram("ingest_stage_seconds", "Time in each step of a file.", ["stage"], buckets=SLOW)
waited_seconds = Histogram("ingest_waited_seconds", "From queued to claimed.", buckets=(*SLOW, 1_800, 7_200, 43_200))
requests = Counter("ingest_http_requests", "Answered requests.", ["method", "route", "status"])
request_seconds = Histogram("ingest_http_request_seconds", "Until the answer began.", ["method", "route"], buckets=FAST)
dependency_seconds = Histogram(
    "ingest_dependency_seconds", "What requests waited for others' answers.", ["dependency"], buckets=SLOW
)
dependency_failures = Counter("ingest_dependency_failures", "Calls that found it down.", ["dependency"])
webhook_deliveries = Counter("ingest_webhook_deliveries", "Tries to deliver an event, by outcome.", ["outcome"])
for _outcome in ("delivered", "failed", "given_up"):  # from the start: otherwise the first would not be seen to be new
    webhook_deliveries.labels(_outcome)
import_runs = Counter("ingest_import_runs", "Runs of scheduled imports that have ended, by how.", ["result"])
for _result in ("completed", "incomplete", "failed"):
    import_runs.labels(_result)
breaker_open = Gauge(
    "ingest_breaker_open",
    "1 while some process leaves a dependency alone.",
    ["dependency"],
    multiprocess_mode="livemax",
)


class Everything(Collector):
    """What a scrape of this process reads: its own numbers, or those of all processes that share a folder."""

    def collect(self) -> Iterable[Metric]:
        if SHARED not in os.environ:
            return REGISTRY.collect()
        _forget_the_dead(Path(os.environ[SHARED]))
        return cast(Iterable[Metric], MultiProcessCollector(None).collect())  # type: ignore[no-untyped-call]


class Stages:
    """A file's way, timed: call it with each stage that begins, and `end` it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """Of every stage so far, in the order in which they began."""
        self._now = ""
        self._since = 0.0

    def __call__(self, stage: str) -> None:
        moment = time.perf_counter()
        if self._now:
            spent = moment - self._since
            self.seconds[self._now] = self.seconds.get(self._now, 0.0) + spent
        self._now, self._since = stage, moment

    def end(self) -> None:
        """The last stage is over; let the metrics know of all."""
        self("")
        for stage, seconds in self.seconds.items():
            stage_seconds.labels(stage).observe(seconds)


def _forget_the_dead(folder: Path) -> None:
    """Let go of what killed processes said of the present; what they counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = int(path.stem.rsplit("_", 1)[1])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
        except PermissionError:  # alive, and somebody else's
            continue
