"""A worker's processes: what is loaded before the fork, and how a task reacts to SIGTERM."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import FakeServices

PARENT = """
import gc
from celery.signals import worker_init
from ingest.steps.chunk import tokens
from workers import app, process
process.wait_until_up = lambda *_: False  # there is no broker, and no database
process.exit_unless_schema_fits = lambda *_, **__: None
worker_init.send(sender=app)
print(tokens._encoding.cache_info().currsize, gc.get_freeze_count() > 50_000)
"""


def test_the_tokenizer_is_loaded_before_the_fork_and_excluded_from_garbage_collection(tmp_path: Path) -> None:
    environment = {**os.environ, "INGEST_REDIS_URL": "redis://127.0.0.1:1/0", "INGEST_DATA": str(tmp_path)}
    finished = subprocess.run(
        [sys.executable, "-c", PARENT], env=environment, capture_output=True, text=True, check=True, timeout=100
    )

    assert finished.stdout.splitlines()[-1].split() == ["1", "True"]


def test_sigterm_during_a_task_asks_for_a_release_and_then_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, services: FakeServices
) -> None:
    monkeypatch.setenv("INGEST_REDIS_URL", "redis://127.0.0.1:1/0")
    from workers import process

    scheduled: list[tuple[int, int]] = []

    class Timer:
        def __init__(self, seconds: float, function: object, arguments: tuple[int, int]) -> None:
            assert (seconds, function) == (process.EXIT_DELAY_SECONDS, os.kill)
            self.arguments = arguments

        def start(self) -> None:
            scheduled.append(self.arguments)

    monkeypatch.setattr(process, "_services", [services])
    monkeypatch.setattr("threading.Timer", Timer)
    handler_before = signal.getsignal(signal.SIGTERM)

    with process.released_on_sigterm():
        assert not services.stopping.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert services.stopping.wait(10)
        assert scheduled == []

    assert scheduled == [(os.getpid(), signal.SIGTERM)]
    assert signal.getsignal(signal.SIGTERM) == handler_before


def test_a_lease_holder_is_named_after_its_machine_first(
    monkeypatch: pytest.MonkeyPatch, services: FakeServices
) -> None:
    monkeypatch.setenv("INGEST_REDIS_URL", "redis://127.0.0.1:1/0")
    from workers import process

    monkeypatch.setattr(process, "_services", [services])

    assert process.lease_holder() == f"{services.settings.node}/{os.getpid()}"
