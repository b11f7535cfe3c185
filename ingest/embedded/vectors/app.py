"""The routes of the vectors process: Qdrant's REST API over the collections.

Handlers call the engine on the event loop. The engine holds the GIL in every call, so threads would not make the process
more responsive, and one thread needs no locks. A request takes milliseconds.
"""

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import qdrant_edge as edge
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ingest.embedded.vectors import configs, errors, filters, json_reader, points
from ingest.embedded.vectors.collections import Collection, Collections

API_VERSION = "1.20.0"
"""Version of Qdrant's API that this process implements. The client compares it with its own."""

MAX_BODY_BYTES = 32 * 2**20
"""The limit of a Qdrant server."""

_log = logging.getLogger(__name__)

CollectionHandler = Callable[[Collection, Any], Any]


def create_app(collections: Collections, api_key: str) -> Starlette:
    """Build the application over opened collections. With an empty `api_key`, requests need none."""
    app = Starlette(
        routes=[
            Route("/", _version),
            *(Route(path, _healthy) for path in ("/healthz", "/livez", "/readyz")),
            Route("/collections", _answer(_list_collections)),
            Route("/collections/{name}", _answer(_get_collection), methods=["GET"]),
            Route("/collections/{name}", _answer(_create_collection), methods=["PUT"]),
            Route("/collections/{name}", _answer(_delete_collection), methods=["DELETE"]),
            Route("/collections/{name}/exists", _answer(_exists)),
            _route("PUT", "/index", _create_index),
            _route("PUT", "/points", _upsert),
            _route("POST", "/points", _retrieve),
            _route("POST", "/points/delete", _delete),
            _route("POST", "/points/payload", _set_payload),
            _route("POST", "/points/scroll", _scroll),
            _route("POST", "/points/count", _count),
            _route("POST", "/points/query", _query),
            _route("POST", "/points/query/batch", _query_batch),
        ],
        lifespan=_lifespan,
    )
    app.state.collections = collections
    app.state.api_key = api_key.encode()
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    task = asyncio.create_task(_maintain(app.state.collections))
    yield
    task.cancel()


async def _maintain(collections: Collections) -> None:
    while True:
        await asyncio.sleep(1)
        try:
            collections.run_maintenance(time.monotonic())
        except Exception:  # noqa: BLE001 - the engine raises bare Exceptions; after a full disk a later attempt can succeed
            _log.exception("collections_flush_failed")  # the write-ahead logs still hold the data
            await asyncio.sleep(10)


# --- wrapping of every request ---


def _route(method: str, path: str, handler: CollectionHandler) -> Route:
    """Build a route below a collection; `handler` receives the collection and the body."""

    def handle(request: Request, body: Any) -> Any:
        return handler(request.app.state.collections.get(request.path_params["name"]), body)

    return Route("/collections/{name}" + path, _answer(handle), methods=[method])


def _answer(handle: Callable[[Request, Any], Any]) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a handler: check the key, read the body, and render the result or the error as a Qdrant server does."""

    async def endpoint(request: Request) -> Response:
        started = time.perf_counter()
        if unauthorized := _unauthorized(request):
            return unauthorized
        try:
            result = handle(request, await _body(request))
        except Exception as error:
            api_error = error if isinstance(error, errors.ApiError) else errors.from_engine_error(error)
            if api_error is None:
                raise
            return _failure(api_error.status, str(api_error), started)
        return _json(200, {"result": result, "status": "ok", "time": time.perf_counter() - started})

    return endpoint


def _unauthorized(request: Request) -> Response | None:
    key: bytes = request.app.state.api_key
    if not key:
        return None
    sent_key = request.headers.get("api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    if hmac.compare_digest(sent_key.encode(), key):
        return None
    return PlainTextResponse("Must provide a valid API key", status_code=401)


async def _body(request: Request) -> Any:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise errors.TooLarge(f"Payload error: the body is larger than {MAX_BODY_BYTES} bytes")
        chunks.append(chunk)
    if not size:
        return None
    try:
        return orjson.loads(b"".join(chunks))
    except ValueError as error:
        raise errors.BadRequest(f"Format error in JSON body: {error}") from None


def render_error(status: int, message: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Render the error of a request that never became one."""
    return [(b"content-type", b"application/json")], orjson.dumps({"status": {"error": message}})


def _failure(status: int, text: str, started: float) -> Response:
    return _json(status, {"status": {"error": text}, "time": time.perf_counter() - started})


def _json(status: int, content: Any) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


# --- collections ---


