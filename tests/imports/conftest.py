"""Fixtures of the tests of imports: a fake service over HTTP, and a folder to import from."""

from pathlib import Path

import pytest

from tests.cli.conftest import service
from tests.fakes import FakeServices

__all__ = ["documents", "service"]


@pytest.fixture
def documents(tmp_path: Path, services: FakeServices) -> Path:
    """A folder inside the import roots, with three files."""
    services.settings = services.settings.model_copy(update={"import_roots": str(tmp_path / "shared")})
    documents = tmp_path / "shared" / "documents"
    (documents / "more").mkdir(parents=True)
    for name, text in (("a.txt", "A heron stands."), ("b.txt", "An otter swims."), ("more/c.txt", "A toad waits.")):
        (documents / name).write_text(text)
    return documents
