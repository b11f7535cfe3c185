"""Is it alive, can it work; and what is answered while something is down."""

import threading
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import health
from ingest.dispatch.feeder import FeederThread
from ingest.errors import DependencyDown
from ingest.net.breaker import FAILURES
from tests.api.calls import refusal, upload, work
from tests.fakes import FakeServices
from tests.servers import wait_until


def down(*_: object) -> Any:
    raise DependencyDown("database", "no answer")


def test_all_is_well(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    ready = client.get("/ready")
    assert ready.status_code == 200
    up = {"database": "up", "broker": "up", "qdrant": "up", "blobs": "up"}
    assert ready.json() == {"status": "ready", "dependencies": up}


def test_without_vectors_or_broker_it_is_degraded_and_says_so(client: TestClient, services: FakeServices) -> None:
    services.index.down = services.queue.down = True

    ready = client.get("/ready")

    assert ready.status_code == 200
    assert ready.json()["status"] == "degraded"
    assert [name for name, state in ready.json()["dependencies"].items() if state == "down"] == ["broker", "qdrant"]


def test_without_its_database_it_is_not_ready_but_alive(
    client: TestClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.database, "ping", down)

    assert client.get("/ready").status_code == 503
    assert client.get("/ready").json()["status"] == "unavailable"
    assert client.get("/health").status_code == 200


def test_a_dependency_that_hangs_is_down_in_time_and_asked_only_once(
    client: TestClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.1)
    asked, let_go = [], threading.Event()

    def hang() -> None:
        asked.append(True)
        let_go.wait(20)

    monkeypatch.setattr(services.index, "ping", hang)
    started = time.monotonic()
    for _ in range(3):
        assert client.get("/ready").json()["dependencies"]["qdrant"] == "down"
    assert time.monotonic() - started < 5
    assert len(asked) == 1

    let_go.set()
    wait_until(lambda: client.get("/ready").json()["status"] == "ready")


def test_without_vectors_only_the_search_is_refused(
    client: TestClient, services: FakeServices, store: str, file: str
) -> None:
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    work(services)
    services.index.down = True

    told = refusal(client.post(f"/v1/vector_stores/{store}/search", json={"query": "heron"}), 503)
    assert told["code"] == "service_unavailable"
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


def test_searches_do_not_queue_up_for_vectors_that_are_known_to_be_down(
    client: TestClient, services: FakeServices, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def search(*_: object, **__: object) -> None:
        asked.append(True)
        raise DependencyDown("qdrant", "no answer")

    monkeypatch.setattr(services.index, "search", search)
    answers = [client.post(f"/v1/vector_stores/{store}/search", json={"query": "heron"}) for _ in range(FAILURES + 5)]

    assert {answer.status_code for answer in answers} == {503}
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in answers)
    assert len(asked) == FAILURES


def test_without_a_broker_everything_is_answered(
    client: TestClient, services: FakeServices, store: str, file: str
) -> None:
    services.queue.down = True

    assert client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file}).status_code == 200
    services.queue.down = False
    work(services)  # as the sweep, which publishes what could not be
    services.feeder.top_up()
    work(services)
    assert client.get(f"/v1/vector_stores/{store}/files/{file}").json()["status"] == "completed"


def test_a_request_does_not_wait_for_the_broker(
    client: TestClient, services: FakeServices, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()
    send = services.queue.send

    def frozen(*given: Any) -> None:
        let_go.wait(20)
        send(*given)

    monkeypatch.setattr(services.queue, "send", frozen)
    services.feeder_thread = FeederThread(services.feeder)
    services.feeder_thread.start()
    try:
        started = time.monotonic()
        for _ in range(3):
            attached = client.post(f"/v1/vector_stores/{store}/files", json={"file_id": upload(client)})
            assert attached.status_code == 200
        assert time.monotonic() - started < 5
        let_go.set()
        wait_until(lambda: len(services.queue.lanes["interactive"]) == 3, what="their being published")
    finally:
        let_go.set()
        services.feeder_thread.stop()


def test_a_full_disk_refuses_an_upload_and_leaves_nothing(
    client: TestClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ingest.blobs.staging.tempfile.mkstemp", full)
    sent = {"file": ("a.txt", b"x")}
    answer = client.post("/v1/files", data={"purpose": "assistants"}, files=sent)

    assert refusal(answer, 503)["code"] == "service_unavailable"
    assert client.get("/v1/files").json()["data"] == []


def test_no_room_for_a_body_on_its_way_in_is_not_the_clients_fault(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("starlette.datastructures.UploadFile.write", full)
    sent = {"file": ("a.txt", b"x")}

    refusal(client.post("/v1/files", data={"purpose": "assistants"}, files=sent), 503)
