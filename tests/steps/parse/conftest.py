"""A parser, and documents for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.steps.parse import ParsedText, Parser
from tests.steps.parse.documents import DocumentBuilder, Parse


@pytest.fixture(scope="session")
def parser() -> Iterator[Parser]:
    """One parser for all tests that do not end its child process: starting one takes longer than most of them."""
    parser = Parser(Settings(ocr="off"))
    yield parser
    parser.close()


@pytest.fixture
def parse(parser: Parser, tmp_path: Path) -> Parse:
    """Parse bytes under a name."""

    def run(filename: str, data: bytes) -> ParsedText:
        path = tmp_path / "blob"  # as in the service, where a stored file's name has no suffix
        path.write_bytes(data)
        return parser.parse(path, filename)

    return run


@pytest.fixture
def documents() -> DocumentBuilder:
    return DocumentBuilder()
