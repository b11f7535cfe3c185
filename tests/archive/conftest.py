"""A store, its archive, and another service to restore it in."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.archive import writer
from ingest.config import Settings
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.errors import InvalidFile
from ingest.stores import batches, vector_stores
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import run_published_jobs, upload_text

TEXTS = ["A heron stands in the water.", "An otter swims at night. " * 120, "Foxes sleep by day."]


@pytest.fixture
def other_service(tmp_path: Path, sqlite_template: Path, clock: Clock) -> Iterator[FakeServices]:
    """A second service with its own database, blobs and index."""
    shutil.copy(sqlite_template, tmp_path / "other.db")
    database = Database(f"sqlite:///{tmp_path / 'other.db'}", clock=clock)
    yield FakeServices(Settings(data=tmp_path / "other", redis_url="", qdrant_url="", database_url=""), database)
    database.dispose()


@pytest.fixture
def store(services: FakeServices) -> str:
    """A store with three completed files and a failed one. Another store has the first row, so row numbers differ."""
    other = vector_stores.create(services, CALLER, name="other", description=None, metadata={}, expires_after_days=None)
    batches.create(services, CALLER, other.id, [Member(upload_text(services, "a mole"), {}, 800, 400)])
    run_published_jobs(services)
    store_id = vector_stores.create(
        services, CALLER, name="zoo", description="all of it", metadata={"a": "b"}, expires_after_days=9
    ).id
    members = [
        Member(upload_text(services, text), {"n": n, "odd": n % 2 == 1}, 200, 50) for n, text in enumerate(TEXTS)
    ]
    batches.create(services, CALLER, store_id, members)
    run_published_jobs(services)
    services.parser.error = InvalidFile("It is broken.")
    batches.create(services, CALLER, store_id, [Member(upload_text(services, "broken"), {}, 800, 400)])
    run_published_jobs(services)
    services.parser.error = None
    return store_id


@pytest.fixture
def archive(services: FakeServices, store: str, tmp_path: Path) -> Path:
    path = tmp_path / "zoo.tar"
    writer.export_store(services, store, path)
    return path
