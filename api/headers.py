"""The headers of answers that clients go by, as the OpenAPI document has them (contract sections 0.2, 1 and 8)."""

from typing import Any

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer", "minimum": 1}

REQUEST_ID = {"x-request-id": {"description": "Names the request in the logs.", "required": True, "schema": _TEXT}}
RETRY_AFTER = {"Retry-After": {"description": "Seconds until another try makes sense.", "schema": _WHOLE}}
SHOULD_RETRY = {
    "x-should-retry": {"description": "`false`: no other try of the same can do better.", "schema": {"const": "false"}}
}
POLL_AFTER = {
    "openai-poll-after-ms": {
        "description": "Milliseconds until it makes sense to ask again; only while in progress.",
        "schema": _WHOLE,
    }
}
_POLLED = ("VectorStoreFile", "VectorStoreFileBatch")


def describe(operation: dict[str, Any]) -> None:
    """Add to every answer of an operation the headers that it may have."""
    for status, answer in operation["responses"].items():
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        headers = answer.setdefault("headers", {}) | REQUEST_ID
        if status == "200" and schema.get("$ref", "").rpartition("/")[2] in _POLLED:
            headers |= POLL_AFTER
        if status in ("429", "503"):
            headers |= RETRY_AFTER
        if status.startswith("4"):
            headers |= SHOULD_RETRY
        answer["headers"] = headers
