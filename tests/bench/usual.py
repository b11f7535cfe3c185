"""Read and chunk a document as a script of fifty lines does, with the common libraries."""

from html.parser import HTMLParser
from pathlib import Path

import docx
import pypdf

from ingest.steps.chunk.tokens import _encoding


def chunks(path: Path, tokens: int, overlap: int) -> list[str]:
    """Return a document's text in windows of this many tokens."""
    ids = _encoding().encode_ordinary(_text(path))
    starts = range(0, max(1, len(ids) - overlap), tokens - overlap)
    return [_encoding().decode(ids[start : start + tokens]) for start in starts]


def _text(path: Path) -> str:
    match path.suffix:
        case ".html":
            page = _Page()
            page.feed(path.read_text("utf-8"))
            return "\n\n".join(page.texts)
        case ".docx":
            return "\n\n".join(paragraph.text for paragraph in docx.Document(str(path)).paragraphs)
        case ".pdf":
            return "\n\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
        case _:
            return path.read_text("utf-8")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data)
