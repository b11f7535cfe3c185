"""Files above the size limit are rejected while they arrive."""

from collections.abc import Iterator

from fastapi.testclient import TestClient

from ingest.config import Settings
from tests.api.calls import error_of
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
