"""Points in Qdrant: writing, trimming, deleting and searching them. The only module that talks to Qdrant.

A point is one chunk of one file in one store. Its id comes from (row, generation, number), never from the attempt, so
that writing it twice is writing it once. Constructed per process: its connections do not survive a fork.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid5

import httpx
import numpy as np
import orjson
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from ingest.config import Settings
from ingest.errors import DependencyDown, IngestError
from ingest.net.http_pool import IDLE_SECONDS, BadAddress, HttpPool, NoAnswer
from ingest.steps import filters
from ingest.steps.filters import Filter

Floats = NDArray[np.float32]
T = TypeVar("T")

DENSE, TEXT = "dense", "text"
NAMESPACE = UUID("6b0f3c1e-3d0b-5f1c-9f43-8f3b7a52c9d1")
MAX_POINTS = 256  # per request; 64..256 is the vendor's advice
MAX_BYTES = 4 * 2**20  # per request; a server takes 32 MiB, but a small one keeps timeouts meaningful
MAX_ROWS = 256  # per delete request
PAGE = 1_000  # points per request of a scan; without texts and vectors about 100 bytes each
READ = (
    64  # points per request that brings their texts and vectors: some 30 KB each with 20 windows in the largest chunks
)

_JSON_BYTES_PER_FLOAT = 15  # a float32 written out, with its comma


@dataclass(frozen=True)
class SparseVector:
    """A sparse BM25 vector: hashed terms and their weights."""

    indices: Sequence[int] | NDArray[np.int64]
    values: Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Point:
    """One chunk: its text, one vector for each of its windows (k, dimensions), its terms, its page if it has one."""

    number: int
    text: str
    dense: Floats
    sparse: SparseVector
    page: int | None = None


@dataclass(frozen=True)
class PointOwner:
    """Whose points these are. `row` is unique for ever: the store file's row number is never used again."""

    row: int
    generation: int
    project: str
    vector_store_id: str
    file_id: str
    filename: str
    attributes: Mapping[str, str | float | bool]


@dataclass(frozen=True)
class Hit:
    """A chunk that was found, with its score as Qdrant gave it."""

    row: int
    generation: int
    number: int
    text: str
    score: float


