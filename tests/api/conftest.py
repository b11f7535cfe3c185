"""The service over fakes, with a client that speaks HTTP to it and hides nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import app
from ingest.config import Settings
from ingest.db.session import Database
from ingest.services import Services
from tests.api.calls import upload
from tests.fakes import FakeServices


@pytest.fixture
def services(settings: Settings, tmp_path: Path, sqlite_template: Path) -> Iterator[FakeServices]:
    """Tools over SQLite; everything but database and blobs is faked."""
    path = tmp_path / "test.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield FakeServices(settings, database)
    database.dispose()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The app, whose making takes longer than most tests; each test gives it tools of its own."""
    return app(Services(Settings(data=tmp_path_factory.mktemp("none"))))


@pytest.fixture
def client(made_once: FastAPI, services: FakeServices) -> TestClient:
    """A client of the app; an exception that leaves the app fails the test."""
    made_once.state.services = services
    return TestClient(made_once, base_url="http://localhost", client=("127.0.0.1", 50000))


@pytest.fixture
def store(client: TestClient) -> str:
    """The id of an empty vector store."""
    return str(client.post("/v1/vector_stores", json={}).json()["id"])


@pytest.fixture
def file(client: TestClient) -> str:
    """The id of an uploaded file."""
    return upload(client)
