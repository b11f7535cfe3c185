"""Error responses of routes, as FastAPI's `responses` arguments and in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from api.schemas.parts import ErrorAnswer

Responses = dict[int | str, dict[str, Any]]

COMMON: Responses = {
    400: {"model": ErrorAnswer, "description": "The request is wrong."},
    401: {"model": ErrorAnswer, "description": "The API key is missing or not valid."},
    403: {"model": ErrorAnswer, "description": "The API key lacks the scope of this operation."},
    429: {"model": ErrorAnswer, "description": "The project has reached one of its limits."},
    500: {"model": ErrorAnswer, "description": "The server had an error."},
    503: {"model": ErrorAnswer, "description": "A dependency of the service does not answer; try again."},
}
"""Responses of every route."""

CANCELLED_FILE_POLL: Responses = {
    429: {
        "model": ErrorAnswer,
        "description": "The file is cancelled, and the client's poll helper would otherwise never end.",
    }
}
NOT_FOUND: Responses = {404: {"model": ErrorAnswer, "description": "There is no such object."}}
TOO_LARGE: Responses = {413: {"model": ErrorAnswer, "description": "The body is larger than the service accepts."}}


def to_openapi(response: Mapping[str, Any]) -> dict[str, Any]:
    """Convert one of the responses above to the form of the OpenAPI document."""
    reference = {"$ref": f"#/components/schemas/{response['model'].__name__}"}
    return {"description": response["description"], "content": {"application/json": {"schema": reference}}}
