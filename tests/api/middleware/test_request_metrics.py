"""Requests are counted by route pattern."""

from fastapi.testclient import TestClient

from tests.api.scrapes import scrape


def test_requests_are_counted_by_route_pattern(client: TestClient) -> None:
    key = ("ingest_http_requests_total", (("method", "GET"), ("route", "/v1/files/{file_id}"), ("status", "404")))
    before = scrape(client).get(key, 0.0)

    client.get("/v1/files/file-1")
    client.get("/v1/files/file-2")

    after = scrape(client)
    assert after[key] == before + 2
    assert not any("file-1" in str(name) for name in after)


def test_unknown_paths_share_one_series(client: TestClient) -> None:
    client.get("/nowhere/1")
    client.get("/nowhere/2")

    assert {dict(labels)["route"] for _, labels in scrape(client) if "nowhere" in str(labels)} == set()
