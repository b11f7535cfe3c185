"""Documented error responses."""

from api.openapi import errors


def test_an_error_response_refers_to_the_envelope() -> None:
    assert errors.to_openapi(errors.TOO_LARGE[413]) == {
        "description": "The body is larger than the service accepts.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
    }
