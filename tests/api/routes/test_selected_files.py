"""Routes that delete or change files by a filter."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.calls import error_of, run_jobs, upload
from tests.fakes import FakeServices

OLD = {"type": "lt", "key": "day", "value": "2024"}


@pytest.fixture
def days(services: FakeServices, client: TestClient, store: str) -> list[str]:
    """The ids of three files in the store, the first two of them with a day before 2024."""
    ids = [upload(client, f"heron {day}") for day in range(3)]
    for file_id, day in zip(ids, ("2022-01-01", "2023-01-01", "2024-01-01"), strict=True):
        body = {"file_id": file_id, "attributes": {"day": day}}
        client.post(f"/v1/vector_stores/{store}/files", json=body)
    run_jobs(services)
    return ids


def post(client: TestClient, store: str, action: str, **body: Any) -> Any:
    answer = client.post(f"/v1/vector_stores/{store}/files/{action}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_deletion_is_a_dry_run_unless_the_request_says_otherwise(
    client: TestClient, store: str, days: list[str]
) -> None:
    dry = post(client, store, "delete", filters=OLD)
    real = post(client, store, "delete", filters=OLD, dry_run=False)

    assert dry == {
        "object": "vector_store.selected_files",
        "vector_store_id": store,
        "dry_run": True,
        "matched": 2,
        "changed": 0,
        "file_ids": days[:2],
        "skipped": 0,
        "skipped_file_ids": [],
        "has_more": False,
        "last_id": days[2],
    }
    assert (real["dry_run"], real["matched"], real["changed"]) == (False, 2, 2)
    left = client.get(f"/v1/vector_stores/{store}/files").json()["data"]
    assert [file["id"] for file in left] == days[2:]


def test_attributes_are_changed_by_filter(client: TestClient, store: str, days: list[str]) -> None:
    answer = post(client, store, "attributes", filters=OLD, set={"archived": True}, unset=["day"], dry_run=False)

    assert (answer["matched"], answer["changed"]) == (2, 2)
    file = client.get(f"/v1/vector_stores/{store}/files/{days[0]}").json()
    assert file["attributes"] == {"archived": True}


@pytest.mark.parametrize(
    ("action", "body", "param"),
    [
        ("delete", {}, "filters"),
        ("delete", {"filters": None}, "filters"),
        ("delete", {"filters": {"type": "gt", "key": "a", "value": True}}, "filters.value"),
        ("delete", {"filters": OLD, "after": "file-unknown"}, "after"),
        ("delete", {"filters": OLD, "dry_run": "no"}, "dry_run"),
        ("attributes", {"filters": OLD, "set": {"a": None}}, "set.a"),
        ("attributes", {"filters": OLD, "set": {"a" * 65: 1}}, None),
        ("attributes", {"filters": OLD}, None),
    ],
)
def test_wrong_requests_are_refused_and_change_nothing(
    client: TestClient, store: str, days: list[str], action: str, body: dict[str, Any], param: str | None
) -> None:
    error = error_of(client.post(f"/v1/vector_stores/{store}/files/{action}", json=body), 400)

    assert param is None or error["param"] == param
    assert len(client.get(f"/v1/vector_stores/{store}/files").json()["data"]) == 3


def test_an_unknown_store_is_not_found(client: TestClient) -> None:
    error_of(client.post("/v1/vector_stores/vs_none/files/delete", json={"filters": OLD}), 404)
