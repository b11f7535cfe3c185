"""The routes of the vectors process: Qdrant's REST API over the collections.

Handlers call the engine on the event loop itself. The engine holds the interpreter's lock in every call, so a thread
would not keep anything responsive; and one thread needs no locks. A request costs milliseconds.
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

from ingest.embedded.vectors import conditions, configs, points, problems, reading
from ingest.embedded.vectors.collections import Collection, Collections

API_VERSION = "1.20.0"  # the version of Qdrant's API that is followed; the client compares it with its own
MAX_BODY_BYTES = 32 * 2**20  # a Qdrant server's own limit

_log = logging.getLogger(__name__)

Act = Callable[[Collection, Any], Any]


def create_app(collections: Collections, api_key: str) -> Starlette:
    """The application over opened collections; an empty `api_key` asks for none."""
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
    task = asyncio.create_task(_look_after(app.state.collections))
    yield
    task.cancel()


async def _look_after(collections: Collections) -> None:
    while True:
        await asyncio.sleep(1)
        try:
            collections.look_after(time.monotonic())
        except Exception:  # noqa: BLE001 - the engine raises nothing narrower; on a full disk a later try can help
            _log.exception("flushing the collections failed; they are safe in their write-ahead logs")
            await asyncio.sleep(10)


# --- what surrounds every request ---


def _route(method: str, path: str, act: Act) -> Route:
    """A route below one collection; `act` gets the collection and the body."""

    def handle(request: Request, body: Any) -> Any:
        return act(request.app.state.collections.get(request.path_params["name"]), body)

    return Route("/collections/{name}" + path, _answer(handle), methods=[method])


def _answer(handle: Callable[[Request, Any], Any]) -> Callable[[Request], Awaitable[Response]]:
    """Checks the key, reads the body, and puts the result or the error into the words of a Qdrant server."""

    async def endpoint(request: Request) -> Response:
        started = time.perf_counter()
        if refused := _refused(request):
            return refused
        try:
            result = handle(request, await _body(request))
        except Exception as error:
            problem = error if isinstance(error, problems.Problem) else problems.of_engine(error)
            if problem is None:
                raise
            return _failure(problem.status, str(problem), started)
        return _json(200, {"result": result, "status": "ok", "time": time.perf_counter() - started})

    return endpoint


def _refused(request: Request) -> Response | None:
    key: bytes = request.app.state.api_key
    if not key:
        return None
    given = request.headers.get("api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    if hmac.compare_digest(given.encode(), key):
        return None
    return PlainTextResponse("Must provide a valid API key", status_code=401)


async def _body(request: Request) -> Any:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise problems.TooLarge(f"Payload error: the body is larger than {MAX_BODY_BYTES} bytes")
        chunks.append(chunk)
    if not size:
        return None
    try:
        return orjson.loads(b"".join(chunks))
    except ValueError as error:
        raise problems.BadRequest(f"Format error in JSON body: {error}") from None


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
    given = reading.mapping(body, "body", {"field_name", "field_schema"})
    field = reading.text(given.get("field_name"), "field_name")
    schema = configs.index_schema(given.get("field_schema"))
    return _update(collection, edge.UpdateOperation.create_field_index(field, schema))


# --- points: writing ---


def _upsert(collection: Collection, body: Any) -> Any:
    return _update(collection, edge.UpdateOperation.upsert_points(points.read(body, collection.vectors)))


def _delete(collection: Collection, body: Any) -> Any:
    given = reading.mapping(body, "body", {"points", "filter"})
    if "filter" in given:
        return _update(collection, edge.UpdateOperation.delete_points_by_filter(conditions.read(given["filter"])))
    return _update(collection, edge.UpdateOperation.delete_points(list(points.ids(given.get("points")))))


def _set_payload(collection: Collection, body: Any) -> Any:
    given = reading.mapping(body, "body", {"payload", "points", "filter"})
    payload = points.payload(given.get("payload"))
    if "filter" in given:
        return _update(
            collection, edge.UpdateOperation.set_payload_by_filter(conditions.read(given["filter"]), payload)
        )
    return _update(collection, edge.UpdateOperation.set_payload(list(points.ids(given.get("points"))), payload))


def _update(collection: Collection, operation: Any) -> Any:
    return {"operation_id": collection.update(operation), "status": "completed"}


# --- points: reading ---


def _retrieve(collection: Collection, body: Any) -> Any:
    given = reading.mapping(body, "body", {"ids", "with_payload", "with_vector"})
    found = collection.shard.retrieve(
        list(points.ids(given.get("ids"))),
        points.with_payload(given.get("with_payload", True)),
        points.with_vector(given.get("with_vector", False)),
    )
    return [points.record(record) for record in found]


def _scroll(collection: Collection, body: Any) -> Any:
    given = reading.mapping(body, "body", {"offset", "limit", "filter", "with_payload", "with_vector"})
    page, following = collection.shard.scroll(
        edge.ScrollRequest(
            offset=conditions.point_id(given["offset"]) if "offset" in given else None,
            limit=reading.integer(given.get("limit", 10), "limit", 1, 100_000),
            filter=conditions.read(given["filter"]) if "filter" in given else None,
            with_payload=points.with_payload(given.get("with_payload", True)),
            with_vector=points.with_vector(given.get("with_vector", False)),
        )
    )
    return {"points": [points.record(record) for record in page], "next_page_offset": points.point_id(following)}


def _count(collection: Collection, body: Any) -> Any:
    given = reading.mapping(body, "body", {"filter", "exact"})
    counted = conditions.read(given["filter"]) if "filter" in given else None
    return {"count": collection.shard.count(edge.CountRequest(exact=True, filter=counted))}


def _query(collection: Collection, body: Any) -> Any:
    found = collection.shard.query(points.search(body, collection.vectors))
    return {"points": [points.scored(point) for point in found]}


def _query_batch(collection: Collection, body: Any) -> Any:
    searches = reading.sequence(reading.mapping(body, "body", {"searches"}).get("searches"), "searches")
    batch = edge.QueryBatchRequest([points.search(item, collection.vectors) for item in searches])
    return [{"points": [points.scored(point) for point in found]} for found in collection.shard.query_batch(batch)]
