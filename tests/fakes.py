"""Fakes of the seams: a queue, an embedder, an index and a parser in memory, and the services made of them.

The contract suites in tests/contracts run against these fakes and against the real ones.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import numpy as np
import pytest
from sqlalchemy.orm import Session

from ingest.blobs import FolderBlobs
from ingest.caller import DEFAULT_PROJECT, Caller
from ingest.config import Settings
from ingest.db.models import Collection
from ingest.db.queue.feed import QueuedFile
from ingest.db.session import Database
from ingest.errors import Abandoned, DependencyDown, OcrDeferred
from ingest.services import Services
from ingest.status import Lane
from ingest.steps import filters as filtering
from ingest.steps.embed import MAX_PARTS, always_wanted
from ingest.steps.filters import Filter
from ingest.steps.index import Hit, Point, PointKey, PointOwner, PointRef, StoredText, chunk_checksum
from ingest.steps.parse import ParsedText
from ingest.steps.parse.parser import ignore_progress
from ingest.steps.parse.plain import read_plain
from ingest.steps.parse.report import Report
from ingest.steps.rerank import Pair
from ingest.steps.vectors import SparseVector, Vectors
from tests.lexical import bm25_score
from tests.rerankers import shared_words

CALLER = Caller(DEFAULT_PROJECT)
"""A caller of the default project, without limits."""


class FakeQueue:
    """A broker that keeps its messages in lists. While `is_down` is set every call fails."""

    def __init__(self) -> None:
        self.lanes: dict[Lane, list[QueuedFile]] = {"interactive": [], "bulk": [], "slow": []}
        self.is_down = False

    def send(self, lane: Lane, files: list[QueuedFile]) -> None:
        self._check()
        self.lanes[lane] += files

    def depth(self, lane: Lane) -> int:
        self._check()
        return len(self.lanes[lane])

    def _check(self) -> None:
        if self.is_down:
            raise DependencyDown("broker", "it is down")


class FakeEmbedder:
    """Embeds a text as the counts of its letters. `error` is raised while it is set; `before_embedding` runs first."""

    window_tokens: int | None = None

    def __init__(self, model: str = "fake", dimensions: int = 8) -> None:
        self.model = model
        self.dimensions = dimensions
        self.error: Exception | None = None
        self.embedded = 0
        self.before_embedding: Callable[[], object] = lambda: None

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always_wanted) -> list[Vectors]:
        self.before_embedding()
        if self.error is not None:
            raise self.error
        if not all(still_wanted() for _ in texts):
            raise Abandoned("the file is no longer wanted")
        self.embedded += len(texts)
        return [self.embed_query(text)[None, :] for text in texts]

    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        row = np.ones(self.dimensions, np.float32)
        for letter in text.lower():
            row[ord(letter) % self.dimensions] += 1
        return row / np.float32(np.linalg.norm(row))

    def close(self) -> None:
        pass


class FakeRewriter:
    """Adds the same words to each query."""

    def __init__(self, added: str) -> None:
        self.added = added

    def rewrite(self, queries: Sequence[str]) -> list[str]:
        return [f"{query} {self.added}" for query in queries]

    def close(self) -> None:
        pass


class FakeReranker:
    """Scores a passage by the share of the query's words that it has, at most `max_scores` of them.

    `error` is raised while it is set. `asked` has the pairs of each call.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.max_scores: int | None = None
        self.asked: list[list[Pair]] = []

    def score(self, pairs: Sequence[Pair]) -> list[float | None]:
        self.asked.append(list(pairs))
        if self.error is not None:
            raise self.error
        scores: list[float | None] = [shared_words(query, passage) for query, passage in pairs]
        count = len(scores) if self.max_scores is None else self.max_scores
        return scores[:count] + [None] * (len(scores) - count)

    def close(self) -> None:
        pass