async def _version(request: Request) -> Response:
    return _json(200, {"title": "ingest vectors - the engine of Qdrant, embedded", "version": API_VERSION})


async def _healthy(request: Request) -> Response:
    return PlainTextResponse("healthz check passed")


def _list_collections(request: Request, body: Any) -> Any:
    return {"collections": [{"name": name} for name in request.app.state.collections]}


def _exists(request: Request, body: Any) -> Any:
    return {"exists": request.path_params["name"] in request.app.state.collections}


def _get_collection(request: Request, body: Any) -> Any:
    collection = request.app.state.collections.get(request.path_params["name"])
    return configs.info(collection.config, collection.shard.info())


def _create_collection(request: Request, body: Any) -> Any:
    request.app.state.collections.create(request.path_params["name"], body)
    return True


def _delete_collection(request: Request, body: Any) -> Any:
    return request.app.state.collections.delete(request.path_params["name"])


def _create_index(collection: Collection, body: Any) -> Any:
    fields = json_reader.mapping(body, "body", {"field_name", "field_schema"})
    field = json_reader.text(fields.get("field_name"), "field_name")
    schema = configs.index_schema(fields.get("field_schema"))
    return _update(collection, edge.UpdateOperation.create_field_index(field, schema))


# --- points: writing ---


def _upsert(collection: Collection, body: Any) -> Any:
    return _update(collection, edge.UpdateOperation.upsert_points(points.read(body, collection.vectors)))


def _delete(collection: Collection, body: Any) -> Any:
    fields = json_reader.mapping(body, "body", {"points", "filter"})
    if "filter" in fields:
        deletion = edge.UpdateOperation.delete_points_by_filter(filters.read(fields["filter"]))
    else:
        deletion = edge.UpdateOperation.delete_points(list(points.ids(fields.get("points"))))
    return _update(collection, deletion, is_deletion=True)


def _set_payload(collection: Collection, body: Any) -> Any:
    fields = json_reader.mapping(body, "body", {"payload", "points", "filter"})
    payload = points.payload(fields.get("payload"))
    if "filter" in fields:
        return _update(collection, edge.UpdateOperation.set_payload_by_filter(filters.read(fields["filter"]), payload))
    return _update(collection, edge.UpdateOperation.set_payload(list(points.ids(fields.get("points"))), payload))


def _update(collection: Collection, operation: Any, *, is_deletion: bool = False) -> Any:
    return {"operation_id": collection.update(operation, is_deletion=is_deletion), "status": "completed"}


# --- points: reading ---


def _retrieve(collection: Collection, body: Any) -> Any:
    fields = json_reader.mapping(body, "body", {"ids", "with_payload", "with_vector"})
    records = collection.shard.retrieve(
        list(points.ids(fields.get("ids"))),
        points.with_payload(fields.get("with_payload", True)),
        points.with_vector(fields.get("with_vector", False)),
    )
    return [points.record(record) for record in records]


def _scroll(collection: Collection, body: Any) -> Any:
    fields = json_reader.mapping(body, "body", {"offset", "limit", "filter", "with_payload", "with_vector"})
    page, next_offset = collection.shard.scroll(
        edge.ScrollRequest(
            offset=filters.point_id(fields["offset"]) if "offset" in fields else None,
            limit=json_reader.integer(fields.get("limit", 10), "limit", 1, 100_000),
            filter=filters.read(fields["filter"]) if "filter" in fields else None,
            with_payload=points.with_payload(fields.get("with_payload", True)),
            with_vector=points.with_vector(fields.get("with_vector", False)),
        )
    )
    return {"points": [points.record(record) for record in page], "next_page_offset": points.point_id(next_offset)}


def _count(collection: Collection, body: Any) -> Any:
    fields = json_reader.mapping(body, "body", {"filter", "exact"})
    count_filter = filters.read(fields["filter"]) if "filter" in fields else None
    return {"count": collection.shard.count(edge.CountRequest(exact=True, filter=count_filter))}


def _query(collection: Collection, body: Any) -> Any:
    results = collection.shard.query(points.search(body, collection.vectors))
    return {"points": [points.scored(point) for point in results]}


def _query_batch(collection: Collection, body: Any) -> Any:
    searches = json_reader.sequence(json_reader.mapping(body, "body", {"searches"}).get("searches"), "searches")
    batch = edge.QueryBatchRequest([points.search(item, collection.vectors) for item in searches])
    return [{"points": [points.scored(point) for point in results]} for results in collection.shard.query_batch(batch)]
