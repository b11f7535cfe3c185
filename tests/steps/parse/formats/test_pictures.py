"""Documents of pictures: counted where there is text, and a clear message where there is none."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import UnsupportedFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats import doc, epub, odf, ppt, rtf
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.pictures import report_pictures
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.doc.doc_file import DocFile
from tests.steps.parse.formats.odf.conftest import OdfBuilder
from tests.steps.parse.formats.ppt.ppt_file import PptFile, document, entry, slide

PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


def _ppt() -> bytes:
    ppt_file = PptFile()
    ppt_file.save({1: document(entry(3, 256)), 3: slide()})
    return ppt_file.build(pictures=struct.pack("<HHI", 0x6E0 << 4, 0xF01E, 17 + len(PNG)) + bytes(17) + PNG)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (rtf.read, rb"{\rtf1{\pict\pngblip " + PNG.hex().encode() + b"}}"),
        (odf.read, OdfBuilder().package("text", "<text:p><draw:frame><draw:image/></draw:frame></text:p>")),
        (doc.read, DocFile([("\x01\r", b"")]).build()),
        (ppt.read, _ppt()),
        (epub.read, DocumentBuilder().zipped({"a.xhtml": '<img src="a.png"/>', "a.png": PNG})),
    ],
    ids=["rtf", "odt", "doc", "ppt", "epub"],
)
def test_a_document_of_pictures_only_says_so(tmp_path: Path, read: Callable[[Path], ParsedText], data: bytes) -> None:
    path = tmp_path / "blob"
    path.write_bytes(data)

    with pytest.raises(UnsupportedFile, match="no text, only pictures"):
        read(path)


def test_pictures_beside_text_are_counted() -> None:
    builder = TextBuilder()
    builder.add_block("text")

    report_pictures(builder, 3)

    assert builder.parsed("rtf").report.parts == {"image": {"not_read": 3}}
