"""Exception handlers of the app: which exception becomes which error response."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.errors.responses import dependency_down_response, error_response, request_error_response
from api.errors.validation import explain_first_error
from ingest.errors import Abandoned, DependencyDown, FileError, ModelMissing, RequestCancelled, RequestError
from ingest.observability import logs

_log = logs.get(__name__)


def register_handlers(app: FastAPI) -> None:
    """Handle every expected exception. RequestIdMiddleware answers the unexpected ones."""
    app.add_exception_handler(RequestError, _handle_request_error)
    app.add_exception_handler(FileError, _handle_file_error)
    app.add_exception_handler(ModelMissing, _handle_model_missing)
    app.add_exception_handler(DependencyDown, _handle_dependency_down)
    app.add_exception_handler(Abandoned, _handle_abandoned)
    app.add_exception_handler(RequestCancelled, _handle_cancelled)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_exception)


async def _handle_request_error(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestError)
    return request_error_response(exc)


async def _handle_file_error(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, FileError)
    return error_response(400, str(exc), param="file_id", code=exc.code)


async def _handle_model_missing(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, ModelMissing)
    _log.error("model_missing", model=exc.model)
    headers = {"x-should-retry": "false"}
    return error_response(503, f"The server cannot search: {exc}.", code="model_not_configured", headers=headers)


async def _handle_dependency_down(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, DependencyDown)
    return dependency_down_response(exc)


async def _handle_abandoned(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, Abandoned)
    return error_response(404, f"Not found any more: {exc}.")


async def _handle_cancelled(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestCancelled)
    return error_response(503, f"The request was cancelled: {exc}.")  # the deadline's middleware drops it


async def _handle_validation_error(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestValidationError)
    message, param, code = explain_first_error(exc.errors(), exc.body)
    return error_response(400, message, param=param, code=code)


async def _handle_http_exception(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, HTTPException)
    target = f"({request.method} {request.url.path})"
    headers = dict(exc.headers or {})
    if exc.status_code == 405:  # Starlette's own header names the methods of one route only
        headers["Allow"] = ", ".join(_allowed_methods(request))
    messages = {404: f"Invalid URL {target}", 405: f"Invalid method for URL {target}"}
    return error_response(
        exc.status_code,
        messages.get(exc.status_code, str(exc.detail)),
        code={404: "unknown_url", 405: "method_not_supported"}.get(exc.status_code),
        headers=headers or None,
    )


def _allowed_methods(request: Request) -> list[str]:
    """Return the methods of all routes that match the path of a request."""
    routes = request.app.routes
    return [
        method
        for method in ("DELETE", "GET", "HEAD", "POST")
        if any(route.matches({**request.scope, "method": method})[0] == Match.FULL for route in routes)
    ]
