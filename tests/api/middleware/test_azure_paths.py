"""The paths and the key header of clients for Azure."""

import pytest
from fastapi.testclient import TestClient

from tests.api.calls import error_of, upload


@pytest.mark.parametrize("prefix", ["/openai", "/openai/v1"])
def test_paths_of_azure_clients_are_those_of_the_api(client: TestClient, store: str, prefix: str) -> None:
    file = upload(client)

    listed = client.get(f"{prefix}/vector_stores?api-version=2025-04-01-preview").json()
    attached = client.post(f"{prefix}/vector_stores/{store}/files?api-version=preview", json={"file_id": file})

    assert [each["id"] for each in listed["data"]] == [store]
    assert attached.json()["vector_store_id"] == store


def test_embeddings_are_served_below_the_name_of_a_deployment(client: TestClient) -> None:
    model = client.get("/openai/models").json()["data"][0]["id"]

    made = client.post("/openai/deployments/any/embeddings", json={"input": "a", "model": model})

    assert made.status_code == 200


def test_other_paths_below_openai_are_unknown(client: TestClient) -> None:
    for path in ("/openai", "/openai/", "/openai/deployments/any/chat/completions", "/openai/v1/openai/v1/files"):
        assert client.get(path).status_code == 404
        assert error_of(client.get(path), 404)["code"] == "unknown_url"
