"""The MCP server at /mcp: tools, errors of tools, keys and scopes."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.errors import InvalidFile
from tests.api.calls import error_of, run_jobs, upload
from tests.api.projects import key_headers
from tests.fakes import FakeServices

HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def send(client: TestClient, method: str, **params: Any) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = client.post("/mcp", json=message, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["result"])


def call(client: TestClient, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool and return its structured result. Fails when the tool has an error."""
    result = send(client, "tools/call", name=tool, arguments=arguments)
    assert not result["isError"], result
    return dict(result["structuredContent"])


def error(client: TestClient, tool: str, **arguments: Any) -> str:
    result = send(client, "tools/call", name=tool, arguments=arguments)
    assert result["isError"], result
    return str(result["content"][0]["text"])


@pytest.fixture
def birds(client: TestClient, services: FakeServices) -> str:
    """A store named `birds` with two files."""
    store = client.post("/v1/vector_stores", json={"name": "birds"}).json()["id"]
    for text in ("# Herons\n\nThe heron fishes at dawn.", "# Gannets\n\nThe gannet dives into the sea."):
        client.post(f"/v1/vector_stores/{store}/files", json={"file_id": upload(client, text, "bird.md")})
    run_jobs(services)
    return str(store)


def test_a_client_is_welcomed_without_a_session(client: TestClient) -> None:
    welcome = send(
        client, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "1"}
    )

    assert welcome["serverInfo"]["name"] == "ingest"
    assert "tools" in welcome["capabilities"]


def test_the_tools_say_what_they_take_and_whether_they_only_read(client: TestClient) -> None:
    tools = {tool["name"]: tool for tool in send(client, "tools/list")["tools"]}

    reads = {name: tool["annotations"]["readOnlyHint"] for name, tool in tools.items()}
    assert reads == dict.fromkeys(("search", "fetch", "list_stores", "import_status"), True) | {"attach_file": False}
    assert tools["search"]["inputSchema"]["required"] == ["query"]
    assert tools["fetch"]["inputSchema"]["required"] == ["id"]
    assert all("ctx" not in tool["inputSchema"]["properties"] for tool in tools.values())


def test_a_passage_is_found_in_all_stores_and_its_document_fetched(client: TestClient, birds: str) -> None:
    client.post("/v1/vector_stores", json={"name": "empty"})

    found = call(client, "search", query="gannet dives")
    best = found["results"][0]
    document = call(client, "fetch", id=best["id"])

    assert (best["vector_store_id"], best["title"]) == (birds, "bird.md · Gannets")
    assert best["headings"] == ["Gannets"]
    assert len(found["searched"]) == 2
    assert found["results"] == sorted(found["results"], key=lambda result: -result["score"])
    assert document["text"] == "# Gannets\n\nThe gannet dives into the sea."
    assert (
        document["url"] == best["url"] == f"http://localhost/v1/vector_stores/{birds}/files/{best['file_id']}/content"
    )
    assert client.get(document["url"]).status_code == 200


def test_the_citation_is_the_origin_of_a_file_if_an_attribute_has_it(client: TestClient, birds: str) -> None:
    file = client.get(f"/v1/vector_stores/{birds}/files").json()["data"][0]["id"]
    client.post(f"/v1/vector_stores/{birds}/files/{file}", json={"attributes": {"url": "https://birds.example/a"}})

    urls = {
        each["file_id"]: each["url"] for each in call(client, "search", query="birds", vector_store="birds")["results"]
    }

    assert urls[file] == "https://birds.example/a"


def test_a_text_is_added_and_its_ingestion_followed(client: TestClient, birds: str, services: FakeServices) -> None:
    added = call(client, "attach_file", vector_store="birds", text="An otter swims.", filename="otter.txt")
    before = call(client, "import_status", vector_store="birds")
    run_jobs(services)
    after = call(client, "import_status", vector_store=birds)

    assert (added["vector_store_id"], added["status"]) == (birds, "in_progress")
    assert (before["file_counts"]["in_progress"], after["file_counts"]["completed"]) == (1, 3)
    assert call(client, "search", query="otter")["results"][0]["filename"] == "otter.txt"


