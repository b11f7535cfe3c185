"""Every error as the clients expect it: a status, and four keys in an envelope (contract section 8)."""

import math
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ingest.errors import DependencyDown, FileError, RequestError

RETRY_AFTER_SECONDS = 2
LONGEST_RETRY_AFTER_SECONDS = 60
"""Clients give up at once when told to wait longer than this or twice this (contract section 8)."""


def register(app: FastAPI) -> None:
    """Answer every expected error. What is not expected is answered by the outermost layer (api/app.py)."""
    app.add_exception_handler(RequestError, _refused)
    app.add_exception_handler(FileError, _unreadable)
    app.add_exception_handler(DependencyDown, _unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def envelope(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error answer."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status, headers=headers)


async def _refused(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestError)
    return envelope(exc.http_status, str(exc), param=exc.param, code=exc.code)


async def _unreadable(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, FileError)
    return envelope(400, str(exc), param="file_id", code=exc.code)


async def _unavailable(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, DependencyDown)
    wait = min(LONGEST_RETRY_AFTER_SECONDS, math.ceil(exc.retry_after_seconds or RETRY_AFTER_SECONDS))
    message = f"The service is waiting for its {exc.dependency}. Try again."
    return envelope(503, message, code="service_unavailable", headers={"Retry-After": str(wait)})


async def _http(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, HTTPException)
    target = f"({request.method} {request.url.path})"
    messages = {404: f"Invalid URL {target}", 405: f"Invalid method for URL {target}"}
    return envelope(
        exc.status_code,
        messages.get(exc.status_code, str(exc.detail)),
        code={404: "unknown_url", 405: "method_not_supported"}.get(exc.status_code),
        headers=dict(exc.headers) if exc.headers else None,
    )


async def _invalid(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestValidationError)
    errors = exc.errors()
    # Of several complaints about one value the union's members each make one: the deepest knows most.
    first = max(errors, key=lambda error: (error["type"] == "extra_forbidden", len(error["loc"])))
    message, param, code = explain(first)
    return envelope(400, message, param=param, code=code)


def explain(error: Any) -> tuple[str, str | None, str | None]:
    """One of pydantic's complaints as (message, param, code) in the service's own style."""
    kind, facts = error["type"], error.get("ctx") or {}
    param = _param(error["loc"])
    given = error.get("input")
    if kind == "json_invalid":
        return "We could not parse the JSON body of your request.", None, None
    if kind == "missing":
        return f"Missing required parameter: '{param}'.", param, "missing_required_parameter"
    if kind == "extra_forbidden":
        return f"Unknown parameter: '{param}'.", param, "unknown_parameter"
    if kind in _BOUNDS:
        side, sign, bound = _BOUNDS[kind]
        number = "integer" if isinstance(given, int) or str(given).lstrip("-").isdigit() else "decimal"
        word = "minimum" if side == "below_min" else "maximum"
        direction = "below" if side == "below_min" else "above"
        message = (
            f"Invalid '{param}': {number} {direction} {word} value. "
            f"Expected a value {sign} {facts.get(bound)}, but got {given} instead."
        )
        return message, param, f"{number}_{side}_value"
    if kind in ("string_too_long", "too_long", "string_too_short", "too_short"):
        return _length(kind, param, facts, given)
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        expected = facts.get("expected") or facts.get("expected_tags")
        shown = facts.get("tag") or given
        return f"Invalid value: '{shown}'. Supported values are: {expected}.", param, "invalid_value"
    if kind == "union_tag_not_found":
        return f"Missing required parameter: '{param}.type'.", f"{param}.type", "missing_required_parameter"
    if kind == "value_error":
        return f"Invalid '{param}': {facts.get('error', error['msg'])}.", param, "invalid_value"
    if kind.endswith(("_type", "_parsing", "_from_float", "_attributes_type")):
        expected = error["msg"].removeprefix("Input should be ").split(",")[0]
        return f"Invalid type for '{param}': expected {expected}.", param, "invalid_type"
    return f"Invalid '{param}': {error['msg']}.", param, "invalid_value"


_BOUNDS = {
    "greater_than_equal": ("below_min", ">=", "ge"),
    "greater_than": ("below_min", ">", "gt"),
    "less_than_equal": ("above_max", "<=", "le"),
    "less_than": ("above_max", "<", "lt"),
}


def _length(kind: str, param: str | None, facts: dict[str, Any], given: Any) -> tuple[str, str | None, str]:
    thing = "string" if kind.startswith("string") else "array" if isinstance(given, list) else "object"
    long = kind.endswith("long")
    bound = facts.get("max_length") if long else facts.get("min_length")
    actual = facts.get("actual_length") or (len(given) if given is not None else 0)
    if not long and thing == "array" and not actual:
        return f"Invalid '{param}': empty array. Expected an array with minimum length {bound}.", param, "empty_array"
    word, which, code = ("too long", "maximum", "above_max") if long else ("too short", "minimum", "below_min")
    unit = "properties" if thing == "object" else "length"
    message = (
        f"Invalid '{param}': {thing} {word}. Expected {_article(thing)} {thing} with {which} length {bound}, "
        f"but got {_article(thing)} {thing} with length {actual} instead."
    )
    return message, param, f"{thing}_{code}_{unit}"


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _param(place: tuple[Any, ...]) -> str | None:
    """Where in the request: `files[3].attributes`, without the body's and the unions' own names."""
    path = ""
    for step in place[1:] if place and place[0] in ("body", "query", "path", "header") else place:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in _UNION_WORDS and "(" not in step and "[" not in step.replace("expires_after[", ""):
            path += f".{step}" if path else step
    return path or None


_UNION_WORDS = {"str", "bool", "int", "float", "constrained-str", "constrained-int", "constrained-float", "[key]"}
