"""Routes of uploads."""

import hashlib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.calls import JSON, error_of

ANNOUNCED = {"bytes": 4, "filename": "a.txt", "mime_type": "text/plain", "purpose": "assistants"}


def create_upload(client: TestClient, **others: Any) -> dict[str, Any]:
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
    upload = create_upload(client)
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


def test_a_cancellation_needs_no_body(client: TestClient) -> None:
    upload = create_upload(client)["id"]

    answer = client.post(f"/v1/uploads/{upload}/cancel", headers=JSON)

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"])
def test_every_purpose_is_accepted(client: TestClient, purpose: str) -> None:
    assert create_upload(client, purpose=purpose)["purpose"] == purpose


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
def test_an_invalid_upload_is_rejected(client: TestClient, change: dict[str, Any], param: str) -> None:
    assert error_of(client.post("/v1/uploads", json=ANNOUNCED | change), 400)["param"] == param


@pytest.mark.parametrize("body", [{}, {"part_ids": "x"}, {"part_ids": [], "md5": "no"}, {"part_ids": [1]}, []])
def test_an_invalid_completion_is_rejected(client: TestClient, body: Any) -> None:
    error_of(client.post(f"/v1/uploads/{create_upload(client)['id']}/complete", json=body), 400)


def test_the_md5_of_a_completion_is_checked(client: TestClient) -> None:
    upload = create_upload(client)["id"]
    body = {"part_ids": [send(client, upload, b"abcd")["id"]]}
    md5 = hashlib.md5(b"abcd", usedforsecurity=False).hexdigest()

    assert error_of(client.post(f"/v1/uploads/{upload}/complete", json=body | {"md5": "0" * 32}), 400)["param"] == "md5"
    assert client.post(f"/v1/uploads/{upload}/complete", json=body | {"md5": md5}).json()["status"] == "completed"


@pytest.mark.parametrize("nasty", ["upload_x", "%00", "..%2f..%2fetc", "x" * 5_000, "%F0%9F%98%80"])
def test_an_unknown_upload_is_not_found(client: TestClient, nasty: str) -> None:
    error_of(client.post(f"/v1/uploads/{nasty}/parts", files={"data": b"x"}), 404)
    error_of(client.post(f"/v1/uploads/{nasty}/complete", json={"part_ids": []}), 404)
    error_of(client.post(f"/v1/uploads/{nasty}/cancel"), 404)


def test_a_part_must_be_a_file_named_data(client: TestClient) -> None:
    path = f"/v1/uploads/{create_upload(client)['id']}/parts"

    assert error_of(client.post(path, files={"file": b"x"}), 400)["param"] == "data"
    assert error_of(client.post(path, data={"data": "x"}), 400)["param"] == "data"
