"""Responses while a dependency is down, with the headers that control retries."""

from fastapi.testclient import TestClient

from ingest.db.session import Database
from ingest.errors import DependencyDown
from tests.api.calls import error_of
from tests.fakes import FakeServices


def test_a_search_without_vectors_gets_retry_after(services: FakeServices, client: TestClient, store: str) -> None:
    services.index.is_down = True

    answer = client.post(f"/v1/vector_stores/{store}/search", json={"query": "x"})

    assert error_of(answer, 503)["code"] == "service_unavailable"
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_retry_after_is_at_most_what_clients_accept(services: FakeServices, client: TestClient, store: str) -> None:
    def search(*_: object, **__: object) -> None:
        raise DependencyDown("qdrant", "busy", retry_after_seconds=3_600)

    services.index.search = search  # type: ignore[method-assign,assignment]  # a fake

    answer = client.post(f"/v1/vector_stores/{store}/search", json={"query": "x"})

    error_of(answer, 503)
    assert answer.headers["retry-after"] == "60"


def test_a_request_without_database_gets_retry_after(services: FakeServices, client: TestClient) -> None:
    services.database = Database("sqlite:////nowhere/at/all.db")

    answer = client.get("/v1/files")

    error_of(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
