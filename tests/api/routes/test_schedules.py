"""Routes of re-index schedules."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.calls import error_of

STATIC = {"type": "static", "static": {"max_chunk_size_tokens": 300, "chunk_overlap_tokens": 0}}


def test_a_schedule_is_created_updated_listed_and_deleted(client: TestClient, store: str) -> None:
    path = f"/v1/vector_stores/{store}/reindex_schedules"

    created = client.post(path, json={"cron": "0 3 * * *", "timezone": "Europe/Berlin", "only": "stale"}).json()

    assert created | {"id": "", "created_at": 0, "next_run_at": 0} == {
        "id": "", "object": "vector_store.reindex_schedule", "created_at": 0, "vector_store_id": store,
        "cron": "0 3 * * *", "timezone": "Europe/Berlin", "only": "stale", "chunking_strategy": None, "paused": False,
        "next_run_at": 0, "last_run_at": None, "last_batch_id": None,
    }  # fmt: skip
    assert created["created_at"] < created["next_run_at"] <= created["created_at"] + 86_400 + 3_600
    changed = client.post(f"{path}/{created['id']}", json={"chunking_strategy": STATIC, "paused": True}).json()
    assert (changed["chunking_strategy"], changed["paused"], changed["next_run_at"]) == (STATIC, True, None)
    assert client.post(f"{path}/{created['id']}", json={"chunking_strategy": None}).json()["chunking_strategy"] is None
    assert client.get(f"{path}/{created['id']}").json()["paused"] is True
    assert [each["id"] for each in client.get(path).json()["data"]] == [created["id"]]
    deleted = client.delete(f"{path}/{created['id']}").json()
    assert deleted == {"id": created["id"], "object": "vector_store.reindex_schedule.deleted", "deleted": True}
    assert client.get(path).json()["data"] == []
    error_of(client.get(f"{path}/{created['id']}"), 404)


@pytest.mark.parametrize(
    "body",
    [{}, {"cron": "61 * * * *"}, {"cron": "* * * * *", "timezone": "Mars"}, {"cron": "* * * * *", "only": "new"}],
)
def test_an_invalid_body_is_rejected(client: TestClient, store: str, body: dict[str, Any]) -> None:
    error_of(client.post(f"/v1/vector_stores/{store}/reindex_schedules", json=body), 400)


def test_a_schedule_of_another_store_is_not_found(client: TestClient, store: str) -> None:
    other = client.post("/v1/vector_stores", json={}).json()["id"]
    created = client.post(f"/v1/vector_stores/{store}/reindex_schedules", json={"cron": "0 3 * * *"}).json()["id"]

    error_of(client.get(f"/v1/vector_stores/{other}/reindex_schedules/{created}"), 404)
    error_of(client.delete(f"/v1/vector_stores/{other}/reindex_schedules/{created}"), 404)
    error_of(client.post("/v1/vector_stores/vs_none/reindex_schedules", json={"cron": "0 3 * * *"}), 404)
