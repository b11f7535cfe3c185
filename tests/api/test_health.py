"""`/health` and `/ready`, and requests while a dependency is down."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.db import clock_readings
from ingest.db.queue import outages, workers
from ingest.dispatch.feeder import FeederThread
from ingest.errors import DependencyDown
from ingest.health import checks, waits
from ingest.net.breaker import FAILURES_TO_OPEN
from tests.api.calls import error_of, run_jobs, upload
from tests.db import rows
from tests.fakes import FakeServices
from tests.servers import wait_until


def mark_down(*_: object) -> Any:
    raise DependencyDown("database", "no answer")


@pytest.fixture(autouse=True)
def fresh_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every request check the dependencies again."""
    monkeypatch.setattr(checks, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(waits, "CACHE_SECONDS", 0.0)


def down(answer: Any) -> list[str]:
    """Return the dependencies that an answer of `/ready` says are down."""
    return [name for name, dependency in answer.json()["dependencies"].items() if dependency["state"] == "down"]


def test_a_healthy_service_is_ready_and_names_every_dependency(client: TestClient, services: FakeServices) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    ready = client.get("/ready")
    assert ready.status_code == 200
    answer = ready.json()
    assert (answer["status"], answer["files"]) == ("ready", {"queued": 0, "running": 0})
    dependencies = answer["dependencies"]
    assert set(dependencies) == {
        "database", "broker", "qdrant", "blobs", "disk", f"embedder {services.settings.default_model}", "workers"
    }  # fmt: skip
    assert {dependency["state"] for dependency in dependencies.values()} == {"up"}
    assert 0 < dependencies["blobs"]["free_bytes"] < dependencies["blobs"]["total_bytes"]
    assert dependencies["workers"]["lanes"]["fast"]["alive"] == dependencies["workers"]["lanes"]["slow"]["alive"] == 1
    assert abs(dependencies["workers"]["last_heartbeat"] - time.time()) < 60


def test_a_jump_of_the_clock_is_shown_while_expiries_wait(client: TestClient, services: FakeServices) -> None:
    assert client.get("/ready").json()["clock_jump"] is None
    with services.database.transaction() as session:
        clock_readings.record_reading(session, boot_id="b", uptime=200_000.0)
        clock_readings.record_reading(session, boot_id="b", uptime=100_000.0)  # less time passed than by the clock

    answer = client.get("/ready").json()

    assert answer["status"] == "ready"
    assert answer["clock_jump"]["seconds"] == 100_000
    assert answer["clock_jump"]["expiries_resume_at"] - answer["clock_jump"]["noticed_at"] == 86_400
    assert "jumped by +100,000 s" in answer["clock_jump"]["text"]


def test_without_vectors_and_broker_the_service_is_degraded_and_says_since_when(
    client: TestClient, services: FakeServices
) -> None:
    services.index.is_down = services.queue.is_down = True

    first, second = client.get("/ready"), client.get("/ready")

    assert (first.status_code, first.json()["status"], down(first)) == (200, "degraded", ["broker", "qdrant"])
    assert abs(first.json()["dependencies"]["qdrant"]["since"] - time.time()) < 60
    assert second.json()["dependencies"]["qdrant"]["since"] == first.json()["dependencies"]["qdrant"]["since"]
    services.index.is_down = services.queue.is_down = False
    assert client.get("/ready").json()["dependencies"]["qdrant"]["since"] is None


def test_without_workers_the_service_is_degraded_and_says_how_many_files_wait(
    client: TestClient, services: FakeServices, store: str, file: str
) -> None:
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    with services.database.transaction() as session:
        workers.record_stop(session, rows.HOLDER)

    ready = client.get("/ready").json()

    stopped = ready["dependencies"]["workers"]
    assert (ready["status"], stopped["state"], stopped["files_waiting"]) == ("degraded", "down", 1)
    assert abs(stopped["since"] - time.time()) < 60
    assert "no worker of the fast and the slow lane is alive, since" in stopped["text"]
    assert "1 file waits" in stopped["text"]


def test_an_embedder_that_fails_files_is_down_with_its_model_and_its_reason(
    client: TestClient, services: FakeServices, store: str, file: str
) -> None:
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    with services.database.transaction() as session:
        for _ in range(FAILURES_TO_OPEN):
            outages.record_failure(
                session, "embedder", None, reason="answered 503: at 10.0.0.7", model=services.settings.default_model
            )

    name = f"embedder {services.settings.default_model}"
    embedder = client.get("/ready").json()["dependencies"][name]

    assert (embedder["state"], embedder["reason"], embedder["files_waiting"]) == ("down", "it answered 503", 1)
    assert embedder["detail"] == "answered 503: at 10.0.0.7"
    assert embedder["next_try"] >= embedder["since"]


def test_full_blobs_are_down_while_the_service_still_answers_reads(
    client: TestClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DependencyDown("blobs", "the disk is full: 3 MiB are free")

    monkeypatch.setattr(services.blobs, "ping", fail)

    ready = client.get("/ready")

    assert (ready.status_code, down(ready)) == (200, ["blobs"])
    assert ready.json()["dependencies"]["blobs"]["reason"] == "no space left"
    assert client.get("/v1/files").status_code == 200


def test_other_machines_are_told_reasons_in_general_words_only(
    remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise DependencyDown("qdrant", "no connection to 10.0.0.7: Connection refused")

    monkeypatch.setattr(services.index, "ping", refuse)

    answer = remote_client({}).get("/ready")

    assert answer.json()["dependencies"]["qdrant"]["reason"] == "connection refused"
    assert "10.0.0.7" not in answer.text


def test_without_database_the_service_is_alive_but_not_ready(
    client: TestClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.database, "ping", mark_down)

    assert client.get("/ready").status_code == 503
    assert client.get("/ready").json()["status"] == "unavailable"
    assert client.get("/health").status_code == 200


def test_a_hanging_dependency_counts_as_down_and_is_checked_once_at_a_time(
    client: TestClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "TIMEOUT_SECONDS", 0.1)
    calls, released = [], threading.Event()

    def hang() -> None:
        calls.append(True)
        released.wait(20)

    monkeypatch.setattr(services.index, "ping", hang)
    started = time.monotonic()
    for _ in range(3):
        assert client.get("/ready").json()["dependencies"]["qdrant"]["reason"] == "no answer in time"
    assert time.monotonic() - started < 5
    assert len(calls) == 1

    released.set()
    wait_until(lambda: client.get("/ready").json()["dependencies"]["qdrant"]["state"] == "up")


def test_without_vectors_only_searches_fail(client: TestClient, services: FakeServices, store: str, file: str) -> None:
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    run_jobs(services)
    services.index.is_down = True

    error = error_of(client.post(f"/v1/vector_stores/{store}/search", json={"query": "heron"}), 503)
    assert error["code"] == "service_unavailable"
    for answer in (
        client.get("/v1/vector_stores"),
        client.get(f"/v1/vector_stores/{store}/files/{file}"),
        client.get(f"/v1/files/{file}/content"),
        client.post(f"/v1/vector_stores/{store}/files/{file}", json={"attributes": {"a": 1}}),
        client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [upload(client)]}),
        client.delete(f"/v1/vector_stores/{store}/files/{file}"),
        client.delete(f"/v1/files/{file}"),
        client.delete(f"/v1/vector_stores/{store}"),
    ):
        assert answer.status_code == 200, answer.text


def test_an_open_breaker_fails_searches_at_once(
    client: TestClient, services: FakeServices, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []

    def search(*_: object, **__: object) -> None:
        calls.append(True)
        raise DependencyDown("qdrant", "no answer")

    monkeypatch.setattr(services.index, "search", search)
    answers = [
        client.post(f"/v1/vector_stores/{store}/search", json={"query": "heron"}) for _ in range(FAILURES_TO_OPEN + 5)
    ]

    assert {answer.status_code for answer in answers} == {503}
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in answers)
    assert len(calls) == FAILURES_TO_OPEN


def test_without_broker_requests_succeed_and_jobs_run_later(
    client: TestClient, services: FakeServices, store: str, file: str
) -> None:
    services.queue.is_down = True

    assert client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file}).status_code == 200
    services.queue.is_down = False
    run_jobs(services)  # as maintenance, which publishes what was not published
    services.feeder.top_up()
    run_jobs(services)
    assert client.get(f"/v1/vector_stores/{store}/files/{file}").json()["status"] == "completed"


