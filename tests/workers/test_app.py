"""The Celery application of a worker."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.dispatch.broker import FILE_TASK, MAINTENANCE_QUEUE, MAINTENANCE_TASK

ROOT = Path(__file__).parents[2]
URL = "redis://127.0.0.1:1/0"


def test_workers_take_single_files_first_and_batches_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_REDIS_URL", URL)
    from workers.app import make_app

    celery = make_app(Settings(redis_url=URL))

    assert [queue.name for queue in celery.conf.task_queues] == ["interactive", "maintenance", "bulk", "slow"]
    assert celery.conf.beat_schedule["sweep"]["task"] == MAINTENANCE_TASK
    assert celery.conf.task_acks_late is False
    assert FILE_TASK == "ingest.file"


def test_beat_sends_maintenance_to_its_own_queue_and_lets_it_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_REDIS_URL", URL)
    from workers.app import make_app

    celery = make_app(Settings(redis_url=URL, sweep_seconds=7))

    entry = celery.conf.beat_schedule["sweep"]
    assert (entry["schedule"], entry["options"]) == (7, {"queue": MAINTENANCE_QUEUE, "expires": 14})


def test_a_worker_has_the_processes_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_REDIS_URL", URL)
    from workers.app import make_app

    assert make_app(Settings(redis_url=URL, workers=3)).conf.worker_concurrency == 3


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_without_a_broker_celery_ends_with_one_line_and_exit_code_2(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "workers.app", command],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 2
    assert ended.stderr == "ingest: INGEST_REDIS_URL is not set; `ingest up` starts a broker of its own.\n"
