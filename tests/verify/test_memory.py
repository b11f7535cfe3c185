"""The memory of `verify` grows by a few bytes per file, for any number and order of points."""

import gc
import hashlib
import tracemalloc
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import insert, update

from ingest.caller import DEFAULT_PROJECT
from ingest.config import LOCAL_MODEL
from ingest.db.models import File, StoreFile, VectorStore
from ingest.steps.index import PointRef, chunk_checksum
from ingest.verify import Report, verify
from tests.db import rows
from tests.fakes import FakeIndex, FakeServices

CHUNKS = 7
STRIDE = 999_983
"""A prime, so that the order of the points is not that of their rows."""

BYTES_PER_FILE = 150
"""8 for the prefix of a blob, about 40 for the numbers of a row, and temporary copies. A set of blob names needs more."""


class ManyPoints(FakeIndex):
    """An index that generates the points of `files` files while they are read."""

    def __init__(self, store: str, files: int) -> None:
        super().__init__()
        self._store, self._files = store, files

    def scan_points(self, rows: Sequence[int] | None = None, *, with_checksums: bool = False) -> Iterator[PointRef]:
        assert rows is None, "no row is suspect"
        checksum = chunk_checksum(0, "") if with_checksums else None
        total = self._files * CHUNKS
        for step in range(total):
            number, row = divmod(step * STRIDE % total, self._files)
            yield PointRef(row + 1, 1, DEFAULT_PROJECT, self._store, number, f"file-{row}", checksum)


class ManyBlobs:
    """A blob store that generates the names of the blobs of `files` files."""

    def __init__(self, files: int) -> None:
        self._files = files

    def list_keys(self, prefix: str) -> Iterator[str]:
        return (f"raw/{_hash(n)}" for n in range(self._files)) if prefix == "raw/" else iter(())

    def list_sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        return ((key, 1) for key in self.list_keys(prefix))


def _hash(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def fill(services: FakeServices, files: int) -> None:
    """Insert completed files into one store, with their points and blobs."""
    store = rows.create_store(services.database)
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
    services.blobs = ManyBlobs(files)  # type: ignore[assignment]  # only the methods that `verify` calls


def verify_and_measure(services: FakeServices) -> tuple[Report, int]:
    """Verify, and return the report and the peak of allocated bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        report = verify(services)
        return report, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.long
def test_memory_grows_by_few_bytes_per_file(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    files = 20_000
    for module in ("points", "blobs"):
        monkeypatch.setattr(f"ingest.verify.{module}.PAGE_SIZE", 1_000)
    monkeypatch.setattr("ingest.db.checks.expected_state.PAGE", 1_000)
    _, peak_without_files = verify_and_measure(services)
    fill(services, files)

    report, peak = verify_and_measure(services)

    assert (report.files, report.points, report.blobs, report.counts) == (files, files * CHUNKS, files, {})
    assert peak - peak_without_files < 2 * 2**20 + BYTES_PER_FILE * files
