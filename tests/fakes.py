"""Fakes of the seams: a queue, an embedder, an index and a parser in memory, and tools made of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.orm import Session

from ingest.blobs import FolderBlobs
from ingest.caller import DEFAULT_PROJECT, Caller
from ingest.config import Settings
from ingest.db.models import Collection
from ingest.db.queue.feed import Waiting
from ingest.db.session import Database
from ingest.errors import DependencyDown
from ingest.services import Services
from ingest.status import Lane
from ingest.steps import filters as filtering
from ingest.steps.embed import Vectors, always
from ingest.steps.filters import Filter
from ingest.steps.index import Hit, PointOwner, Point, SparseVector
from ingest.steps.parse import Parsed

CALLER = Caller(DEFAULT_PROJECT)
"""Somebody of the project that is always there, without limits."""


class FakeQueue:
    """A broker that keeps its messages in lists; `down` makes it fail."""

    def __init__(self) -> None:
        self.lanes: dict[Lane, list[Waiting]] = {"interactive": [], "bulk": []}
        self.down = False

    def send(self, lane: Lane, files: list[Waiting]) -> None:
        self._check()
        self.lanes[lane] += files

    def depth(self, lane: Lane) -> int:
        self._check()
        return len(self.lanes[lane])

    def _check(self) -> None:
        if self.down:
            raise DependencyDown("broker", "it is down")


class FakeEmbedder:
    """Texts to eight numbers, or so, by their letters. `error` is raised by the next calls, while it is set."""

    window_tokens: int | None = None

    def __init__(self, model: str = "fake", dimensions: int = 8) -> None:
        self.model = model
        self.dimensions = dimensions
        self.error: Exception | None = None
        self.embedded = 0
        self.before: Callable[[], object] = lambda: None

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always) -> list[Vectors]:
        self.before()
        if self.error is not None:
            raise self.error
        self.embedded += len(texts)
        return [self.embed_query(text)[None, :] for text in texts]

    def embed_query(self, text: str) -> Vectors:
        row = np.ones(self.dimensions, np.float32)
        for letter in text.lower():
            row[ord(letter) % self.dimensions] += 1
        return row / np.float32(np.linalg.norm(row))

    def close(self) -> None:
        pass


class FakeRewriter:
    """Gives each query the words it is told to add."""

    def __init__(self, added: str) -> None:
        self.added = added

    def rewrite(self, queries: Sequence[str]) -> list[str]:
        return [f"{query} {self.added}" for query in queries]

    def close(self) -> None:
        pass


@dataclass
class FakeIndex:
    """Points in a dictionary by (row, generation, number). `down` makes every call fail."""

    points: dict[tuple[int, int, int], tuple[PointOwner, Point]] = field(default_factory=dict)
    down: bool = False

    def ensure(self) -> None:
        self._check()

    def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
        self._check()
        for point in points:
            self.points[owner.row, owner.generation, point.number] = (owner, point)

    def windows(self, row: int, generation: int, numbers: range) -> dict[str, Vectors]:
        self._check()
        keys = [(row, generation, number) for number in numbers]
        points = [self.points[key][1] for key in keys if key in self.points]
        return {point.text: point.dense for point in points}

    def trim(self, row: int, generation: int, count: int) -> None:
        self._remove(lambda key: key[:2] == (row, generation) and key[2] >= count)

    def count(self, row: int, generation: int) -> int:
        self._check()
        return sum(key[:2] == (row, generation) for key in self.points)

    def delete_rows(self, rows: Sequence[tuple[int, int, int]]) -> None:
        for row, first, last in rows:
            self._remove(lambda key, r=row, f=first, g=last: key[0] == r and f <= key[1] <= g)  # type: ignore[misc]

    def delete_store(self, vector_store_id: str) -> None:
        self._remove(lambda key: self.points[key][0].vector_store_id == vector_store_id)

    def ping(self) -> None:
        self._check()

    def set_attributes(self, owner: PointOwner) -> None:
        self._check()
        for key in self.points:
            if key[0] == owner.row:
                self.points[key] = (owner, self.points[key][1])

    def search(
        self,
        project: str,
        vector_store_id: str,
        *,
        dense: Vectors | None,
        terms: SparseVector | None,
        filters: Filter | None,
        limit: int,
    ) -> tuple[list[Hit], list[Hit]]:
        self._check()
        mine = [
            (key, point)
            for key, (owner, point) in self.points.items()
            if (owner.project, owner.vector_store_id) == (project, vector_store_id)
            and (filters is None or filtering.matches(filters, owner.attributes, owner.filename))
        ]

        def ranked(score: Callable[[Point], float]) -> list[Hit]:
            hits = [Hit(key[0], key[1], key[2], point.text, score(point)) for key, point in mine]
            return sorted((hit for hit in hits if hit.score > 0), key=lambda hit: -hit.score)[:limit]

        near = [] if dense is None else ranked(lambda point: float((point.dense @ dense).max()))
        worded = [] if terms is None else ranked(lambda point: float(len({*terms.indices} & {*point.sparse.indices})))
        return near, worded

    def scan(self, rows: Sequence[int] | None = None) -> Iterator[tuple[int, int, str, str, int]]:
        self._check()
        for (row, generation, number), (owner, _) in list(self.points.items()):
            if rows is None or row in rows:
                yield row, generation, owner.project, owner.vector_store_id, number

    def read(self, row: int, generation: int) -> Iterator[Point]:
        self._check()
        yield from [point for key, (_, point) in self.points.items() if key[:2] == (row, generation)]

    def close(self) -> None:
        pass

    def _remove(self, doomed: Callable[[tuple[int, int, int]], bool]) -> None:
        self._check()
        for key in [key for key in self.points if doomed(key)]:
            del self.points[key]

    def _check(self) -> None:
        if self.down:
            raise DependencyDown("qdrant", "it is down")


class FakeParser:
    """Decodes UTF-8. `error` is raised instead, while it is set."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.parsed = 0
        self.kind = "text"

    def parse(self, path: Path, filename: str, still_wanted: Callable[[], bool] = always) -> Parsed:
        if self.error is not None:
            raise self.error
        self.parsed += 1
        return Parsed(text=path.read_text(), kind=self.kind)

    def close(self) -> None:
        pass


class FakeServices(Services):
    """Tools over a database and a folder, everything else faked; also the models of INGEST_EMBEDDING_MODELS."""

    queue: FakeQueue
    embedder: FakeEmbedder
    index: FakeIndex  # type: ignore[assignment]
    parser: FakeParser  # type: ignore[assignment]

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(settings)
        self.database = database
        self.blobs = FolderBlobs(settings.data / "blobs")
        self.queue = FakeQueue()
        self.embedder = FakeEmbedder()
        self.index = FakeIndex()
        self.parser = FakeParser()

    def _made(self, model: str) -> FakeEmbedder:
        known = self.settings.embedding_with(model)
        return FakeEmbedder(model, known.embedding_dimensions)

    def _connect(self, found: Collection) -> FakeIndex:  # type: ignore[override]
        return FakeIndex()


def lose_answer(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the next transaction committed, and nobody hear of it."""
    transaction = services.database.transaction

    @contextmanager
    def unheard() -> Iterator[Session]:
        monkeypatch.setattr(services.database, "transaction", transaction)
        with transaction() as session:
            yield session
        raise DependencyDown("database", "the answer to COMMIT was lost")

    monkeypatch.setattr(services.database, "transaction", unheard)
