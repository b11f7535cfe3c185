"""Routes of import schedules."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.calls import error_of
from tests.fakes import FakeServices

WEB = "https://docs.example/a.txt"


def test_a_schedule_is_created_updated_listed_run_and_deleted(client: TestClient, store: str) -> None:
    path = f"/v1/vector_stores/{store}/import_schedules"
    body = {"cron": "0 3 * * *", "timezone": "Europe/Berlin", "sources": [WEB], "attributes": {"year": 2026}}

    created = client.post(path, json=body).json()

    assert created | {"id": "", "created_at": 0, "next_run_at": 0} == {
        "id": "", "object": "vector_store.import_schedule", "created_at": 0, "vector_store_id": store,
        "cron": "0 3 * * *", "timezone": "Europe/Berlin", "sources": [WEB], "manifests": [], "include": [],
        "exclude": [], "attributes": {"year": 2026}, "attributes_from_path": [], "delete_missing": False,
        "retry_failed": False, "paused": False, "next_run_at": 0, "due": False, "last_run": None,
    }  # fmt: skip
    assert created["created_at"] < created["next_run_at"] <= created["created_at"] + 86_400 + 3_600
    changed = client.post(f"{path}/{created['id']}", json={"include": ["*.txt"], "paused": True}).json()
    assert (changed["include"], changed["paused"], changed["next_run_at"]) == (["*.txt"], True, None)
    assert client.post(f"{path}/{created['id']}/run").json()["due"] is True
    assert client.get(f"{path}/{created['id']}").json()["due"] is True
    assert [each["id"] for each in client.get(path).json()["data"]] == [created["id"]]
    deleted = client.delete(f"{path}/{created['id']}").json()
    assert deleted == {"id": created["id"], "object": "vector_store.import_schedule.deleted", "deleted": True}
    assert client.get(path).json()["data"] == []
    error_of(client.get(f"{path}/{created['id']}"), 404)


@pytest.mark.parametrize(
    "invalid",
    [
        {"cron": "61 * * * *"}, {"timezone": "Mars"}, {"sources": []}, {"sources": [""]}, {"sources": "x"},
        {"sources": ["/etc"]}, {"manifests": ["/etc/passwd"]}, {"manifests": ["s3://b/list.csv"]},
        {"sources": ["/a\x00b"]}, {"include": ["[z-a]"]}, {"attributes_from_path": ["no braces"]},
        {"attributes_from_path": ["{a}/{a}"]}, {"include": ["x" * 201]}, {"attributes": {"a": []}}, {"more": 1},
    ],
)  # fmt: skip
def test_an_invalid_body_is_rejected(client: TestClient, store: str, invalid: dict[str, Any]) -> None:
    good = {"cron": "0 3 * * *", "sources": [WEB]}

    error_of(client.post(f"/v1/vector_stores/{store}/import_schedules", json=good | invalid), 400)


def test_the_response_does_not_reveal_whether_a_path_outside_the_roots_exists(
    client: TestClient, services: FakeServices, store: str, tmp_path: Path
) -> None:
    services.settings = services.settings.model_copy(update={"import_roots": str(tmp_path / "shared")})
    (tmp_path / "there").mkdir()

    answers = [
        error_of(
            client.post(
                f"/v1/vector_stores/{store}/import_schedules",
                json={"cron": "0 3 * * *", "sources": [str(tmp_path / name)]},
            ),
            400,
        )["message"].replace(name, "NAME")
        for name in ("there", "not there")
    ]

    assert answers[0] == answers[1]


def test_a_schedule_of_another_store_is_not_found(client: TestClient, store: str) -> None:
    other = client.post("/v1/vector_stores", json={}).json()["id"]
    body = {"cron": "0 3 * * *", "sources": [WEB]}
    created = client.post(f"/v1/vector_stores/{store}/import_schedules", json=body).json()["id"]

    error_of(client.get(f"/v1/vector_stores/{other}/import_schedules/{created}"), 404)
    error_of(client.post(f"/v1/vector_stores/{other}/import_schedules/{created}/run"), 404)
    error_of(client.delete(f"/v1/vector_stores/{other}/import_schedules/{created}"), 404)
    error_of(client.post("/v1/vector_stores/vs_none/import_schedules", json=body), 404)


def test_the_number_of_schedules_of_a_store_is_limited(client: TestClient, store: str) -> None:
    body = {"cron": "0 3 * * *", "sources": [WEB]}
    path = f"/v1/vector_stores/{store}/import_schedules"
    for _ in range(100):
        assert client.post(path, json=body).status_code == 200

    assert "100" in error_of(client.post(path, json=body), 400)["message"]