def test_the_latest_failures_are_named_with_their_reasons(client: TestClient, services: FakeServices) -> None:
    store = client.post("/v1/vector_stores", json={"name": "broken"}).json()["id"]
    file = upload(client)
    services.parser.error = InvalidFile("The file is damaged.")
    call(client, "attach_file", vector_store=store, file_id=file, attributes={"kind": "broken"})
    run_jobs(services)

    status = call(client, "import_status", vector_store="broken")

    assert status["latest_failures"] == [{"file_id": file, "code": "invalid_file", "message": "The file is damaged."}]


def test_a_batch_has_a_status_of_its_own(client: TestClient, birds: str, services: FakeServices) -> None:
    batch = client.post(f"/v1/vector_stores/{birds}/file_batches", json={"file_ids": [upload(client)]}).json()["id"]
    run_jobs(services)

    status = call(client, "import_status", vector_store="birds", batch=batch)

    assert (status["id"], status["file_counts"]["total"]) == (batch, 1)


def test_the_stores_are_listed_with_the_counts_of_their_files(client: TestClient, birds: str) -> None:
    [store] = call(client, "list_stores")["stores"]

    assert (store["id"], store["name"], store["file_counts"]["completed"]) == (birds, "birds", 2)


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        (
            "search",
            {"query": "a", "vector_store": "fish"},
            "No vector store has the id or name 'fish'. Names: 'birds'.",
        ),
        ("search", {"query": "x" * 40_000}, "string too long"),
        ("search", {}, "query"),
        ("fetch", {"id": "somewhere"}, "no id of a search result"),
        ("fetch", {"id": "vs_none/file-none@x"}, "no id of a search result"),
        ("fetch", {"id": "vs_none/file-none"}, "vs_none"),
        ("import_status", {"vector_store": "birds", "batch": "vsfb_none"}, "vsfb_none"),
        ("attach_file", {"vector_store": "birds"}, "either `file_id` or `text`"),
        ("attach_file", {"vector_store": "birds", "file_id": "file-none"}, "file-none"),
    ],
)
def test_a_model_reads_what_was_wrong(
    client: TestClient, birds: str, tool: str, arguments: dict[str, Any], expected: str
) -> None:
    assert expected in error(client, tool, **arguments)


def test_the_key_of_the_client_decides_what_its_tools_may_do(
    remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    reader = remote_client(key_headers(services, "proj_default", "read"))
    writer = remote_client(key_headers(services, "proj_default", "read", "write"))
    writer.post("/v1/vector_stores", json={"name": "birds"})

    assert [store["name"] for store in call(reader, "list_stores")["stores"]] == ["birds"]
    assert "insufficient permissions" in error(reader, "attach_file", vector_store="birds", text="a")
    assert call(writer, "attach_file", vector_store="birds", text="a")["status"] == "in_progress"


def test_without_a_key_nobody_is_answered_from_another_machine(
    remote_client: Callable[[dict[str, str]], TestClient],
) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}

    for headers in ({}, {"authorization": "Bearer wrong"}):
        answer = remote_client(headers).post("/mcp", json=message, headers=HEADERS)
        assert error_of(answer, 401)["code"] == "invalid_api_key"
        assert answer.headers["www-authenticate"] == "Bearer"


def test_there_are_no_streams_and_no_sessions_to_end(client: TestClient) -> None:
    for method in ("GET", "DELETE"):
        assert client.request(method, "/mcp", headers=HEADERS).status_code == 405


def test_what_is_no_message_is_refused(client: TestClient) -> None:
    for body in (b"", b"{", b"[]", b'{"jsonrpc": "2.0"}'):
        assert client.post("/mcp", content=body, headers=HEADERS).status_code == 400
