"""Every error as the clients expect it: a status, and four keys in an envelope (contract section 8)."""

import math
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.schemas.parts import ErrorAnswer
from ingest.errors import (
    Abandoned,
    DependencyDown,
    FileError,
    ModelMissing,
    QuotaExceeded,
    RequestError,
    TooMany,
    Unauthorised,
)
from ingest.observability import logs

_log = logs.get(__name__)

RETRY_AFTER_SECONDS = 2
LONGEST_RETRY_AFTER_SECONDS = 60
"""Clients give up at once when told to wait longer than this or twice this (contract section 8)."""

WORTH_A_RETRY = (408, 409, 429)
"""Refusals after which another try of the same request may do better; 5xx are no refusals."""

LONGEST_MESSAGE = 1_000
LONGEST_PARAM = 200
"""Characters; both may repeat what the caller sent."""

_Answers = dict[int | str, dict[str, Any]]

ALWAYS: _Answers = {
    400: {"model": ErrorAnswer, "description": "The request is wrong."},
    401: {"model": ErrorAnswer, "description": "There is no key, or it is not good."},
    403: {"model": ErrorAnswer, "description": "The key is not good for this."},
    429: {"model": ErrorAnswer, "description": "The project has reached one of its limits."},
    500: {"model": ErrorAnswer, "description": "The server is at fault."},
    503: {"model": ErrorAnswer, "description": "A server that is needed does not answer; try again."},
}
NEVER_ENDING: _Answers = {
    429: {
        "model": ErrorAnswer,
        "description": "A poll helper that would never end was told that its file is cancelled.",
    }
}
MISSING: _Answers = {404: {"model": ErrorAnswer, "description": "There is no such object."}}
TOO_LARGE: _Answers = {413: {"model": ErrorAnswer, "description": "The body is larger than the service accepts."}}


def register(app: FastAPI) -> None:
    """Answer every expected error. What is not expected is answered by the outermost layer (api/app.py)."""
    app.add_exception_handler(RequestError, _refused)
    app.add_exception_handler(FileError, _unreadable)
    app.add_exception_handler(ModelMissing, _unconfigured)
    app.add_exception_handler(DependencyDown, _unavailable)
    app.add_exception_handler(Abandoned, _gone)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def described(answer: Mapping[str, Any]) -> dict[str, Any]:
    """One of the answers above as the OpenAPI document has it."""
    reference = {"$ref": f"#/components/schemas/{answer['model'].__name__}"}
    return {"description": answer["description"], "content": {"application/json": {"schema": reference}}}


