"""`verify` needs some bytes a file and no more, however many points there are and in whatever order they come."""

import gc
import hashlib
import tracemalloc
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import insert, update

from ingest.caller import DEFAULT_PROJECT
from ingest.config import LOCAL_MODEL
from ingest.db.models import File, StoreFile, VectorStore
from ingest.verify import Report, verify
from tests.db import rows
from tests.fakes import FakeIndex, FakeServices

CHUNKS = 7
STRIDE = 999_983
"""A prime, so that points come in no order of their rows."""

BYTES_PER_FILE = 150
"""Eight for a blob's mark, some forty for a row's numbers, and the copies that are alive at once; a set of the blobs'
names alone takes more."""


class ManyPoints(FakeIndex):
    """The points of so many files, made while they are read."""

    def __init__(self, store: str, files: int) -> None:
        super().__init__()
        self._store, self._files = store, files

    def scan(self, rows: Sequence[int] | None = None) -> Iterator[tuple[int, int, str, str, int]]:
        assert rows is None, "nothing should have to be looked at again"
        total = self._files * CHUNKS
        for step in range(total):
            number, row = divmod(step * STRIDE % total, self._files)
            yield row + 1, 1, DEFAULT_PROJECT, self._store, number


class ManyBlobs:
    """The names of the blobs of so many files."""

    def __init__(self, files: int) -> None:
        self._files = files

    def names(self, prefix: str) -> Iterator[str]:
        return (f"raw/{_hash(n)}" for n in range(self._files)) if prefix == "raw/" else iter(())


def _hash(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def fill(services: FakeServices, files: int) -> None:
    """So many completed files in one store, and all that belongs to them."""
    store = rows.a_store(services.database)
    file = {"project": DEFAULT_PROJECT, "filename": "a", "bytes": 1, "purpose": "assistants", "created_at": 1}
    row = {
        "vector_store_id": store, "created_at": 1, "attributes": {}, "chunk_tokens": 800, "chunk_overlap": 400,
        "status": "completed", "generation": 1, "live_generation": 1, "queued_at": 0.0,
        "chunks": CHUNKS, "model": LOCAL_MODEL,
    }  # fmt: skip
    with services.database.transaction() as session:
        session.execute(insert(File), [file | {"id": f"file-{n}", "blob": _hash(n)} for n in range(files)])
        session.execute(insert(StoreFile), [row | {"file_id": f"file-{n}"} for n in range(files)])
        session.execute(update(VectorStore).values(completed=files, chunks=files * CHUNKS))
    services.index = ManyPoints(store, files)
    services.blobs = ManyBlobs(files)  # type: ignore[assignment]


def measured(services: FakeServices) -> tuple[Report, int]:
    """The report, and the most bytes that were in use for it at once."""
    gc.collect()
    tracemalloc.start()
    try:
        report = verify(services)
        return report, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_by_little_for_each_file(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    files = 20_000
    for module in ("points", "blobs"):
        monkeypatch.setattr(f"ingest.verify.{module}.TOGETHER", 1_000)
    monkeypatch.setattr("ingest.db.checks.expected_state.PAGE", 1_000)
    _, nothing = measured(services)
    fill(services, files)

    report, peak = measured(services)

    assert (report.files, report.points, report.blobs, report.counts) == (files, files * CHUNKS, files, {})
    assert peak - nothing < 2 * 2**20 + BYTES_PER_FILE * files
