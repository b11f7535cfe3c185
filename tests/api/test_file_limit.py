"""Files above the size limit are rejected while they arrive."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ingest.config import Settings
from ingest.tenancy import projects
from tests.api.calls import error_of
from tests.api.projects import key_headers
from tests.api.routes.test_uploads import create_upload
from tests.fakes import FakeServices


def test_a_file_above_the_limit_is_rejected_and_not_stored(
    settings: Settings, services: FakeServices, client: TestClient
) -> None:
    services.settings = settings.model_copy(update={"max_file_bytes": 10})

    answer = client.post("/v1/files", data={"purpose": "assistants"}, files={"file": ("a.txt", b"eleven byte")})

    assert error_of(answer, 413)["param"] == "file"
    assert client.get("/v1/files").json()["data"] == []


def test_a_part_above_64_mb_is_rejected_before_it_is_read(client: TestClient) -> None:
    path = f"/v1/uploads/{create_upload(client)['id']}/parts"
    headers = {"content-length": str(65 * 2**20), "content-type": "multipart/form-data; boundary=x"}

    answer = client.post(path, content=b"not that long", headers=headers)

    assert error_of(answer, 413)["param"] == "data"


def test_a_file_is_rejected_by_its_content_length_before_it_is_read(
    settings: Settings, services: FakeServices, client: TestClient
) -> None:
    services.settings = settings.model_copy(update={"max_file_bytes": 1_000})
    headers = {"content-length": "100000", "content-type": "multipart/form-data; boundary=x"}

    answer = client.post("/v1/files", content=b"no form at all", headers=headers)

    assert error_of(answer, 413)["param"] == "file"


def test_a_file_without_content_length_is_rejected_at_the_limit(
    settings: Settings, services: FakeServices, client: TestClient
) -> None:
    services.settings = settings.model_copy(update={"max_file_bytes": 1_000})

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 10_000

    answer = client.post("/v1/files", content=body(), headers={"content-type": "multipart/form-data; boundary=x"})

    assert "1,000 bytes" in error_of(answer, 413)["message"]
    assert client.get("/v1/files").json()["data"] == []


def quota_client(services: FakeServices, shared_app: FastAPI, stored_bytes: int) -> TestClient:
    """Return a client whose project may store this many bytes."""
    shared_app.state.services = services
    projects.set_limits(services.database, "default", {"stored_bytes": stored_bytes})
    headers = key_headers(services, "proj_default")
    return TestClient(shared_app, base_url="http://localhost", headers=headers, client=("192.0.2.7", 50000))


@pytest.mark.parametrize("path", ["/v1/files", "/v1/uploads/upload_x/parts"])
def test_a_file_beyond_the_quota_is_refused_before_it_is_read(
    services: FakeServices, shared_app: FastAPI, path: str
) -> None:
    client = quota_client(services, shared_app, 1_000_000)
    headers = {"content-length": str(50 * 2**20), "content-type": "multipart/form-data; boundary=x"}

    answer = client.post(path, content=b"no form at all", headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")
    assert answer.headers["x-should-retry"] == "false"


def test_a_file_without_content_length_is_refused_at_the_quota(services: FakeServices, shared_app: FastAPI) -> None:
    client = quota_client(services, shared_app, 100_000)

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield b"x" * 10_000

    answer = client.post("/v1/files", content=body(), headers={"content-type": "multipart/form-data; boundary=x"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")


def test_bytes_on_their_way_count_against_the_quota(services: FakeServices, shared_app: FastAPI) -> None:
    client = quota_client(services, shared_app, 4 * 2**20)
    uploaded = shared_app.state.limits.uploaded
    file = {"file": ("a.txt", b"x" * (2 * 2**20))}
    uploaded.add("proj_default", 3 * 2**20)
    try:
        refused = client.post("/v1/files", data={"purpose": "assistants"}, files=file)
    finally:
        uploaded.remove("proj_default", 3 * 2**20)

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")
    assert client.post("/v1/files", data={"purpose": "assistants"}, files=file).status_code == 200
    assert uploaded.of_project("proj_default") == 0


def test_a_form_with_many_files_is_refused(client: TestClient) -> None:
    files = [("file", (f"{number}.txt", b"x")) for number in range(20)]

    error_of(client.post("/v1/files", data={"purpose": "assistants"}, files=files), 400)
