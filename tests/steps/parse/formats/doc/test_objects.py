"""Objects embedded in a Word document."""

import io
import struct

import olefile

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.doc.objects import add_objects
from ingest.steps.parse.formats.layout import TextBuilder
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.doc.doc_file import DocFile


class Pool:
    """What the reader needs of an open compound file whose storage "ObjectPool" has these objects."""

    def __init__(self, objects: dict[str, dict[str, bytes]]) -> None:
        self._streams = {
            ("ObjectPool", folder, name): data for folder, streams in objects.items() for name, data in streams.items()
        }

    def listdir(self) -> list[list[str]]:
        return [list(path) for path in self._streams]

    def exists(self, path: list[str]) -> bool:
        return tuple(path) in self._streams

    def openstream(self, path: list[str]) -> io.BytesIO:
        return io.BytesIO(self._streams[tuple(path)])  # type: ignore[index]  # a path has three names

    def get_type(self, path: list[str]) -> int:
        return 2


def _streams(data: bytes) -> dict[str, bytes]:
    with olefile.OleFileIO(data) as ole:
        return {entry[0]: ole.openstream(entry).read() for entry in ole.listdir()}


def _add(objects: dict[str, dict[str, bytes]]) -> ParsedText:
    from ingest.steps.parse.formats.doc.reader import write_document

    builder = TextBuilder()
    add_objects(builder, Pool(objects), write_document)
    return builder.parsed("doc")


def test_workbooks_documents_and_files_in_a_document_are_read() -> None:
    native = b"\2\0terms.txt\0C:\\terms.txt\0" + struct.pack("<II", 0x30000, 4) + b"tmp\0" + struct.pack("<I", 9)
    native += b"The terms"
    objects = {
        "_1": _streams(DocumentBuilder().xls("Sales", [(0, 0, "Region"), (0, 1, "Q1")])),
        "_2": _streams(DocFile([("A document inside\r", b"")]).build()),
        "_3": {"\x01Ole10Native": struct.pack("<I", len(native)) + native},
        "_4": {"Package": DocumentBuilder().docx(DocumentBuilder().paragraph("A new document"))},
    }

    parsed = _add(objects)

    assert parsed.text == (
        "Attachment: Object 1.xls\n\nSales\n\nRegion | Q1\n\nA document inside\n\nAttachment: terms.txt\n\nThe terms\n\n"
        "Attachment: Object 4\n\nA new document"
    )
    assert parsed.report.parts["embedded_object"] == {"read": 4}
    names = [section.name for section in parsed.sections if section.kind == "attachment"]
    assert names == ["Object 1.xls", "Object 2", "terms.txt", "Object 4"]


def test_objects_of_other_programs_are_named() -> None:
    parsed = _add({"_1": {"Equation Native": b"x"}, "_2": {"WordDocument": b"damaged"}})

    assert parsed.report.parts == {"embedded_object": {"not_read": 2}}
    assert [warning.part for warning in parsed.report.warnings] == ["object 1", "object 2"]
