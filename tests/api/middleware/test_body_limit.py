"""Bodies above the limit are rejected while they arrive, and the connection stays usable."""

import http.client
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi.testclient import TestClient

from api.app import build_app
from ingest.config import Settings
from ingest.db.session import Database
from tests.api.calls import JSON, error_of
from tests.fakes import FakeServices

MAX_BYTES = 10_000


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_body_bytes": MAX_BYTES})


def body(size: int) -> bytes:
    """A valid body of a store creation with this size in bytes."""
    return b"{" + b" " * (size - 2) + b"}"


def test_a_body_of_exactly_the_limit_is_accepted(client: TestClient) -> None:
    assert client.post("/v1/vector_stores", content=body(MAX_BYTES), headers=JSON).status_code == 200


@pytest.mark.parametrize("path", ["", "/x", "/x/search", "/x/files", "/x/file_batches"])
def test_a_larger_body_is_rejected_before_it_is_parsed(client: TestClient, path: str) -> None:
    answer = client.post(f"/v1/vector_stores{path}", content=b"{" * (MAX_BYTES + 1), headers=JSON)

    assert f"{MAX_BYTES:,}" in error_of(answer, 413)["message"]


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 100 * MAX_BYTES])
def test_a_larger_body_without_content_length_is_rejected(client: TestClient, size: int) -> None:
    blocks = (body(size)[at : at + 1_000] for at in range(0, size, 1_000))

    error_of(client.post("/v1/vector_stores", content=blocks, headers=JSON), 413)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=X", ""]
)
def test_no_content_type_bypasses_the_limit(client: TestClient, kind: str) -> None:
    answer = client.post("/v1/vector_stores", content=body(MAX_BYTES + 1), headers={"content-type": kind})

    error_of(answer, 413)


def test_a_form_without_files_is_limited(client: TestClient) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}

    error_of(client.post("/v1/files", content=b"purpose=" + b"x" * MAX_BYTES, headers=kind), 413)


def test_a_file_may_exceed_the_body_limit(client: TestClient) -> None:
    sent = {"file": ("large.txt", b"x" * 10 * MAX_BYTES)}

    assert client.post("/v1/files", data={"purpose": "assistants"}, files=sent).status_code == 200


@pytest.mark.parametrize("length", ["99999999999999999999999999", "1e9", "-1", "x"])
def test_an_invalid_content_length_causes_no_server_error(client: TestClient, length: str) -> None:
    answer = client.post("/v1/vector_stores", content=b"{}", headers=JSON | {"content-length": length})

    assert answer.status_code in (200, 413)


@pytest.mark.parametrize("length", ["99999999999999999999999999", "9" * 5_000, "1e9", "-1", "x"])
@pytest.mark.parametrize("path", ["/v1/files", "/v1/uploads/upload_x/parts"])
def test_an_invalid_content_length_of_a_form_causes_no_server_error(client: TestClient, path: str, length: str) -> None:
    headers = {"content-type": "multipart/form-data; boundary=X", "content-length": length}

    assert client.post(path, content=b"--X--\r\n", headers=headers).status_code in (400, 413)


@pytest.fixture
def port(settings: Settings, database: Database) -> Iterator[int]:
    """The port of the service behind a real server, in a thread."""
    server = uvicorn.Server(uvicorn.Config(build_app(FakeServices(settings, database)), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.mark.services
@pytest.mark.parametrize("chunked", [False, True])
def test_the_connection_can_be_reused_after_a_rejected_body(port: int, chunked: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    large = body(50 * MAX_BYTES)

    for _ in range(3):
        connection.request(
            "POST", "/v1/vector_stores", iter([large]) if chunked else large, JSON, encode_chunked=chunked
        )
        answer = connection.getresponse()
        assert (answer.status, b"too large" in answer.read()) == (413, True)
        first = connection.sock
        connection.request("GET", "/v1/vector_stores")
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:9]) == (200, b'{"object"')
        assert connection.sock is first
    connection.close()
