"""Documented response headers."""

from typing import Any

from api.openapi import errors
from api.openapi.headers import add_headers


def responses_with_headers(schema: str) -> dict[str, set[str]]:
    """Return the documented headers of an operation with this response schema, by status."""
    operation: dict[str, Any] = {
        "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}},
            "404": errors.to_openapi(errors.NOT_FOUND[404]),
            "503": errors.to_openapi(errors.COMMON[503]),
        }
    }
    add_headers(operation)
    return {status: set(response["headers"]) for status, response in operation["responses"].items()}


def test_a_polled_object_has_a_poll_hint() -> None:
    assert responses_with_headers("VectorStoreFileBatch")["200"] == {"x-request-id", "openai-poll-after-ms"}
    assert responses_with_headers("VectorStore")["200"] == {"x-request-id"}


def test_errors_have_the_headers_that_control_retries() -> None:
    headers = responses_with_headers("File")

    assert headers["404"] == {"x-request-id", "x-should-retry"}
    assert headers["503"] == {"x-request-id", "Retry-After"}
