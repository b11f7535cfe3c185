"""RTF sources as parsed text."""

from collections.abc import Callable

import pytest

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.rtf import write_rtf

ReadRtf = Callable[[bytes], ParsedText]


@pytest.fixture
def read_rtf() -> ReadRtf:
    """Read the source of an RTF file, in which the first group need not be written."""

    def run(source: bytes) -> ParsedText:
        builder = TextBuilder()
        write_rtf(builder, source if source.startswith(b"{\\rtf") else b"{\\rtf1" + source + b"}")
        return builder.parsed("rtf")

    return run
