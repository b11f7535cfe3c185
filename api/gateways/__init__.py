"""Interfaces of other products over the same stores, each a router of its own, off unless INGEST_GATEWAYS names it.

Here: their requests and responses, translated to calls of `ingest/`. Not here: the interface of OpenAI (`api/routes/`)
and MCP (`api/mcp.py`).
"""

from fastapi import APIRouter

from api.gateways import dify

ROUTERS: dict[str, APIRouter] = {"dify": dify.router}
"""By the name in INGEST_GATEWAYS."""
