"""Every list page by page, as clients of every generation request it (deploy/docs/api-contract.md sections 0.7 and 8)."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.calls import error_of, upload

COUNT = 7

Walk = tuple[str, list[str]]
"""The path of a list, and the ids of its items, oldest first. All were created within about a second."""


def _files(client: TestClient, _: str) -> Walk:
    return "/v1/files", [upload(client) for _ in range(COUNT)]


def _stores(client: TestClient, store: str) -> Walk:
    return "/v1/vector_stores", [store, *(client.post("/v1/vector_stores").json()["id"] for _ in range(COUNT - 1))]


def _store_files(client: TestClient, store: str) -> Walk:
    files = [upload(client) for _ in range(COUNT)]
    for file in files:
        client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    return f"/v1/vector_stores/{store}/files", files


def _batch_files(client: TestClient, store: str) -> Walk:
    files = [upload(client) for _ in range(COUNT)]
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": upload(client)})
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": files}).json()["id"]
    return f"/v1/vector_stores/{store}/file_batches/{batch}/files", files


@pytest.fixture(params=[_files, _stores, _store_files, _batch_files], ids=lambda make: make.__name__[1:])
def walk(request: pytest.FixtureRequest, client: TestClient, store: str) -> Walk:
    make: Callable[[TestClient, str], Walk] = request.param
    return make(client, store)


def page(client: TestClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    page_body: dict[str, Any] = answer.json()
    assert set(page_body) == {"object", "data", "first_id", "last_id", "has_more"}
    assert page_body["object"] == "list"
    return page_body


def ids(page_body: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page_body["data"]]


@pytest.mark.parametrize("limit", [1, 2, COUNT - 1, COUNT, COUNT + 1])
def test_pagination_returns_every_item_once_in_both_orders(client: TestClient, walk: Walk, limit: int) -> None:
    path, items = walk
    for order, expected in (("asc", items), ("desc", items[::-1])):
        seen: list[str] = []
        page_body = page(client, path, limit=limit, order=order)
        while True:
            assert (page_body["first_id"], page_body["last_id"]) == (ids(page_body)[0], ids(page_body)[-1])
            seen += ids(page_body)
            assert page_body["has_more"] == (len(seen) < COUNT)
            if not page_body["has_more"]:
                break
            page_body = page(client, path, limit=limit, order=order, after=page_body["last_id"])
        assert seen == expected


def test_the_default_order_is_newest_first(client: TestClient, walk: Walk) -> None:
    path, items = walk

    assert ids(page(client, path)) == items[::-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_the_page_after_the_last_item_is_empty(client: TestClient, walk: Walk, order: str) -> None:
    path, items = walk
    last = items[-1] if order == "asc" else items[0]

    assert page(client, path, order=order, after=last) == {
        "object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False
    }  # fmt: skip


def test_limit_zero_or_an_unknown_cursor_gives_an_empty_last_page(client: TestClient, walk: Walk) -> None:
    path, _ = walk

    queries: list[dict[str, Any]] = [{"limit": 0}, {"after": "file-x"}, {"after": ""}]
    if path != "/v1/files":  # the one list without `before`
        queries.append({"before": "vs_x"})

    for query in queries:
        page_body = page(client, path, **query)
        assert (page_body["data"], page_body["has_more"]) == ([], False)


def test_limits_out_of_range_are_rejected(client: TestClient, walk: Walk) -> None:
    path, _ = walk
    most = 10_000 if path == "/v1/files" else 100

    assert len(page(client, path, limit=most)["data"]) == COUNT
    for limit, code in ((-1, "integer_below_min_value"), (most + 1, "integer_above_max_value")):
        error = error_of(client.get(path, params={"limit": limit}), 400)
        assert (error["param"], error["code"]) == ("limit", code)


def test_before_returns_the_preceding_page_in_the_requested_order(client: TestClient, walk: Walk) -> None:
    path, items = walk
    if path == "/v1/files":
        assert ids(page(client, path, before=items[3])) == items[::-1], "The list of files has no `before`."
        return

    ascending = page(client, path, before=items[5], limit=2, order="asc")
    descending = page(client, path, before=items[1], limit=2, order="desc")
    first = page(client, path, before=items[1], limit=2, order="asc")

    assert (ids(ascending), ascending["has_more"]) == (items[3:5], True)
    assert (ids(descending), descending["has_more"]) == ([items[3], items[2]], True)
    assert (ids(first), first["has_more"]) == (items[:1], False)


def test_pagination_is_stable_under_insertions_and_deletions(client: TestClient, walk: Walk, store: str) -> None:
    path, items = walk
    page_body = page(client, path, limit=3)
    assert ids(page_body) == items[:3:-1]

    upload(client)
    client.post("/v1/vector_stores")
    if path != "/v1/files":
        client.post(f"/v1/vector_stores/{store}/files", json={"file_id": upload(client)})
    home = f"/v1/vector_stores/{store}/files" if "file_batches" in path else path
    for gone in (items[4], items[3]):  # the cursor itself, and the next item
        assert client.delete(f"{home}/{gone}").json()["deleted"] is True

    rest = page(client, path, limit=3, after=page_body["last_id"])
    assert (ids(rest), rest["has_more"]) == (items[2::-1], False)


def test_the_default_limit_of_files_is_ten_thousand(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v1/files"]["get"]

    [limit] = [part["schema"] for part in operation["parameters"] if part["name"] == "limit"]
    assert (limit["default"], limit["minimum"], limit["maximum"]) == (10_000, 0, 10_000)
    created = [upload(client) for _ in range(101)]
    assert ids(page(client, "/v1/files")) == created[::-1]


def test_the_default_limit_of_other_lists_is_twenty(client: TestClient, store: str) -> None:
    files = [upload(client) for _ in range(21)]
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": files}).json()["id"]
    for _ in range(20):
        client.post("/v1/vector_stores")

    for path in ("", f"/{store}/files", f"/{store}/file_batches/{batch}/files"):
        page_body = page(client, f"/v1/vector_stores{path}")
        assert (len(page_body["data"]), page_body["has_more"]) == (20, True)


def test_the_batches_of_a_store_are_listed_the_newest_first(client: TestClient, store: str) -> None:
    path = f"/v1/vector_stores/{store}/file_batches"
    first, second = (client.post(path, json={"file_ids": [upload(client)]}).json()["id"] for _ in range(2))

    assert [each["id"] for each in client.get(path).json()["data"]] == [second, first]
    assert [each["id"] for each in client.get(path, params={"after": second}).json()["data"]] == [first]
    assert [each["id"] for each in client.get(path, params={"order": "asc", "limit": 1}).json()["data"]] == [first]


def test_uploads_have_no_list(client: TestClient) -> None:
    error_of(client.get("/v1/uploads"), 405)
    error_of(client.get("/v1/uploads/upload_x"), 404)


def test_an_empty_page_has_all_keys(client: TestClient, store: str) -> None:
    for path in ("/v1/files", f"/v1/vector_stores/{store}/files", "/v1/vector_stores?limit=0"):
        page = client.get(path).json()
        assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
