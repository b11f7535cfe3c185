"""Request ids, security headers, and the response to an unexpected exception."""

import pytest
from fastapi.testclient import TestClient

from ingest.stores import files
from tests.api.calls import error_of
from tests.fakes import FakeServices


@pytest.mark.services
def test_an_unexpected_exception_is_answered_500_and_the_next_request_works(
    services: FakeServices, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listed(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(files, "list_page", listed)

    error = error_of(client.get("/v1/files"), 500)

    assert "bug" not in error["message"]
    assert client.get("/v1/vector_stores").status_code == 200


def test_every_response_has_its_own_request_id(client: TestClient) -> None:
    ids = [client.get(path).headers["x-request-id"] for path in ("/v1/files", "/v1/files", "/v1/x", "/health")]

    assert len(set(ids)) == 4


def test_responses_forbid_caching_and_framing(client: TestClient) -> None:
    answer, page = client.get("/v1/files"), client.get("/docs")

    assert answer.headers["cache-control"] == "no-store"
    for headers in (answer.headers, page.headers):
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
