"""`ingest mcp`: the MCP server for programs on this machine, over standard input and output."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from ingest.cli.options import ApiKey, BaseUrl
from ingest.environment import client_api_key
from ingest.imports.service_url import DEFAULT_URL
from ingest.mcp.api_client import ApiClient
from ingest.mcp.server import build_server

REQUEST_SECONDS = 60.0
"""A tool waits this long for one answer of the API."""


def mcp(base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Serve searches to a chat client or an agent (MCP).

    The tools are `search`, `fetch`, `list_stores`, `import_status` and `attach_file`. Chat clients start this command themselves and speak MCP over its standard input and output. Clients that speak
    streamable HTTP use `/mcp` of the service instead.
    """
    headers = {"Authorization": f"Bearer {api_key or client_api_key()}"} if api_key or client_api_key() else {}

    @asynccontextmanager
    async def connect(ctx: Any) -> AsyncIterator[ApiClient]:
        del ctx  # every call has the same key
        async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=REQUEST_SECONDS) as http:
            yield ApiClient(http)

    build_server(connect).run("stdio")
