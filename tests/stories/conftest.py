"""One running service for all stories of a test worker, and its clients."""

from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import pytest
from openai.types import VectorStore

from tests.stories.running import Service, running

HERE = Path(__file__).parent

Upload = Callable[..., str]
"""upload(text, name="note.txt") -> the id of a new file."""


@pytest.hookimpl(tryfirst=True)  # runs before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder as stories."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.story)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Yield the running service; it must stop in time after the stories."""
    data = tmp_path_factory.mktemp("service") / "data"
    with running(data, "--workers", "2", environment={"INGEST_OCR": "auto"}) as service:
        yield service


@pytest.fixture(autouse=True)
def _print_logs_on_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print the service's output when a story fails."""
    # Taken before the test: a service that is the test's own is torn down before this fixture ends.
    service = request.getfixturevalue("service") if "service" in request.fixturenames else None
    failed_before = request.session.testsfailed
    yield
    if service is not None and request.session.testsfailed > failed_before:
        print(service.logs())


@pytest.fixture
def client(service: Service) -> Iterator[openai.OpenAI]:
    """Yield the newest client."""
    with service.client(max_retries=0) as client:
        yield client


@pytest.fixture
def strict(service: Service) -> Iterator[openai.OpenAI]:
    """Yield a client with strict response validation."""
    with service.client(max_retries=0, _strict_response_validation=True) as client:
        yield client


@pytest.fixture
def store(client: openai.OpenAI) -> VectorStore:
    """Create an empty vector store."""
    return client.vector_stores.create(name="a story")


@pytest.fixture
def upload(client: openai.OpenAI) -> Upload:
    """Return a function that uploads a text and returns the file's id."""

    def upload(text: str, name: str = "note.txt") -> str:
        return client.files.create(file=(name, text.encode()), purpose="assistants").id

    return upload