def envelope(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    kind: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error answer."""
    kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
    param = None if param is None else _shown(param, LONGEST_PARAM)
    error = {"message": _shown(message, LONGEST_MESSAGE), "type": kind, "param": param, "code": code}
    final = {"x-should-retry": "false"} if status < 500 and status not in WORTH_A_RETRY else {}
    return JSONResponse({"error": error}, status, headers=final | (headers or {}))


def _shown(text: str, longest: int) -> str:
    """Text that may repeat what the caller sent, as it can be put into an answer."""
    whole = text.encode(errors="replace").decode()  # half a surrogate pair cannot be sent
    return whole if len(whole) <= longest else whole[: longest - 1] + "…"


async def _refused(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestError)
    return refusal(exc)


def refusal(exc: RequestError) -> JSONResponse:
    """The answer to a request that is refused; with what clients need to know about trying again."""
    headers = {}
    if isinstance(exc, Unauthorised):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(exc, TooMany):
        headers["Retry-After"] = _whole_seconds(exc.retry_after_seconds)
    if isinstance(exc, QuotaExceeded):
        headers["x-should-retry"] = "false"
    return envelope(exc.http_status, str(exc), param=exc.param, code=exc.code, kind=exc.kind, headers=headers)


async def _unreadable(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, FileError)
    return envelope(400, str(exc), param="file_id", code=exc.code)


async def _unavailable(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, DependencyDown)
    return waiting_for(exc)


async def _unconfigured(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, ModelMissing)
    _log.error("model_missing", model=exc.model)
    headers = {"x-should-retry": "false"}
    return envelope(503, f"The server cannot search: {exc}.", code="model_not_configured", headers=headers)


def waiting_for(exc: DependencyDown) -> JSONResponse:
    """The answer while a dependency is down."""
    _log.warning("request_unavailable", dependency=exc.dependency, reason=str(exc))
    message = f"The service is waiting for its {exc.dependency}. Try again."
    return unavailable(message, exc.retry_after_seconds or RETRY_AFTER_SECONDS)


def unavailable(message: str, retry_after_seconds: float) -> JSONResponse:
    """An answer to what may well work later."""
    headers = {"Retry-After": _whole_seconds(retry_after_seconds), "x-should-retry": "true"}
    return envelope(503, message, code="service_unavailable", headers=headers)


def _whole_seconds(wait: float) -> str:
    return str(max(1, min(LONGEST_RETRY_AFTER_SECONDS, math.ceil(wait))))


async def _gone(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, Abandoned)
    return envelope(404, f"Not found any more: {exc}.")


async def _http(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, HTTPException)
    target = f"({request.method} {request.url.path})"
    headers = dict(exc.headers or {})
    if exc.status_code == 405:  # each route knows only its own methods
        headers["Allow"] = ", ".join(_methods(request))
    messages = {404: f"Invalid URL {target}", 405: f"Invalid method for URL {target}"}
    return envelope(
        exc.status_code,
        messages.get(exc.status_code, str(exc.detail)),
        code={404: "unknown_url", 405: "method_not_supported"}.get(exc.status_code),
        headers=headers or None,
    )


def _methods(request: Request) -> list[str]:
    """The methods of every route at a request's address."""
    routes = request.app.routes
    return [
        method
        for method in ("DELETE", "GET", "HEAD", "POST")
        if any(route.matches({**request.scope, "method": method})[0] == Match.FULL for route in routes)
    ]


async def _invalid(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestValidationError)
    # Of several complaints about one value the members of a union make one each: the deepest knows most, and one that
    # is content with the type more than one that is not.
    first = max(exc.errors(), key=lambda error: (error["type"] == "extra_forbidden", _depth(error, exc.body)))
    message, param, code = explain(first, exc.body)
    return envelope(400, message, param=param, code=code)


def explain(error: Any, body: Any = None) -> tuple[str, str | None, str | None]:
    """One of pydantic's complaints about a request with this body as (message, param, code), in the service's style."""
    kind, facts, given = error["type"], error.get("ctx") or {}, error.get("input")
    param = _param(error["loc"], kind, body)
    if kind in OWN_CODES:
        return error["msg"], facts.get("param", param), kind
    if param is None:
        return _nowhere(error, body)
    if kind == "missing":
        return f"Missing required parameter: '{param}'.", param, "missing_required_parameter"
    if kind == "extra_forbidden":
        return f"Unknown parameter: '{param}'.", param, "unknown_parameter"
    if kind in _BOUNDS:
        return _bound(kind, param, facts, given)
    if kind in ("string_too_long", "too_long", "string_too_short", "too_short"):
        return _length(kind, param, facts, given)
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        expected = facts.get("expected") or facts.get("expected_tags")
        shown = facts.get("tag") or (given if isinstance(given, (str, int, float)) else type(given).__name__)
        return f"Invalid value: '{shown}'. Supported values are: {expected}.", param, "invalid_value"
    if kind == "union_tag_not_found":
        return f"Missing required parameter: '{param}.type'.", f"{param}.type", "missing_required_parameter"
    if kind == "value_error" and param in FILES and isinstance(given, str):
        return f"Invalid type for '{param}': expected a file with a name.", param, "invalid_type"
    if kind in ("int_parsing_size", "finite_number"):
        return f"Invalid '{param}': the number is too large.", param, "invalid_value"
    if kind in ("value_error", "assertion_error"):
        return f"Invalid '{param}': {_reason(error)}.", param, "invalid_value"
    if kind == "string_unicode":
        return f"Invalid '{param}': text must be valid Unicode.", param, "invalid_value"
    if kind.endswith(("_type", "_parsing", "_from_float")):
        expected = error["msg"].removeprefix("Input should be ").split(",")[0]
        expected = expected.replace("a valid dictionary or object to extract fields from", "an object")
        return f"Invalid type for '{param}': expected {expected}.", param, "invalid_type"
    return f"Invalid '{param}': {error['msg']}.", param, "invalid_value"


OWN_CODES = ("invalid_type", "invalid_value", "missing_required_parameter")
"""Complaints of our own validators (PydanticCustomError) are of the kind that is their code already."""

FILES = ("file", "data")
"""Parts of forms that are files."""

_BOUNDS = {
    "greater_than_equal": ("below_min", ">=", "ge"),
    "greater_than": ("below_min", ">", "gt"),
    "less_than_equal": ("above_max", "<=", "le"),
    "less_than": ("above_max", "<", "lt"),
}


def _nowhere(error: Any, body: Any) -> tuple[str, None, str | None]:
    """A complaint about no parameter, but about the request as a whole."""
    kind, source = error["type"], (error["loc"] or ("body",))[0]
    if kind == "json_invalid" or isinstance(error.get("input"), bytes):
        return "We could not parse the JSON body of your request. Send JSON as application/json.", None, None
    if source == "body" and not isinstance(body, Mapping):
        return "Invalid body: expected a JSON object.", None, "invalid_type"
    return f"Invalid {'body' if source == 'body' else 'request'}: {_reason(error)}.", None, "invalid_value"


def _reason(error: Any) -> str:
    return str((error.get("ctx") or {}).get("error", error["msg"])).removesuffix(".")


def _bound(kind: str, param: str | None, facts: dict[str, Any], given: Any) -> tuple[str, str | None, str]:
    side, sign, bound = _BOUNDS[kind]
    whole = isinstance(facts.get(bound), int)
    number = "integer" if whole else "decimal"
    word, direction = ("minimum", "below") if side == "below_min" else ("maximum", "above")
    message = (
        f"Invalid '{param}': {number} {direction} {word} value. "
        f"Expected a value {sign} {facts.get(bound)}, but got {given} instead."
    )
    return message, param, f"{number}_{side}_value"


def _length(kind: str, param: str | None, facts: dict[str, Any], given: Any) -> tuple[str, str | None, str]:
    is_string = kind.startswith("string") or isinstance(given, str)
    thing = "string" if is_string else "object" if isinstance(given, dict) else "array"
    long = kind.endswith("long")
    bound = facts.get("max_length") if long else facts.get("min_length")
    actual = facts.get("actual_length") or (len(given) if hasattr(given, "__len__") else 0)
    if not long and thing == "array" and not actual:
        return f"Invalid '{param}': empty array. Expected an array with minimum length {bound}.", param, "empty_array"
    word, which, code = ("too long", "maximum", "above_max") if long else ("too short", "minimum", "below_min")
    unit = "properties" if thing == "object" else "length"
    a_thing = f"{'a' if is_string else 'an'} {thing}"
    message = (
        f"Invalid '{param}': {thing} {word}. Expected {a_thing} with {which} length {bound}, "
        f"but got {a_thing} with length {actual} instead."
    )
    return message, param, f"{thing}_{code}_{unit}"


def _depth(error: Any, body: Any) -> tuple[int, bool]:
    return len(_path(error["loc"], error["type"], body)), not error["type"].endswith("_type")


def _param(place: tuple[Any, ...], kind: str, body: Any) -> str | None:
    """Where in the request, as in `files[3].attributes`."""
    steps, param = _path(place, kind, body), ""
    for number, step in enumerate(steps):
        param += f"[{step}]" if isinstance(step, int) else f".{step}" if number else str(step)
    return param if steps else None


def _path(place: tuple[Any, ...], kind: str, body: Any) -> list[Any]:
    """The steps of pydantic's place that lead through the body: it puts the names of a union's members in between."""
    source, *steps = place or ("",)
    if source != "body":
        return steps if source in ("query", "path", "header") else list(place)
    path = []
    for number, step in enumerate(steps):
        leads = step in body if isinstance(body, Mapping) else isinstance(body, list) and step in range(len(body))
        if leads:
            body = body[step]
        elif kind != "missing" or number < len(steps) - 1:
            continue
        path.append(step)
    return path
