"""The app over fake services, with an HTTP client."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import build_app
from ingest.config import Settings
from ingest.db.session import Database
from ingest.services import Services
from ingest.tenancy import projects
from tests.api.calls import upload
from tests.api.projects import ALL_SCOPES, ProjectObjects, create_objects, key_headers
from tests.db.rows import record_worker
from tests.fakes import FakeServices


@pytest.fixture
def services(settings: Settings, tmp_path: Path, sqlite_template: Path) -> Iterator[FakeServices]:
    """Services over SQLite with a living worker; all seams but database and blobs are faked."""
    path = tmp_path / "test.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    record_worker(database)
    yield FakeServices(settings, database)
    database.dispose()


@pytest.fixture(scope="session")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """An app for all tests, because building it takes longer than most tests. Each test sets its own services."""
    return build_app(Services(Settings(data=tmp_path_factory.mktemp("none"))))


@pytest.fixture
def client(shared_app: FastAPI, services: FakeServices) -> TestClient:
    """A local client of the app. An exception that leaves the app fails the test."""
    shared_app.state.services = services
    return TestClient(shared_app, base_url="http://localhost", client=("127.0.0.1", 50000))


@pytest.fixture
def store(client: TestClient) -> str:
    """The id of an empty vector store."""
    return str(client.post("/v1/vector_stores", json={}).json()["id"])


@pytest.fixture
def file(client: TestClient) -> str:
    """The id of an uploaded file."""
    return upload(client)


@pytest.fixture
def remote_client(shared_app: FastAPI, services: FakeServices) -> Callable[[dict[str, str]], TestClient]:
    """Return clients with these headers whose address is not local."""
    shared_app.state.services = services
    return lambda headers: TestClient(shared_app, headers=headers, client=("192.0.2.7", 50000))


@pytest.fixture
def own_project(remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices) -> ProjectObjects:
    return create_objects(
        remote_client(key_headers(services, projects.create(services.database, "mine", {}).id, *ALL_SCOPES)), services
    )


@pytest.fixture
def other_project(remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices) -> ProjectObjects:
    return create_objects(remote_client(key_headers(services, "proj_default", *ALL_SCOPES)), services)
