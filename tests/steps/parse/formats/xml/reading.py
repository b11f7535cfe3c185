"""Read XML that a test writes."""

from pathlib import Path

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.xml import read


def parse(tmp_path: Path, source: str) -> ParsedText:
    """Return the text of XML, written to a file in `tmp_path`."""
    path = tmp_path / "blob"
    path.write_text(source)
    return read(path)
