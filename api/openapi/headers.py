"""Response headers that clients evaluate, for the OpenAPI document (deploy/docs/api-contract.md sections 0.2, 1 and 8)."""

from typing import Any

_TEXT_SCHEMA = {"type": "string"}
_POSITIVE_INTEGER_SCHEMA = {"type": "integer", "minimum": 1}

REQUEST_ID = {
    "x-request-id": {"description": "Id of the request in the logs.", "required": True, "schema": _TEXT_SCHEMA}
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait before a retry.", "schema": _POSITIVE_INTEGER_SCHEMA}}
SHOULD_RETRY = {
    "x-should-retry": {
        "description": "`false`: a retry of the same request cannot succeed.",
        "schema": {"const": "false"},
    }
}
POLL_AFTER = {
    "openai-poll-after-ms": {
        "description": "Milliseconds to wait before the next poll; only while in progress.",
        "schema": _POSITIVE_INTEGER_SCHEMA,
    }
}
_POLLED_SCHEMAS = ("VectorStoreFile", "VectorStoreFileBatch")


def add_headers(operation: dict[str, Any]) -> None:
    """Add the headers that a response may have to every response of an operation."""
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        headers = response.setdefault("headers", {}) | REQUEST_ID
        if status == "200" and schema.get("$ref", "").rpartition("/")[2] in _POLLED_SCHEMAS:
            headers |= POLL_AFTER
        if status in ("429", "503"):
            headers |= RETRY_AFTER
        if status.startswith("4"):
            headers |= SHOULD_RETRY
        response["headers"] = headers
