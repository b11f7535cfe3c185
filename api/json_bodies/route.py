"""The route class of JSON bodies: it reads, parses and validates a large body in threads, before FastAPI sees it."""

import email.message
import gc
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any, ClassVar, cast

from anyio import CapacityLimiter
from fastapi import Request, Response, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.json_bodies.parsing import Validator, parse_in_pieces
from api.json_bodies.reading import MAX_VALUES, SCOPE_KEY, JsonBody, max_values_of, run_in_body_thread
from ingest.config import Settings
from ingest.services import Services

INLINE_BYTES = 32 * 2**10
"""FastAPI parses a smaller body on the event loop, in less than a millisecond."""

LARGE_BYTES = 2**20
LARGE_BODIES = CapacityLimiter(1)
"""One large body is in memory at a time, from its parsing to the end of its request."""

UNREADABLE = "There was an error parsing the body"
"""FastAPI's own words for a body that is no JSON at all."""

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRoute(APIRoute):
    """Reads JSON bodies within limits.

    A subclass may name the top-level arrays of its bodies, with a validator of each; they are then parsed in pieces.
    """

    array_validators: ClassVar[Mapping[str, Validator]] = {}

    def max_items(self, services: Services) -> int:
        """Return how many items such an array may have."""
        return MAX_VALUES

    def get_route_handler(self) -> _Handler:
        handle = super().get_route_handler()
        if self.body_field is None or isinstance(self.body_field.field_info, params.Form):
            return handle

        async def handle_json(request: Request) -> Response:
            services = cast(Services, request.app.state.services)
            async with _body_of(request, services.settings) as body, _place_of(body):
                return await handle(await self._to_request(request, body, self.max_items(services)))

        return handle_json

    async def _to_request(self, request: Request, body: JsonBody, max_items: int) -> Request:
        """Return a request whose body is read, and also parsed and validated if it is not small."""
        read = Request(request.scope, request.receive)
        read._body = body.small  # where Starlette keeps a body that was read
        if body.size > INLINE_BYTES:
            read._body = body.small or b" "  # FastAPI asks only whether there is one
            if _is_json(request):
                read._json = await run_in_body_thread(self._validate, body, max_items)
        return read

    def _validate(self, body: JsonBody, max_items: int) -> Any:
        assert self.body_field is not None
        with _collector_paused() if body.size > LARGE_BYTES else nullcontext():
            value = self._parse(body, max_items)
            validated, errors = self.body_field.validate(value, {}, loc=("body",))
        if errors:
            raise RequestValidationError(errors, body=value)
        return validated  # FastAPI accepts an instance of the model as it is

    def _parse(self, body: JsonBody, max_items: int) -> Any:
        try:
            if body.file is None:
                return json.loads(body.small)
            return parse_in_pieces(body.file, body.size, body.long_arrays, self.array_validators, max_items)
        except json.JSONDecodeError as exc:
            error = {"type": "json_invalid", "loc": ("body", exc.pos), "msg": "JSON decode error", "input": {}}
            raise RequestValidationError([error], body=None) from None
        except (ValueError, RecursionError):  # no UTF-8, an integer of thousands of digits, or a nested body in UTF-16
            raise HTTPException(400, UNREADABLE) from None


def _place_of(body: JsonBody) -> AbstractAsyncContextManager[object]:
    return LARGE_BODIES if body.size > LARGE_BYTES else nullcontext()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from its passes over half a million new objects: each stops all threads for 0.2 s."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@asynccontextmanager
async def _body_of(request: Request, settings: Settings) -> AsyncIterator[JsonBody]:
    """Yield the body of a request: ConcurrencyMiddleware has read it, unless this app has none."""
    if SCOPE_KEY in request.scope:
        yield request.scope[SCOPE_KEY]
        return
    body = JsonBody(max_values_of(request.url.path, settings))
    try:
        await body.read(request.stream())
        yield body
    except ClientDisconnect:
        raise HTTPException(400, UNREADABLE) from None
    finally:
        body.close()


def _is_json(request: Request) -> bool:
    """Return whether FastAPI parses the body as JSON."""
    message = email.message.Message()
    message["content-type"] = request.headers.get("content-type", "")
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
