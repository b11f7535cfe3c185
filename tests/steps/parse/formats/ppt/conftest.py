"""Read .ppt files without a parser process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.ppt import read

ReadPpt = Callable[[bytes], ParsedText]


@pytest.fixture
def read_ppt(tmp_path: Path) -> ReadPpt:
    """Read a presentation's bytes, without a parser process."""

    def run(data: bytes) -> ParsedText:
        path = tmp_path / "blob"
        path.write_bytes(data)
        return read(path).normalized()

    return run
