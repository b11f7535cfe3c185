"""The MCP server through the SDK's own client: over HTTP, and over the standard input and output of `ingest mcp`."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import openai
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from openai.types import VectorStore

from tests.stories.running import Service

Upload = Callable[..., str]

TOOLS = {"search", "fetch", "list_stores", "import_status", "attach_file"}


@pytest.fixture
def heron(client: openai.OpenAI, store: VectorStore, upload: Upload) -> str:
    """The id of a file in the store."""
    file = upload("# Herons\n\nThe heron fishes at dawn.", "heron.md")
    client.vector_stores.files.create_and_poll(file, vector_store_id=store.id)
    return file


async def use_tools(client: Client, store_id: str, file_id: str) -> None:
    """Search, fetch what was found, and add a text; every result must match the schema that the server announces."""
    listed = await client.list_tools()
    assert {tool.name for tool in listed.tools} == TOOLS

    async def call(tool: str, **arguments: Any) -> dict[str, Any]:
        result = await client.call_tool(tool, arguments)  # the client validates it against the tool's output schema
        assert not result.is_error, result.content
        return dict(result.structured_content or {})

    [found] = (await call("search", query="When does the heron fish?", vector_store=store_id))["results"]
    assert (found["file_id"], found["title"]) == (file_id, "heron.md · Herons")
    document = await call("fetch", id=found["id"])
    assert document["text"] == "# Herons\n\nThe heron fishes at dawn."
    added = await call("attach_file", vector_store=store_id, text="The otter swims.", filename="otter.txt")
    with anyio.fail_after(60):
        while (await call("import_status", vector_store=store_id))["file_counts"]["completed"] < 2:
            await anyio.sleep(0.1)
    results = (await call("search", query="otter", vector_store=store_id, max_results=1))["results"]
    assert [each["file_id"] for each in results] == [added["file_id"]]
    assert (await client.call_tool("fetch", {"id": "vs_none/file-none"})).is_error


def run(story: Callable[[], Awaitable[None]]) -> None:
    anyio.run(story)


def test_a_client_over_http_finds_reads_and_adds(service: Service, store: VectorStore, heron: str) -> None:
    async def story() -> None:
        async with Client(service.base_url.removesuffix("/v1") + "/mcp") as client:
            await use_tools(client, store.id, heron)

    run(story)


def test_a_client_that_starts_the_command_finds_reads_and_adds(
    service: Service, store: VectorStore, heron: str
) -> None:
    command = str(Path(sys.executable).with_name("ingest"))
    server = StdioServerParameters(command=command, args=["mcp", "--base-url", service.base_url])

    async def story() -> None:
        async with Client(stdio_client(server)) as client:
            await use_tools(client, store.id, heron)

    run(story)
