"""What the API answers about uploads and to bodies that are too large."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.config import Settings
from tests.api.calls import JSON, refusal
from tests.fakes import FakeServices

ANNOUNCED = {"bytes": 4, "filename": "a.txt", "mime_type": "text/plain", "purpose": "assistants"}


def announce(client: TestClient, **others: Any) -> dict[str, Any]:
    answer = client.post("/v1/uploads", json=ANNOUNCED | others)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def send(client: TestClient, upload: str, content: bytes) -> dict[str, Any]:
    answer = client.post(f"/v1/uploads/{upload}/parts", files={"data": ("upload", content)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_upload_goes_from_pending_to_completed(client: TestClient) -> None:
    upload = announce(client)
    parts = [send(client, upload["id"], content) for content in (b"ab", b"cd")]

    done = client.post(f"/v1/uploads/{upload['id']}/complete", json={"part_ids": [part["id"] for part in parts]}).json()

    assert set(upload) == {
        "id", "object", "bytes", "created_at", "expires_at", "filename", "purpose", "status", "file",
    }  # fmt: skip
    assert (upload["object"], upload["status"], upload["file"], upload["bytes"]) == ("upload", "pending", None, 4)
    assert upload["id"].startswith("upload_")
    assert upload["expires_at"] == upload["created_at"] + 3600
    assert set(parts[0]) == {"id", "object", "created_at", "upload_id"}
    assert (parts[0]["object"], parts[0]["upload_id"]) == ("upload.part", upload["id"])
    assert (done["status"], done["file"]["filename"], done["file"]["bytes"]) == ("completed", "a.txt", 4)
    assert client.get(f"/v1/files/{done['file']['id']}").json() == done["file"]
    assert client.get(f"/v1/files/{done['file']['id']}/content").content == b"abcd"


def test_a_cancel_needs_no_body(client: TestClient) -> None:
    upload = announce(client)["id"]

    answer = client.post(f"/v1/uploads/{upload}/cancel", headers=JSON)

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"])
def test_every_purpose_is_taken(client: TestClient, purpose: str) -> None:
    assert announce(client, purpose=purpose)["purpose"] == purpose


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"bytes": -1}, "bytes"),
        ({"bytes": 8 * 2**30 + 1}, "bytes"),
        ({"bytes": "4"}, "bytes"),
        ({"filename": ""}, "filename"),
        ({"filename": "a\0b"}, "filename"),
        ({"mime_type": None}, "mime_type"),
        ({"purpose": "fun"}, "purpose"),
        ({"expires_after": {"anchor": "now", "seconds": 3600}}, "expires_after.anchor"),
        ({"expires_after": {"anchor": "created_at", "seconds": 1}}, "expires_after.seconds"),
        ({"x": 1}, "x"),
    ],
)
def test_an_announcement_that_is_wrong_is_refused(client: TestClient, change: dict[str, Any], param: str) -> None:
    assert refusal(client.post("/v1/uploads", json=ANNOUNCED | change), 400)["param"] == param


@pytest.mark.parametrize("body", [{}, {"part_ids": "x"}, {"part_ids": [], "md5": "no"}, {"part_ids": [1]}, []])
def test_a_completion_that_is_wrong_is_refused(client: TestClient, body: Any) -> None:
    refusal(client.post(f"/v1/uploads/{announce(client)['id']}/complete", json=body), 400)


def test_a_wrong_md5_is_refused_and_a_right_one_taken(client: TestClient) -> None:
    upload = announce(client)["id"]
    body = {"part_ids": [send(client, upload, b"abcd")["id"]]}
    md5 = hashlib.md5(b"abcd", usedforsecurity=False).hexdigest()

    assert refusal(client.post(f"/v1/uploads/{upload}/complete", json=body | {"md5": "0" * 32}), 400)["param"] == "md5"
    assert client.post(f"/v1/uploads/{upload}/complete", json=body | {"md5": md5}).json()["status"] == "completed"


@pytest.mark.parametrize("nasty", ["upload_x", "%00", "..%2f..%2fetc", "x" * 5_000, "%F0%9F%98%80"])
def test_an_unknown_upload_is_not_found(client: TestClient, nasty: str) -> None:
    refusal(client.post(f"/v1/uploads/{nasty}/parts", files={"data": b"x"}), 404)
    refusal(client.post(f"/v1/uploads/{nasty}/complete", json={"part_ids": []}), 404)
    refusal(client.post(f"/v1/uploads/{nasty}/cancel"), 404)


def test_a_part_must_be_a_file_called_data(client: TestClient) -> None:
    path = f"/v1/uploads/{announce(client)['id']}/parts"

    assert refusal(client.post(path, files={"file": b"x"}), 400)["param"] == "data"
    assert refusal(client.post(path, data={"data": "x"}), 400)["param"] == "data"


def test_a_part_above_64_mb_is_refused_before_it_is_read(client: TestClient) -> None:
    path = f"/v1/uploads/{announce(client)['id']}/parts"
    headers = {"content-length": str(65 * 2**20), "content-type": "multipart/form-data; boundary=x"}

    answer = client.post(path, content=b"not that long", headers=headers)

    assert refusal(answer, 413)["param"] == "data"


def test_a_file_that_says_it_is_too_large_is_refused_before_it_is_read(
    settings: Settings, services: FakeServices, client: TestClient
) -> None:
    services.settings = settings.model_copy(update={"max_file_bytes": 1_000})
    headers = {"content-length": "100000", "content-type": "multipart/form-data; boundary=x"}

    answer = client.post("/v1/files", content=b"no form at all", headers=headers)

    assert refusal(answer, 413)["param"] == "file"


def test_a_file_that_does_not_say_how_long_it_is_is_refused_when_it_is_too_long(
    settings: Settings, services: FakeServices, client: TestClient
) -> None:
    services.settings = settings.model_copy(update={"max_file_bytes": 1_000})

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 10_000

    answer = client.post("/v1/files", content=body(), headers={"content-type": "multipart/form-data; boundary=x"})

    assert "1,000 bytes" in refusal(answer, 413)["message"]
    assert client.get("/v1/files").json()["data"] == []


def test_an_expired_store_is_shown_as_that(client: TestClient, store: str, file: str, services: FakeServices) -> None:
    path = f"/v1/vector_stores/{store}"
    client.post(path, json={"expires_after": {"anchor": "last_active_at", "days": 1}})
    with services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE vector_stores SET last_active_at = last_active_at - 86400")

    shown = client.get(path).json()

    assert shown["status"] == "expired"
    assert shown["expires_at"] == shown["last_active_at"] + 86_400
    assert client.get("/v1/vector_stores").json()["data"] == [shown]
    for answer in (
        client.post(f"{path}/files", json={"file_id": file}),
        client.post(f"{path}/file_batches", json={"file_ids": [file]}),
        client.post(f"{path}/search", json={"query": "x"}),
    ):
        assert refusal(answer, 400)["message"] == f"Vector store '{store}' has expired"
    assert client.post(path, json={"name": "old"}).json()["status"] == "expired"
    assert client.delete(path).json()["deleted"] is True
