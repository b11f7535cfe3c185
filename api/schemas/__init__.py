"""Pydantic models of the API's request bodies and responses, one module per noun.

Names and fields follow deploy/docs/api-contract.md sections 2 to 8. Models validate requests and render rows
(`from_row`) or views (`from_view`) of `ingest` as JSON. They read no database and decide no status: ingest/status.py does.
"""