@dataclass
class FakeIndex:
    """Keeps points by (row, generation, number). While `is_down` is set every call fails.

    Scores are those of Qdrant: cosine of the best window, and term weights times the store's inverse document frequency.
    `dimensions` None accepts vectors of any length.
    """

    points: dict[tuple[int, int, int], tuple[PointOwner, Point]] = field(default_factory=dict)
    is_down: bool = False
    dimensions: int | None = None

    def ensure_collection(self) -> None:
        self._check()

    def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
        self._check()
        for point in points:
            self._require_dimensions(point.dense)
        for point in points:
            self.points[owner.row, owner.generation, point.number] = (owner, point)

    def read_vectors(self, row: int, generation: int, numbers: range) -> dict[str, Vectors]:
        self._check()
        keys = [(row, generation, number) for number in numbers]
        points = [self.points[key][1] for key in keys if key in self.points]
        return {point.text: point.dense for point in points}

    def delete_points_of_file(self, row: int, file_id: str) -> None:
        self._remove(lambda key: key[0] == row and self.points[key][0].file_id == file_id)

    def delete_chunks_from(self, row: int, generation: int, first_number: int) -> None:
        self._remove(lambda key: key[:2] == (row, generation) and key[2] >= first_number)

    def count_points(self, row: int, generation: int) -> int:
        self._check()
        return sum(key[:2] == (row, generation) for key in self.points)

    def delete_generations(self, ranges: Sequence[tuple[int, int, int]]) -> None:
        for row, first, last in ranges:
            deleted = [key for key in self.points if key[0] == row and first <= key[1] <= last]
            self._remove(deleted.__contains__)

    def delete_store(self, vector_store_id: str) -> None:
        self._remove(lambda key: self.points[key][0].vector_store_id == vector_store_id)

    def ping(self) -> None:
        self._check()

    def set_attributes(self, owner: PointOwner) -> None:
        self._check()
        for key in self.points:
            stored, point = self.points[key]
            if (key[0], stored.file_id) == (owner.row, owner.file_id):
                self.points[key] = (replace(stored, attributes=owner.attributes, filename=owner.filename), point)

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
        self._check()
        if dense is not None:
            self._require_dimensions(dense)
        in_store = {
            key: (owner, point)
            for key, (owner, point) in self.points.items()
            if (owner.project, owner.vector_store_id) == (project, vector_store_id)
        }
        selected = {
            key: point
            for key, (owner, point) in in_store.items()
            if filters is None or filtering.matches(filters, owner.attributes, owner.filename)
            if rows is None or owner.row in rows
        }
        frequencies = Counter(term for _, point in in_store.values() for term in point.sparse.indices)

        def ranked(scores: dict[tuple[int, int, int], float]) -> list[Hit]:
            hits = [
                Hit(*key, selected[key].text, score, selected[key].location, in_store[key][0].file_id)
                for key, score in scores.items()
            ]
            return sorted(hits, key=lambda hit: -hit.score)[:limit]

        by_vector = {} if dense is None else {key: _cosine(point.dense, dense) for key, point in selected.items()}
        by_terms = {
            key: score
            for key, point in selected.items()
            if sparse is not None and (score := bm25_score(point.sparse, sparse, frequencies, len(in_store)))
        }
        return ranked(by_vector), ranked(by_terms)

    def score_points(self, points: Sequence[PointKey], dense: Vectors) -> dict[PointKey, float]:
        self._check()
        self._require_dimensions(dense)
        return {key: _cosine(self.points[key][1].dense, dense) for key in points if key in self.points}

    def read_texts(self, points: Sequence[PointKey]) -> dict[PointKey, StoredText]:
        self._check()
        stored = {key: self.points[key] for key in points if key in self.points}
        return {key: StoredText(point.text, point.location, owner.file_id) for key, (owner, point) in stored.items()}

    def scan_points(self, rows: Sequence[int] | None = None, *, with_checksums: bool = False) -> Iterator[PointRef]:
        self._check()
        for (row, generation, number), (owner, point) in list(self.points.items()):
            if rows is None or row in rows:
                checksum = chunk_checksum(number, point.text) if with_checksums else None
                store = owner.vector_store_id
                yield PointRef(row, generation, owner.project, store, number, owner.file_id, checksum)

    def find_row_above(self, row: int) -> int | None:
        self._check()
        return next((key[0] for key in self.points if key[0] > row), None)

    def read_points(self, row: int, generation: int, file_id: str) -> Iterator[Point]:
        self._check()
        for key, (owner, point) in list(self.points.items()):
            if key[:2] == (row, generation) and owner.file_id == file_id:
                yield point

    def close(self) -> None:
        pass

    def _remove(self, is_doomed: Callable[[tuple[int, int, int]], bool]) -> None:
        self._check()
        for key in [key for key in self.points if is_doomed(key)]:
            del self.points[key]

    def _require_dimensions(self, vectors: Vectors) -> None:
        if self.dimensions is not None and vectors.shape[-1] != self.dimensions:
            raise DependencyDown("embedder", f"gave vectors of {vectors.shape[-1]} dimensions")

    def _check(self) -> None:
        if self.is_down:
            raise DependencyDown("qdrant", "it is down")


