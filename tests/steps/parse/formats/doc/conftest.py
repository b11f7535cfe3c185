"""Read .doc files without a parser process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.doc import read
from ingest.steps.parse.nested import reset_budget

ReadDoc = Callable[[bytes], ParsedText]


@pytest.fixture
def read_doc(tmp_path: Path) -> ReadDoc:
    """Read a document's bytes."""

    def run(data: bytes) -> ParsedText:
        reset_budget()
        path = tmp_path / "blob"
        path.write_bytes(data)
        return read(path).normalized()

    return run
