"""JSON error responses: a status, and an envelope of four keys (deploy/docs/api-contract.md section 8)."""

import math

from fastapi.responses import JSONResponse

from ingest.errors import DependencyDown, QuotaExceeded, RateLimited, RequestError, Unauthorised
from ingest.observability import logs

_log = logs.RepeatedRecords(logs.get(__name__))

RETRY_AFTER_SECONDS = 2
MAX_RETRY_AFTER_SECONDS = 60
"""The clients do not retry at all if the server asks for a longer wait."""

RETRYABLE_CLIENT_ERRORS = (408, 409, 429)
"""Statuses below 500 at which a retry of the same request may succeed."""

MAX_MESSAGE_CHARACTERS = 1_000
MAX_PARAM_CHARACTERS = 200
"""Messages and parameter names may repeat input of the client, so both are cut."""


def error_response(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    kind: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Build an error response; `kind` is the `type` of the envelope and follows from the status by default."""
    kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
    param = None if param is None else _truncate(param, MAX_PARAM_CHARACTERS)
    error = {"message": _truncate(message, MAX_MESSAGE_CHARACTERS), "type": kind, "param": param, "code": code}
    is_final = status < 500 and status not in RETRYABLE_CLIENT_ERRORS
    retry_headers = {"x-should-retry": "false"} if is_final else {}
    return JSONResponse({"error": error}, status, headers=retry_headers | (headers or {}))


def request_error_response(exc: RequestError) -> JSONResponse:
    """Build the response to a rejected request, with the headers that control retries."""
    headers = {}
    if isinstance(exc, Unauthorised):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(exc, RateLimited):
        headers["Retry-After"] = _retry_after(exc.retry_after_seconds)
    if isinstance(exc, QuotaExceeded):
        headers["x-should-retry"] = "false"
    return error_response(
        exc.http_status, str(exc), param=exc.param, code=exc.code, kind=exc.error_type, headers=headers
    )


def dependency_down_response(exc: DependencyDown) -> JSONResponse:
    """Log that a dependency is down and build the 503 response."""
    _log.warning("request_unavailable", dependency=exc.dependency, reason=str(exc))
    message = f"The service is waiting for its {exc.dependency}. Try again."
    return unavailable_response(message, exc.retry_after_seconds or RETRY_AFTER_SECONDS)


def unavailable_response(message: str, retry_after_seconds: float) -> JSONResponse:
    """Build a 503 response that asks the client to retry."""
    headers = {"Retry-After": _retry_after(retry_after_seconds), "x-should-retry": "true"}
    return error_response(503, message, code="service_unavailable", headers=headers)


def _truncate(text: str, max_characters: int) -> str:
    encodable = text.encode(errors="replace").decode()  # half of a surrogate pair cannot be sent
    return encodable if len(encodable) <= max_characters else encodable[: max_characters - 1] + "…"


def _retry_after(seconds: float) -> str:
    return str(max(1, min(MAX_RETRY_AFTER_SECONDS, math.ceil(seconds))))