def test_a_request_does_not_wait_for_the_broker(
    client: TestClient, services: FakeServices, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    send = services.queue.send

    def send_after_release(*given: Any) -> None:
        released.wait(20)
        send(*given)

    monkeypatch.setattr(services.queue, "send", send_after_release)
    services.feeder_thread = FeederThread(services.feeder)
    services.feeder_thread.start()
    try:
        started = time.monotonic()
        for _ in range(3):
            attached = client.post(f"/v1/vector_stores/{store}/files", json={"file_id": upload(client)})
            assert attached.status_code == 200
        assert time.monotonic() - started < 5
        released.set()
        wait_until(lambda: len(services.queue.lanes["interactive"]) == 3, what="the publication of the files")
    finally:
        released.set()
        services.feeder_thread.stop()


def test_a_full_disk_fails_an_upload_and_leaves_no_file(
    client: TestClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ingest.blobs.staging.tempfile.mkstemp", full)
    sent = {"file": ("a.txt", b"x")}
    answer = client.post("/v1/files", data={"purpose": "assistants"}, files=sent)

    assert error_of(answer, 503)["code"] == "service_unavailable"
    assert client.get("/v1/files").json()["data"] == []


def test_a_full_disk_during_a_body_is_answered_503(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("starlette.datastructures.UploadFile.write", full)
    sent = {"file": ("a.txt", b"x")}

    error_of(client.post("/v1/files", data={"purpose": "assistants"}, files=sent), 503)
