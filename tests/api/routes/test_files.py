"""Routes of files (deploy/docs/api-contract.md section 2)."""

import itertools

import pytest
from fastapi.testclient import TestClient

from ingest.blobs import raw_key
from ingest.config import Settings
from ingest.jobs.maintenance import run_maintenance
from tests.api.calls import JSON, error_of, run_jobs, upload
from tests.fakes import FakeServices

PARTS = {
    "purpose": b'Content-Disposition: form-data; name="purpose"\r\n\r\nuser_data',
    "anchor": b'Content-Disposition: form-data; name="expires_after[anchor]"\r\n\r\ncreated_at',
    "seconds": b'Content-Disposition: form-data; name="expires_after[seconds]"\r\n\r\n3600',
    "file": b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello',
}


def form(*names: str) -> bytes:
    return b"".join(b"--XX\r\n" + PARTS[name] + b"\r\n" for name in names) + b"--XX--\r\n"


@pytest.mark.parametrize("order", list(itertools.permutations(PARTS))[::5])
def test_form_fields_may_come_in_any_order(client: TestClient, order: tuple[str, ...]) -> None:
    headers = {"content-type": "multipart/form-data; boundary=XX"}

    shown = client.post("/v1/files", content=form(*order), headers=headers).json()

    assert (shown["purpose"], shown["filename"], shown["bytes"]) == ("user_data", "a.txt", 5)
    assert shown["expires_at"] == shown["created_at"] + 3600


def test_the_longest_expiry_is_thirty_days(client: TestClient) -> None:
    def created(seconds: int) -> int:
        life = {"expires_after[anchor]": "created_at", "expires_after[seconds]": str(seconds)}
        return client.post(
            "/v1/files", data={"purpose": "assistants"} | life, files={"file": ("a", b"x")}
        ).status_code  # fmt: skip

    assert [created(seconds) for seconds in (3_599, 3_600, 2_592_000, 2_592_001)] == [400, 200, 200, 400]


@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"])
def test_the_content_of_a_file_of_any_purpose_is_returned_unchanged(client: TestClient, purpose: str) -> None:
    content = bytes(range(256)) * 5_000
    file = client.post("/v1/files", data={"purpose": purpose}, files={"file": ("ä b.bin", content)}).json()["id"]

    answer = client.get(f"/v1/files/{file}/content", headers={"accept": "application/binary"})

    assert answer.content == content
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A4%20b.bin"


def test_a_file_whose_bytes_are_lost_is_not_found(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    [blob] = services.blobs.list_keys("raw/")
    services.blobs.delete(raw_key(blob.removeprefix("raw/")))
    run_jobs(services)

    for path in (f"/v1/files/{file}/content", f"/v1/vector_stores/{store}/files/{file}/content"):
        assert error_of(client.get(path), 404)["message"] == f"The content of file '{file}' is gone."
    assert client.get(f"/v1/files/{file}").json()["status"] == "processed"
    failed = client.get(f"/v1/vector_stores/{store}/files/{file}").json()["last_error"]
    assert (failed["code"], "missing on the server" in failed["message"]) == ("server_error", True)
    assert client.delete(f"/v1/files/{file}").status_code == 200


def test_a_content_type_without_a_body_is_ignored(client: TestClient, store: str, file: str) -> None:
    for path in ("/v1/files", f"/v1/files/{file}", f"/v1/vector_stores/{store}", f"/v1/vector_stores/{store}/files"):
        assert client.get(path, headers=JSON).status_code == 200
    for path in (f"/v1/files/{file}", f"/v1/vector_stores/{store}"):
        assert client.request("DELETE", path, headers=JSON).json()["deleted"] is True


def test_ids_have_the_prefixes_of_openai(client: TestClient, store: str, file: str) -> None:
    announced = {"bytes": 1, "filename": "a", "mime_type": "text/plain", "purpose": "assistants"}
    pending = client.post("/v1/uploads", json=announced).json()["id"]
    part = client.post(f"/v1/uploads/{pending}/parts", files={"data": b"x"}).json()["id"]
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [file]}).json()["id"]
    member = client.get(f"/v1/vector_stores/{store}/files").json()["data"][0]["id"]

    for object_id, prefix in ((file, "file-"), (store, "vs_"), (batch, "vsfb_"), (pending, "upload_"), (part, "part_")):
        assert object_id.startswith(prefix)
        assert object_id.removeprefix(prefix).isalnum()
    assert member == file


def test_an_id_of_another_object_type_is_not_found(client: TestClient, store: str, file: str) -> None:
    error_of(client.get(f"/v1/files/{store}"), 404)
    error_of(client.get(f"/v1/vector_stores/{file}"), 404)
    error_of(client.get("/v1/vector_stores/string"), 404)
    error_of(client.get(f"/v1/vector_stores/{store}/file_batches/{store}"), 404)


def test_a_deleted_file_is_removed_from_all_stores_counts_and_searches(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    other = client.post("/v1/vector_stores", json={"file_ids": [file, upload(client, "a wren")]}).json()["id"]
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    run_jobs(services)

    deletion = client.delete(f"/v1/files/{file}").json()

    assert deletion == {"id": file, "object": "file", "deleted": True}
    for place, total in ((store, 0), (other, 1)):
        shown = client.get(f"/v1/vector_stores/{place}").json()
        assert (shown["file_counts"]["total"], shown["file_counts"]["completed"]) == (total, total)
        assert (shown["usage_bytes"] > 0) == (total > 0)
        hits = client.post(f"/v1/vector_stores/{place}/search", json={"query": "heron"}).json()["data"]
        assert file not in [hit["file_id"] for hit in hits]


def test_the_default_limits_are_those_of_openai() -> None:
    settings = Settings()

    assert settings.max_file_bytes == 512 * 2**20
    assert settings.max_tokens_per_file == 5_000_000
    assert settings.max_batch_files == 100_000, "A batch may be larger here: OpenAI's documented limit is 2,000."


def test_the_list_of_files_accepts_a_limit_of_ten_thousand(client: TestClient) -> None:
    assert client.get("/v1/files?limit=10000").status_code == 200
    assert error_of(client.get("/v1/files?limit=10001"), 400)["code"] == "integer_above_max_value"


def test_a_file_with_expires_after_has_an_expiry(client: TestClient) -> None:
    data = {"purpose": "user_data", "expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}

    shown = client.post("/v1/files", data=data, files={"file": ("a.txt", b"x")}).json()

    assert shown["expires_at"] == shown["created_at"] + 3600


@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"])
def test_a_file_may_have_any_purpose(client: TestClient, purpose: str) -> None:
    shown = client.post("/v1/files", data={"purpose": purpose}, files={"file": ("a.txt", b"x")}).json()

    assert (shown["purpose"], shown["status"]) == (purpose, "processed")
    assert len(client.get(f"/v1/files?purpose={purpose}").json()["data"]) == 1


def test_a_file_of_a_deleted_store_can_be_deleted(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    batch = {"file_ids": [file, upload(client)]}
    client.post(f"/v1/vector_stores/{store}/file_batches", json=batch)
    client.delete(f"/v1/vector_stores/{store}")

    answer = client.delete(f"/v1/files/{file}")

    assert answer.status_code == 200, answer.text
    assert client.get(f"/v1/files/{file}").status_code == 404
    run_jobs(services)
    run_maintenance(services)
    assert services.index.points == {}
