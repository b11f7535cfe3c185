"""Start and stop of the service."""

import threading

import pytest
from fastapi.testclient import TestClient

from api import lifespan
from api.app import build_app
from ingest.errors import DependencyDown
from tests.fakes import FakeServices


class RecordedThread:
    """A background thread that records its start and stop."""

    events: list[str]

    def __init__(self, *_: object) -> None:
        self._name = type(self).__name__

    def start(self) -> None:
        self.events.append(f"start {self._name}")

    def stop(self) -> None:
        self.events.append(f"stop {self._name}")


NAMES = ["MaintenanceThread", "FeederThread", "DeliveryWorker", "NightlyVerifier", "ImportRunner"]


def test_background_threads_stop_in_the_reverse_order_of_their_start(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    for name in NAMES:
        monkeypatch.setattr(lifespan, name, type(name, (RecordedThread,), {"events": events}))

    with TestClient(build_app(services)):
        assert events == [f"start {name}" for name in NAMES]

    assert events[len(NAMES) :] == [f"stop {name}" for name in reversed(NAMES)]


def test_the_service_starts_while_a_dependency_is_down(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    services.embedder.error = DependencyDown("embedder", "it is down")
    for name in NAMES:
        monkeypatch.setattr(lifespan, name, type(name, (RecordedThread,), {"events": []}))
    threads_before = threading.active_count()

    with TestClient(build_app(services)) as client:
        assert client.get("/health").status_code == 200

    assert threading.active_count() <= threads_before + 1