def _cosine(rows: Vectors, query: Vectors) -> float:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
    return float((rows @ query / lengths).max())


class FakeParser:
    """Reads every file as plain text. `error` is raised while it is set. While `needs_ocr` is set, all files are scans.

    `report` is the coverage report of all files. `before_parsing` runs first.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.parsed = 0
        self.kind = "text"
        self.needs_ocr = False
        self.before_parsing: Callable[[], object] = lambda: None
        self.has_ocr = True
        self.report = Report()

    def parse(
        self,
        path: Path,
        filename: str,
        still_wanted: Callable[[], bool] = always_wanted,
        *,
        defer_ocr: bool = False,
        on_progress: Callable[[int, int], None] = ignore_progress,
    ) -> ParsedText:
        if self.error is not None:
            raise self.error
        self.before_parsing()
        if self.needs_ocr and defer_ocr:
            raise OcrDeferred("the file needs OCR")
        on_progress(1, 1)
        self.parsed += 1
        suffix = PurePath(filename).suffix.removeprefix(".")
        return replace(read_plain(path.read_bytes(), suffix), kind=self.kind, report=self.report)

    def close(self) -> None:
        pass


class FakeServices(Services):
    """Services over a real database and a folder of blobs. Everything else is fake, also the models of the settings.

    The cosine floor of each model is 0: the vectors of `FakeEmbedder` are all alike.
    """

    queue: FakeQueue
    embedder: FakeEmbedder
    index: FakeIndex
    parser: FakeParser  # type: ignore[assignment] # no subclass of Parser

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(settings)
        self.database = database
        self.uptime = (
            getattr(database, "_clock", None) or self.uptime
        )  # a test's clock advances as time does, without jumps
        self.blobs = FolderBlobs(settings.data / "blobs")
        self.queue = FakeQueue()
        self.embedder = FakeEmbedder()
        self.index = FakeIndex()
        self.parser = FakeParser()
        self.has_slow_lane = True
        self.cosine_floors = dict.fromkeys(settings.models, 0.0)

    def _build_embedder(self, model: str) -> FakeEmbedder:
        settings = self.settings.embedding_with(model)
        return FakeEmbedder(model, settings.embedding_dimensions)

    def _open_index(self, collection: Collection) -> FakeIndex:
        return FakeIndex()


def lose_answer(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the next transaction commit and then fail, as if the connection broke before the answer to COMMIT."""
    transaction = services.database.transaction

    @contextmanager
    def commit_without_answer() -> Iterator[Session]:
        monkeypatch.setattr(services.database, "transaction", transaction)
        with transaction() as session:
            yield session
        raise DependencyDown("database", "the answer to COMMIT was lost")

    monkeypatch.setattr(services.database, "transaction", commit_without_answer)
