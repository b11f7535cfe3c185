"""Metrics of one process, and of several that share a folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from ingest.errors import InvalidFile
from ingest.jobs import run
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts

CHILD = """
import os, signal, sys
from ingest.observability import metrics
metrics.jobs.labels("completed").inc()
metrics.breaker_open.labels("qdrant").set(1)
os.kill(os.getpid(), signal.SIGKILL)
"""

PARENT = """
from prometheus_client.exposition import generate_latest
from ingest.observability import metrics
metrics.jobs.labels("completed").inc()
print(generate_latest(metrics.AllProcessesCollector()).decode())
"""


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_job_is_counted_by_its_result_and_each_stage_is_timed(services: FakeServices) -> None:
    attach_texts(services, "A heron.", "A stork.")
    first, second = services.queue.lanes["interactive"][-2:]
    completed, failed = sample("ingest_jobs_total", result="completed"), sample("ingest_jobs_total", result="failed")
    refused = sample("ingest_file_failures_total", code="invalid_file")
    parsed = sample("ingest_stage_seconds_count", stage="parse")

    outcome = run.run_job(services, first.row, lease_holder="test/1")
    services.parser.error = InvalidFile("It is broken.")
    run.run_job(services, second.row, lease_holder="test/1")

    assert list(outcome.seconds) == ["parse", "chunk", "embed", "index"]
    assert sample("ingest_jobs_total", result="completed") == completed + 1
    assert sample("ingest_jobs_total", result="failed") == failed + 1
    assert sample("ingest_file_failures_total", code="invalid_file") == refused + 1
    assert sample("ingest_stage_seconds_count", stage="parse") == parsed + 2


@pytest.mark.services
def test_one_process_exports_the_metrics_of_all_without_the_gauges_of_dead_ones(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", CHILD], env=environment, check=False)
        assert killed.returncode == -signal.SIGKILL

    scraped = subprocess.run(
        [sys.executable, "-c", PARENT], env=environment, check=True, capture_output=True, text=True
    ).stdout.splitlines()

    assert 'ingest_jobs_total{result="completed"} 3.0' in scraped
    assert not any(line.startswith('ingest_breaker_open{dependency="qdrant"} 1') for line in scraped)
