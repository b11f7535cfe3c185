"""The documentation pages work without Internet access."""

import re

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_a_page_loads_nothing_from_other_hosts(client: TestClient, page: str) -> None:
    answer = client.get(page)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "//" not in re.sub(r"\s//.*", "", answer.text), "an address of another server"


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_the_assets_of_a_page_are_served(client: TestClient, page: str) -> None:
    loaded = re.findall(r'(?:src|href)="([^"]+)"', client.get(page).text)

    assert [path for path in loaded if path.endswith(".js")]
    for path in loaded:
        answer = client.get("/" + path.removeprefix("./"))
        assert (answer.status_code, len(answer.content) > 1_000) == (200, True), path


def test_the_pages_load_the_openapi_document(client: TestClient) -> None:
    assert "'openapi.json'" in client.get("/docs").text.replace('"', "'")
    assert client.get("/openapi.json").json()["info"]["title"] == "Ingest"
