"""Small OpenDocument files."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.odf import read
from ingest.steps.parse.nested import reset_budget

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_NAMESPACES = {
    **{prefix: f"{_OASIS}:{prefix}:1.0" for prefix in ("office", "text", "table", "style", "form", "presentation")},
    "draw": f"{_OASIS}:drawing:1.0",
    "chart": f"{_OASIS}:chart:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xlink": "http://www.w3.org/1999/xlink",
    "math": "http://www.w3.org/1998/Math/MathML",
}
NAMESPACES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
_TYPES = {"text": "text", "spreadsheet": "spreadsheet", "presentation": "presentation", "drawing": "graphics"}


class OdfBuilder:
    """Builds documents of one type: "text", "spreadsheet", "presentation" or "drawing"."""

    def package(
        self, kind: str, body: str, *, automatic: str = "", styles: str = "", parts: dict[str, bytes] | None = None
    ) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{_TYPES[kind]}")
            archive.writestr("content.xml", self.content(kind, body, automatic))
            archive.writestr("styles.xml", f"<office:document-styles {NAMESPACES}>{styles}</office:document-styles>")
            for name, data in (parts or {}).items():
                archive.writestr(name, data)
        return buffer.getvalue()

    def content(self, kind: str, body: str, automatic: str = "") -> str:
        return (
            f"<office:document-content {NAMESPACES}><office:automatic-styles>{automatic}</office:automatic-styles>"
            f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
        )

    def flat(self, kind: str, body: str) -> bytes:
        mimetype = f"application/vnd.oasis.opendocument.{_TYPES[kind]}"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document office:mimetype="{mimetype}" {NAMESPACES}>'
            f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"
        ).encode()

    def part(self, kind: str, body: str) -> bytes:
        return self.content(kind, body).encode()

    def row(self, *cells: str, attributes: str = "") -> str:
        return f"<table:table-row {attributes}>{''.join(map(self.cell, cells))}</table:table-row>"

    def cell(self, text: str) -> str:
        content = f"<text:p>{text}</text:p>" if text else ""
        return f"<table:table-cell>{content}</table:table-cell>"

    def frame(self, text: str, attributes: str = "") -> str:
        return f"<draw:frame {attributes}><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>"


ReadOdf = Callable[[bytes], ParsedText]


@pytest.fixture
def odf() -> OdfBuilder:
    return OdfBuilder()


@pytest.fixture
def read_odf(tmp_path: Path) -> ReadOdf:
    """Read a document's bytes, without a parser process."""

    def run(data: bytes) -> ParsedText:
        reset_budget()
        path = tmp_path / "blob"
        path.write_bytes(data)
        return read(path).normalized()

    return run


@pytest.fixture
def text_of(odf: OdfBuilder, read_odf: ReadOdf) -> Callable[[str], str]:
    """Return the text of a text document with this body."""
    return lambda body: read_odf(odf.package("text", body)).text
