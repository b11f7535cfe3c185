"""Small e-books."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.epub import read
from ingest.steps.parse.nested import reset_budget

ReadEpub = Callable[[bytes], ParsedText]


@pytest.fixture
def read_epub(tmp_path: Path) -> ReadEpub:
    """Read an e-book's bytes, without a parser process."""

    def run(data: bytes) -> ParsedText:
        reset_budget()
        path = tmp_path / "blob"
        path.write_bytes(data)
        return read(path).normalized()

    return run
