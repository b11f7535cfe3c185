"""The MCP server: tools with which a chat client or an agent searches and reads vector stores.

Here: the tools, their results, and the client with which they call the API. `ingest mcp` serves them over standard input
and output, and the API at `/mcp`. Both call the HTTP API, so keys, scopes, limits and errors are those of any other
client. Not here: the transports (`ingest/cli/mcp.py`, `api/mcp.py`).
"""
