"""The MCP server (deploy/docs/mcp.md)."""

import importlib.metadata
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

from ingest.mcp.tools import Connect, Tools

INSTRUCTIONS = """Searches the documents of this service. Call `search` with a question or with words, then `fetch` with
the id of a result for the whole document. Cite the `url` and the page of what you use."""

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def build_server(connect: Connect) -> MCPServer[Any]:
    """Return a server whose tools call the API through `connect`."""
    version = importlib.metadata.version("ingest")
    server: MCPServer[Any] = MCPServer("ingest", version=version, instructions=INSTRUCTIONS, log_level="WARNING")
    tools = Tools(connect)
    server.add_tool(tools.search, title="Search documents", annotations=_READS)
    server.add_tool(tools.fetch, title="Read a document", annotations=_READS)
    server.add_tool(tools.list_stores, title="List vector stores", annotations=_READS)
    server.add_tool(tools.import_status, title="State of an import", annotations=_READS)
    server.add_tool(tools.attach_file, title="Add a file to a vector store", annotations=_WRITES)
    return server
