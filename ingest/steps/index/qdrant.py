"""`QdrantIndex`: the index in one collection of a Qdrant server or of the vectors process."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import httpx
import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from ingest.config import Settings
from ingest.net.http_pool import IDLE_SECONDS, HttpPool, InvalidUrl, NoResponse
from ingest.runtime import cancellation
from ingest.steps import filters as attribute_filters
from ingest.steps.filters import Filter
from ingest.steps.index import queries, wire
from ingest.steps.index.collection import DENSE, PAYLOAD_INDEXES, TEXT, collection_name, create_if_missing
from ingest.steps.index.errors import translate_qdrant_errors
from ingest.steps.index.points import Hit, Point, PointKey, PointOwner, PointRef, StoredText
from ingest.steps.vectors import SparseVector, Vectors

T = TypeVar("T")

MAX_ROWS_PER_REQUEST = 256
"""Rows in the condition of one delete or scan."""

SCAN_PAGE_POINTS = 1_000
"""Points per page of a scan: about 100 bytes each without text and vectors."""

READ_PAGE_POINTS = 64
"""Points per request that returns texts and vectors: about 30 KB each for the largest chunks with 20 windows."""

_Page = tuple[list[models.Record], Any]


class QdrantIndex:
    """An `Index` over one collection. Create it once per process: its connections do not survive a fork."""

    def __init__(
        self, client: QdrantClient, write_pool: HttpPool, collection: str, dimensions: int, multivector: bool
    ) -> None:
        self._client = client
        self._write_pool = write_pool
        self._collection = collection
        self._dimensions = dimensions
        self._multivector = multivector
        self._is_ensured = False

    @classmethod
    def connect(cls, settings: Settings, *, model: str, dimensions: int, multivector: bool) -> "QdrantIndex":
        """Return the index of an embedding model at `settings.qdrant_url`. Sends no request yet."""
        key = settings.qdrant_api_key.get_secret_value()
        headers = {"api-key": key} if key else {}  # passed as `api_key`, the client warns about every http:// URL
        client = QdrantClient(
            url=settings.qdrant_url,
            headers=headers,
            prefer_grpc=False,
            timeout=settings.qdrant_timeout_seconds,  # type: ignore[arg-type] # annotated int, but floats are accepted and rounded up
            check_compatibility=False,  # the check asks the server from a thread, when a worker imports the module
            limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
        )
        name, seconds = collection_name(model, dimensions), settings.qdrant_timeout_seconds
        write_pool = HttpPool(
            f"{settings.qdrant_url.rstrip('/')}/collections/{name}/points?wait=true",
            headers=headers,
            timeout_seconds=seconds,
            connect_seconds=seconds,
        )
        return cls(client, write_pool, name, dimensions, multivector)

    def ensure_collection(self) -> None:
        if self._is_ensured:
            return
        with translate_qdrant_errors():
            create_if_missing(self._client, self._collection, self._dimensions, self._multivector)
            for field, schema in PAYLOAD_INDEXES.items():
                self._client.create_payload_index(self._collection, field, schema, wait=True)
        self._is_ensured = True

    def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
        for body in wire.upsert_bodies(owner, points, dimensions=self._dimensions, multivector=self._multivector):
            self._write(partial(self._put_points, body))

    def read_vectors(self, row: int, generation: int, numbers: range) -> dict[str, Vectors]:
        vectors_by_text: dict[str, Vectors] = {}
        for start in range(numbers.start, numbers.stop, READ_PAGE_POINTS):
            page = range(start, min(start + READ_PAGE_POINTS, numbers.stop))
            ids = [wire.point_id(row, generation, number) for number in page]
            no_records: list[models.Record] = []
            read = partial(self._client.retrieve, self._collection, ids, with_payload=["text"], with_vectors=[DENSE])
            for record in self._read(read, no_records):
                dense = record.vector[DENSE] if isinstance(record.vector, dict) else []
                rows = np.asarray(dense, np.float32).reshape(-1, self._dimensions)
                vectors_by_text[(record.payload or {})["text"]] = rows
        return vectors_by_text

    def delete_chunks_from(self, row: int, generation: int, first_number: int) -> None:
        self._delete(
            queries.equals("row", row),
            queries.equals("generation", generation),
            queries.in_range("number", first_number),
        )

    def delete_points_of_file(self, row: int, file_id: str) -> None:
        self._delete(*queries.of_file(row, file_id))

    def count_points(self, row: int, generation: int) -> int:
        condition = queries.of_generation(row, generation)
        return self._read(lambda: self._client.count(self._collection, condition, exact=True).count, 0)

    def delete_generations(self, ranges: Iterable[tuple[int, int, int]]) -> None:
        rows_by_generations: dict[tuple[int, int], list[int]] = {}
        for row, first, last in ranges:
            rows_by_generations.setdefault((first, last), []).append(row)
        for (first, last), rows in rows_by_generations.items():
            generations = queries.in_range("generation", first, last)
            for start in range(0, len(rows), MAX_ROWS_PER_REQUEST):
                self._delete(queries.is_any_of("row", rows[start : start + MAX_ROWS_PER_REQUEST]), generations)

    def delete_store(self, vector_store_id: str) -> None:
        self._delete(queries.equals("store", vector_store_id))

    def set_attributes(self, owner: PointOwner) -> None:
        fields = attribute_filters.to_payload(owner.attributes, owner.filename)
        of_file = models.Filter(must=queries.of_file(owner.row, owner.file_id))
        self._write(lambda: self._client.set_payload(self._collection, fields, of_file, wait=True))

    def search(
        self,
        project: str,
        vector_store_id: str,
        *,
        dense: Vectors | None,
        sparse: SparseVector | None,
        filters: Filter | None,
        limit: int,
        rows: Sequence[int] | None = None,
    ) -> tuple[list[Hit], list[Hit]]:
        """Search both parts in one round trip; see `Index.search`."""
        if dense is not None:
            wire.require_dimensions(dense, self._dimensions)
        if filters is not None and attribute_filters.strings.needs_index(filters):
            self.ensure_collection()  # a collection of an older version lacks this index until the first write
        requests = queries.search_requests(
            project, vector_store_id, dense=dense, sparse=sparse, filters=filters, limit=limit, rows=rows
        )
        found = self._query(requests)
        return list(map(wire.to_hit, found.get(DENSE, []))), list(map(wire.to_hit, found.get(TEXT, [])))

    def score_points(self, points: Sequence[PointKey], dense: Vectors) -> dict[PointKey, float]:
        wire.require_dimensions(dense, self._dimensions)
        found = self._query({DENSE: queries.score_request(points, dense)}) if points else {}
        return dict(map(wire.to_point_score, found.get(DENSE, [])))

    def read_texts(self, points: Sequence[PointKey]) -> dict[PointKey, StoredText]:
        ids = [wire.point_id(*point) for point in points]
        no_records: list[models.Record] = []
        fields = list(wire.HIT_FIELDS)
        read = partial(self._client.retrieve, self._collection, ids, with_payload=fields, with_vectors=False)
        return dict(map(wire.to_stored_text, self._read(read, no_records))) if ids else {}

    def scan_points(self, rows: Sequence[int] | None = None, *, with_checksums: bool = False) -> Iterator[PointRef]:
        condition = None if rows is None else models.Filter(must=[queries.is_any_of("row", rows)])
        scroll = partial(
            self._client.scroll,
            self._collection,
            condition,
            limit=SCAN_PAGE_POINTS,
            with_payload=[*wire.REF_FIELDS, *(["text"] if with_checksums else [])],
            with_vectors=False,
        )
        yield from map(wire.to_point_ref, self._scroll_pages(scroll))

    def find_row_above(self, row: int) -> int | None:
        above = models.Filter(must=[queries.in_range("row", row + 1)])
        no_page: _Page = ([], None)
        scroll = partial(self._client.scroll, self._collection, above, limit=1, with_payload=["row"])
        records, _ = self._read(scroll, no_page)
        return (records[0].payload or {})["row"] if records else None

    def read_points(self, row: int, generation: int, file_id: str) -> Iterator[Point]:
        scroll = partial(
            self._client.scroll,
            self._collection,
            models.Filter(must=[*queries.of_file(row, file_id), queries.equals("generation", generation)]),
            limit=READ_PAGE_POINTS,
            with_payload=list(wire.POINT_FIELDS),
            with_vectors=True,
        )
        yield from map(wire.to_point, self._scroll_pages(scroll))

    def ping(self) -> None:
        with translate_qdrant_errors():
            self._client.collection_exists(self._collection)

    def close(self) -> None:
        self._client.close()
        self._write_pool.close()

    def _query(self, requests: Mapping[str, models.QueryRequest]) -> dict[str, list[models.ScoredPoint]]:
        """Send the requests in one round trip, and return the points of each by its name."""
        if not requests:
            return {}
        no_points: list[list[models.ScoredPoint]] = [[] for _ in requests]
        query = partial(self._client.query_batch_points, self._collection, list(requests.values()))
        results = self._read(lambda: [result.points for result in query()], no_points)
        return dict(zip(requests, results, strict=True))

    def _scroll_pages(self, scroll: Callable[..., _Page]) -> Iterator[models.Record]:
        no_page: _Page = ([], None)
        offset: Any = None
        while True:
            records, offset = self._read(partial(scroll, offset=offset), no_page)
            yield from records
            if offset is None:
                return

    def _put_points(self, body: bytes) -> None:
        # The client's models would validate every number, which costs more than all the rest of a write.
        try:
            answer = self._write_pool.send("PUT", body)
        except (InvalidUrl, NoResponse) as exc:
            raise ResponseHandlingException(exc) from exc
        if answer.status == 429 and (seconds := answer.headers.get("retry-after")):
            raise ResourceExhaustedResponse(answer.text, int(seconds))
        if not answer.is_success:
            raise UnexpectedResponse(answer.status, "", answer.body, httpx.Headers(dict(answer.headers)))

    def _delete(self, *conditions: models.Condition) -> None:
        selected = models.Filter(must=list(conditions))
        self._write(lambda: self._client.delete(self._collection, selected, wait=True))

    def _write(self, request: Callable[[], object]) -> None:
        """Send a change; if the collection has vanished, create it again and send the change once more."""
        self.ensure_collection()
        with translate_qdrant_errors():
            try:
                request()
            except UnexpectedResponse as error:
                if error.status_code != 404:
                    raise
                self._is_ensured = False
                self.ensure_collection()
                request()

    def _read(self, request: Callable[[], T], when_missing: T) -> T:
        """Return the answer of a read, or `when_missing` if the collection does not exist."""
        cancellation.check()
        with translate_qdrant_errors():
            try:
                return request()
            except UnexpectedResponse as error:
                if error.status_code != 404:
                    raise
                return when_missing
