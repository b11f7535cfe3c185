"""A function that reads a PDF under construction in this process, without OCR."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.pdf import read
from tests.steps.parse.formats.pdf.pdf_file import PdfFile

ReadPdf = Callable[[PdfFile | bytes], ParsedText]


@pytest.fixture
def read_pdf(tmp_path: Path) -> ReadPdf:
    """Read a PDF."""

    def run(file: PdfFile | bytes) -> ParsedText:
        path = tmp_path / "blob"
        path.write_bytes(file if isinstance(file, bytes) else file.build())
        return read(path)

    return run
