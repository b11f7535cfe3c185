"""The OpenAPI document of the service."""

from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.openapi import errors, headers
from api.schemas import search


def build_document(api: FastAPI) -> dict[str, Any]:
    """Build the document once and return it.

    Drops FastAPI's 422 responses, which this service never sends, and adds what FastAPI does not know: the 413 of every
    body, response headers, API keys, and the recursive schemas of search filters.
    """
    if api.openapi_schema is None:
        document = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
        too_large = errors.to_openapi(errors.TOO_LARGE[413])
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            operation["responses"].pop("422", None)
            if "requestBody" in operation:
                operation["responses"].setdefault("413", deepcopy(too_large))
            headers.add_headers(operation)
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
        schemas = document["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Search"]["properties"]["filters"] = search.FILTERS
        for name in ("SelectFiles", "UpdateSelectedFiles"):
            schemas[name]["properties"]["filters"] = search.REQUIRED_FILTERS
        schemas.update(search.FILTER_SCHEMAS)
        api.openapi_schema = document
    return api.openapi_schema
