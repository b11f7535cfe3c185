"""Read documents without a parser process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.steps.parse.formats.docx import read
from ingest.steps.parse.nested import reset_budget
from ingest.steps.parse.parsed import ParsedText

Read = Callable[[bytes], ParsedText]


@pytest.fixture
def read_docx(tmp_path: Path) -> Read:
    """Return the text and structure of a document's bytes, normalised as the parser process does it."""

    def run(data: bytes) -> ParsedText:
        reset_budget()
        path = tmp_path / "blob"
        path.write_bytes(data)
        return read(path).normalized()

    return run