class Index:
    """One collection: all stores with the same model and dimensions."""

    def __init__(
        self, client: QdrantClient, writes: HttpPool, collection: str, dimensions: int, multivector: bool
    ) -> None:
        self._client = client
        self._writes = writes
        self._collection = collection
        self._dimensions = dimensions
        self._multivector = multivector
        self._ensured = False

    @classmethod
    def connect(cls, settings: Settings, *, model: str, dimensions: int, multivector: bool) -> "Index":
        """The index of an embedding model at settings.qdrant_url. Sends nothing yet."""
        key = settings.qdrant_api_key.get_secret_value()
        headers = {"api-key": key} if key else {}  # as `api_key` the client warns about every http:// URL
        client = QdrantClient(
            url=settings.qdrant_url,
            headers=headers,
            prefer_grpc=False,
            timeout=settings.qdrant_timeout_seconds,  # type: ignore[arg-type] # floats are fine, and rounded up
            check_compatibility=False,  # would ask the server from a thread, at import time of a worker
            limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
        )
        name, seconds = collection_name(model, dimensions), settings.qdrant_timeout_seconds
        writes = HttpPool(
            f"{settings.qdrant_url.rstrip('/')}/collections/{name}/points?wait=true",
            headers=headers,
            timeout_seconds=seconds,
            connect_seconds=seconds,
        )
        return cls(client, writes, name, dimensions, multivector)

    def ensure_collection(self) -> None:
        """Create the collection and its payload indexes where they are missing. Several processes may do so at once."""
        if self._ensured:
            return
        with _translated():
            self._create_collection()
            for field, schema in _INDEXES.items():
                self._client.create_payload_index(self._collection, field, schema, wait=True)
        self._ensured = True

    def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
        """Write chunks; they are searchable when this returns. Raises DependencyDown for vectors of another length."""
        for point in points:
            self._must_fit(point.dense)
        about = {
            "project": owner.project,
            "store": owner.vector_store_id,
            "row": owner.row,
            "generation": owner.generation,
            "file": owner.file_id,
            **filters.payload(owner.attributes, owner.filename),
        }
        for batch in _batches(points, overhead=len(json.dumps(about)) + 200):
            points_of_batch = [self._json(owner, about, point) for point in batch]
            body = orjson.dumps({"points": points_of_batch}, option=orjson.OPT_SERIALIZE_NUMPY)
            self._write(partial(self._put_points, body))

    def read_vectors(self, row: int, generation: int, numbers: range) -> dict[str, Floats]:
        """The vectors of those chunks of one generation of a row that are there, by their text; a few hundred."""
        found: dict[str, Floats] = {}
        for start in range(numbers.start, numbers.stop, READ):
            some = range(start, min(start + READ, numbers.stop))
            ids = [_point_id(row, generation, number) for number in some]
            nothing: list[models.Record] = []
            read = partial(self._client.retrieve, self._collection, ids, with_payload=["text"], with_vectors=[DENSE])
            for record in self._read(read, nothing):
                vectors = record.vector[DENSE] if isinstance(record.vector, dict) else []
                found[(record.payload or {})["text"]] = np.asarray(vectors, np.float32).reshape(-1, self._dimensions)
        return found

    def delete_chunks_from(self, row: int, generation: int, count: int) -> None:
        """Delete the chunks of one generation of a row from number `count` on."""
        tail = models.FieldCondition(key="number", range=models.Range(gte=count))
        self._delete(models.Filter(must=[_equals("row", row), _equals("generation", generation), tail]))

    def count(self, row: int, generation: int) -> int:
        """How many points there are of one generation of a row, exactly."""
        wanted = models.Filter(must=[_equals("row", row), _equals("generation", generation)])
        return self._read(lambda: self._client.count(self._collection, wanted, exact=True).count, 0)

    def delete_rows(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """Delete, for each (row, first, last), the row's points of these generations and those between."""
        by_generations: dict[tuple[int, int], list[int]] = {}
        for row, first, last in rows:
            by_generations.setdefault((first, last), []).append(row)
        for (first, last), these in by_generations.items():
            doomed = models.FieldCondition(key="generation", range=models.Range(gte=first, lte=last))
            for start in range(0, len(these), MAX_ROWS):
                self._delete(models.Filter(must=[_any_of("row", these[start : start + MAX_ROWS]), doomed]))

    def delete_store(self, vector_store_id: str) -> None:
        """Delete all points of a store."""
        self._delete(models.Filter(must=[_equals("store", vector_store_id)]))

    def set_attributes(self, owner: PointOwner) -> None:
        """Rewrite what is filtered by on all points of the row, of every generation."""
        fields = filters.payload(owner.attributes, owner.filename)
        of_row = models.Filter(must=[_equals("row", owner.row)])
        self._write(lambda: self._client.set_payload(self._collection, fields, of_row, wait=True))

    def search(
        self,
        project: str,
        vector_store_id: str,
        *,
        dense: Floats | None,
        terms: SparseVector | None,
        filters: Filter | None,
        limit: int,
    ) -> tuple[list[Hit], list[Hit]]:
        """The best chunks of a project's store by vector, and by words: two lists, best first, in one round trip.

        A part that is None is not searched and gives an empty list. Words are weighed by the store's own statistics.
        """
        store = models.Filter(must=[_equals("project", project), _equals("store", vector_store_id)])
        wanted = store if filters is None else models.Filter(must=[store, _compile(filters)])
        common: dict[str, Any] = {"filter": wanted, "limit": limit, "with_payload": list(_FOUND)}
        requests = {}
        if dense is not None:
            self._must_fit(dense)
            vector = np.asarray(dense, np.float32).reshape(-1).tolist()
            requests[DENSE] = models.QueryRequest(query=vector, using=DENSE, **common)
        if terms is not None and len(terms.indices):
            requests[TEXT] = models.QueryRequest(
                query=_sparse(terms),
                using=TEXT,
                params=models.SearchParams(idf=models.IdfCorpusParams(corpus=store)),
                **common,
            )
        if not requests:
            return [], []
        nothing: list[list[models.ScoredPoint]] = [[] for _ in requests]
        query = partial(self._client.query_batch_points, self._collection, list(requests.values()))
        answers = self._read(lambda: [answer.points for answer in query()], nothing)
        found = {name: [_hit(point) for point in points] for name, points in zip(requests, answers, strict=True)}
        return found.get(DENSE, []), found.get(TEXT, [])

    def scan(self, rows: Sequence[int] | None = None) -> Iterator[tuple[int, int, str, str, int]]:
        """Every point as (row, generation, project, vector_store_id, number), in no useful order, a page at a time.

        Or those of at most MAX_ROWS rows.
        """
        wanted = None if rows is None else models.Filter(must=[_any_of("row", rows)])
        offset: Any = None
        while True:
            page, offset = self._page(wanted, offset)
            for record in page:
                fields = record.payload or {}
                yield fields["row"], fields["generation"], fields["project"], fields["store"], fields["number"]
            if offset is None:
                return

    def read(self, row: int, generation: int) -> Iterator[Point]:
        """The points of one generation of a row with everything that was written, in no useful order."""
        wanted = models.Filter(must=[_equals("row", row), _equals("generation", generation)])
        nothing: tuple[list[models.Record], Any] = ([], None)
        offset: Any = None
        while True:
            scroll = partial(self._client.scroll, self._collection, wanted, limit=READ, offset=offset)
            page, offset = self._read(partial(scroll, with_payload=list(_WRITTEN), with_vectors=True), nothing)
            yield from map(_point, page)
            if offset is None:
                return

    def ping(self) -> None:
        """Raises DependencyDown when Qdrant does not answer."""
        with _translated():
            self._client.collection_exists(self._collection)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._writes.close()

    def _create_collection(self) -> None:
        multi = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
        dense = models.VectorParams(
            size=self._dimensions,
            distance=models.Distance.COSINE,
            multivector_config=multi if self._multivector else None,
        )
        if not self._client.collection_exists(self._collection):
            try:
                self._client.create_collection(
                    self._collection,
                    vectors_config={DENSE: dense},
                    sparse_vectors_config={TEXT: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                    # Every search is within one store: a graph for each instead of one over all.
                    hnsw_config=models.HnswConfigDiff(m=0, payload_m=16),
                )
            except UnexpectedResponse as error:
                if error.status_code != 409:  # another process was quicker
                    raise
        vectors = self._client.get_collection(self._collection).config.params.vectors
        there = vectors.get(DENSE) if isinstance(vectors, dict) else None
        if there is None or there.size != dense.size or (there.multivector_config is None) == self._multivector:
            # A setting can be put right while files wait.
            raise DependencyDown("qdrant", f"the collection {self._collection} was made for other vectors")

    def _page(self, wanted: models.Filter | None, offset: Any) -> tuple[list[models.Record], Any]:
        nothing: tuple[list[models.Record], Any] = ([], None)
        scroll = partial(self._client.scroll, self._collection, wanted, limit=PAGE, offset=offset)
        return self._read(lambda: scroll(with_payload=list(_SCANNED), with_vectors=False), nothing)

    def _json(self, owner: PointOwner, about: dict[str, Any], point: Point) -> dict[str, Any]:
        windows = point.dense if self._multivector else point.dense[0]
        extra = {} if point.page is None else {"page": point.page}
        return {
            "id": _point_id(owner.row, owner.generation, point.number),
            "vector": {DENSE: np.ascontiguousarray(windows, np.float32), TEXT: _numbers(point.sparse)},
            "payload": {**about, "number": point.number, "text": point.text, **extra},
        }

    def _must_fit(self, vectors: Floats) -> None:
        if vectors.shape[-1] != self._dimensions:
            raise DependencyDown(
                "embedder", f"gave vectors of {vectors.shape[-1]} dimensions, and {self._dimensions} before"
            )

    def _put_points(self, body: bytes) -> None:
        # Past the client, whose models would look at every number again, which costs more than all the rest of a write.
        try:
            answer = self._writes.send("PUT", body)
        except (BadAddress, NoAnswer) as exc:
            raise ResponseHandlingException(exc) from exc
        if answer.status == 429 and (seconds := answer.headers.get("retry-after")):
            raise ResourceExhaustedResponse(answer.text, int(seconds))
        if not answer.is_success:
            raise UnexpectedResponse(answer.status, "", answer.body, httpx.Headers(dict(answer.headers)))

    def _delete(self, doomed: models.Filter) -> None:
        self._write(lambda: self._client.delete(self._collection, doomed, wait=True))

    def _write(self, request: Callable[[], object]) -> None:
        """Send a change; a collection that has vanished is made again, once."""
        self.ensure_collection()
        with _translated():
            try:
                request()
            except UnexpectedResponse as error:
                if error.status_code != 404:
                    raise
                self._ensured = False
                self.ensure_collection()
                request()

    def _read(self, request: Callable[[], T], nothing: T) -> T:
        """Ask; a collection that is not there has nothing in it."""
        with _translated():
            try:
                return request()
            except UnexpectedResponse as error:
                if error.status_code != 404:
                    raise
                return nothing


def collection_name(model: str, dimensions: int) -> str:
    """The collection of a model: readable, a valid name anywhere, and never that of another model."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", model)[:100]
    mark = "" if plain == model else "-" + hashlib.sha256(model.encode()).hexdigest()[:8]
    return f"ingest-{plain}{mark}-{dimensions}"


_INDEXES: dict[str, models.PayloadSchemaType | models.KeywordIndexParams] = {
    "store": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    "project": models.PayloadSchemaType.KEYWORD,
    "row": models.PayloadSchemaType.INTEGER,
    "generation": models.PayloadSchemaType.INTEGER,
    "tags": models.PayloadSchemaType.KEYWORD,
    "high": models.PayloadSchemaType.INTEGER,
    "low": models.PayloadSchemaType.INTEGER,
}
_FOUND = ("row", "generation", "number", "text")
_WRITTEN = ("number", "text", "page")
_SCANNED = ("row", "generation", "project", "store", "number")
_compile = filters.compile  # `search` has a parameter of the module's name


def _point_id(row: int, generation: int, number: int) -> str:
    return str(uuid5(NAMESPACE, f"{row}:{generation}:{number}"))


def _point(record: models.Record) -> Point:
    fields, given = record.payload or {}, record.vector
    vectors: Mapping[str, Any] = given if isinstance(given, dict) else {}
    windows = np.atleast_2d(np.asarray(vectors[DENSE], np.float32))
    words = vectors.get(TEXT) or models.SparseVector(indices=[], values=[])
    return Point(fields["number"], fields["text"], windows, SparseVector(words.indices, words.values), fields.get("page"))


def _equals(field: str, value: str | int) -> models.FieldCondition:
    return models.FieldCondition(key=field, match=models.MatchValue(value=value))


def _any_of(field: str, values: Sequence[int]) -> models.FieldCondition:
    return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))


def _sparse(terms: SparseVector) -> models.SparseVector:
    return models.SparseVector(**{name: numbers.tolist() for name, numbers in _numbers(terms).items()})


def _numbers(terms: SparseVector) -> dict[str, NDArray[Any]]:
    return {"indices": np.asarray(terms.indices, np.int64), "values": np.asarray(terms.values, np.float32)}


def _hit(point: models.ScoredPoint) -> Hit:
    fields = point.payload or {}
    return Hit(**{name: fields[name] for name in _FOUND}, score=point.score)


def _batches(points: Sequence[Point], overhead: int) -> Iterator[list[Point]]:
    batch: list[Point] = []
    size = 0
    for point in points:
        weight = _json_bytes(point) + overhead
        if batch and (len(batch) == MAX_POINTS or size + weight > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(point)
        size += weight
    if batch:
        yield batch


def _json_bytes(point: Point) -> int:
    """About the size of a point's own part of a request; a little more, rather than less."""
    floats = point.dense.size + 2 * len(point.sparse.indices)
    return _JSON_BYTES_PER_FLOAT * floats + len(point.text.encode()) * 11 // 10


@contextmanager
def _translated() -> Iterator[None]:
    """Qdrant's silence or trouble as DependencyDown; a request that it refuses as our own fault."""
    try:
        yield
    except ResourceExhaustedResponse as error:
        raise DependencyDown("qdrant", "asks for fewer requests", retry_after_seconds=error.retry_after_s) from error
    except ResponseHandlingException as error:
        raise DependencyDown("qdrant", f"no answer ({_short(error.source)})") from error
    except UnexpectedResponse as error:
        text = f"answered {error.status_code} ({_short(error.content)})"
        if error.status_code in _TROUBLE or (error.status_code or 500) >= 500:
            raise DependencyDown("qdrant", text) from error
        raise IngestError(f"qdrant: {text}") from error


# Keys can be repaired while files wait; a 404 here is a collection that vanishes as fast as it is made.
_TROUBLE = frozenset({401, 403, 404, 408, 429})


def _short(cause: object) -> str:
    text = cause.decode(errors="replace") if isinstance(cause, bytes) else f"{type(cause).__name__}: {cause}"
    return text[:200]
