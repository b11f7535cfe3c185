"""`/mcp`: the MCP server (ingest/mcp) over streamable HTTP, without sessions.

Each call of a tool is a request to this app with the headers of the caller, so it has the caller's key, scopes and limits.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from ingest.mcp.api_client import ApiClient

PATH = "/mcp"

_HEADERS_OF_THE_BODY = ("content-length", "content-type", "content-encoding", "transfer-encoding", "accept")


class McpEndpoint:
    """Answers one request with one JSON document. The SDK is imported at the first request, which takes half a second."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api
        self._server: MCPServer[Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._server is None:
            self._server = await run_in_threadpool(self._build_server)
        from mcp.server.transport_security import TransportSecuritySettings

        # AdmissionMiddleware has checked Host and Origin already.
        unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self._server.streamable_http_app(json_response=True, stateless_http=True, transport_security=unchecked)
        manager = self._server.session_manager
        async with manager.run():  # one manager a request, so nothing outlives the request
            await manager.handle_request(scope, receive, send)

    def _build_server(self) -> "MCPServer[Any]":
        from ingest.mcp.server import build_server

        return build_server(self._connect)

    @asynccontextmanager
    async def _connect(self, ctx: Any) -> AsyncIterator["ApiClient"]:
        from ingest.mcp.api_client import ApiClient

        request: Request = ctx.request_context.request
        headers = [(name, value) for name, value in request.headers.items() if name not in _HEADERS_OF_THE_BODY]
        client = request.client or ("", 0)
        transport = httpx.ASGITransport(self._api, raise_app_exceptions=False, client=(client[0], client[1]))
        url = f"{request.url.scheme}://{request.url.netloc}/v1"
        async with httpx.AsyncClient(transport=transport, base_url=url, headers=headers, timeout=None) as http:
            yield ApiClient(http)


def add_endpoint(api: FastAPI) -> None:
    """Serve `/mcp` on an app."""
    api.router.routes.append(Route(PATH, McpEndpoint(api), methods=["POST"], include_in_schema=False))
