"""Objects and controls embedded in Office files."""

import struct

import pytest

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.embedded import add_control, add_object
from tests.steps.parse.documents import DocumentBuilder

DOCUMENTS = DocumentBuilder()
CONTRACT = DOCUMENTS.docx(DOCUMENTS.paragraph("The contract"))


def _native(content: bytes, label: bytes = b"C:\\docs\\terms.txt") -> bytes:
    """Return the content of an Ole10Native stream ([MS-OLEDS] 2.3.6)."""
    data = b"\2\0" + label + b"\0C:\\terms.txt\0" + struct.pack("<II", 0x30000, 4) + b"tmp\0"
    data += struct.pack("<I", len(content)) + content
    return struct.pack("<I", len(data)) + data


def _add(data: bytes, filename: str = "oleObject1.bin") -> tuple[bool, ParsedText]:
    builder = TextBuilder()
    return add_object(builder, data, filename), builder.parsed("docx")


@pytest.mark.parametrize(
    ("data", "filename", "name", "text"),
    [
        (CONTRACT, "Contract.docx", "Contract.docx", "The contract"),
        (DOCUMENTS.ole({"Package": CONTRACT}), "oleObject1.bin", "oleObject1.bin", "The contract"),
        (DOCUMENTS.ole({"\x01Ole10Native": _native(b"The terms")}), "oleObject1.bin", "terms.txt", "The terms"),
        (DOCUMENTS.ole({"CONTENTS": b"prefix" + DOCUMENTS.pdf(["A page"])}), "o.bin", "o.bin", "A page"),
        (DOCUMENTS.xls("Sales", [(0, 0, "Region")]), "Sheet.xls", "Sheet.xls", "Sales\n\nRegion"),
    ],
    ids=["file", "package", "native", "pdf", "xls"],
)
def test_a_file_is_read_as_an_attachment(data: bytes, filename: str, name: str, text: str) -> None:
    was_read, parsed = _add(data, filename)

    assert was_read
    assert parsed.text == f"Attachment: {name}\n\n{text}"
    section = parsed.sections[0]
    assert (section.kind, section.name, section.start, section.end) == ("attachment", name, 0, len(parsed.text))
    assert parsed.report.parts["embedded_object"] == {"read": 1}
    assert not parsed.report.warnings


@pytest.mark.parametrize(
    ("data", "outcome", "reason"),
    [
        (DOCUMENTS.ole({"Equation Native": b"x"}), "not_read", "It is an equation of the old equation editor."),
        (DOCUMENTS.ole({"Other": b"x"}), "not_read", "It is of a kind that is not read."),
        (DOCUMENTS.ole({"Other": b"x"})[:100], "failed", "It is damaged."),
        (CONTRACT[:200], "failed", ""),
        (b"MZ\x90\0" + bytes(200), "not_read", ""),
    ],
    ids=["equation", "other", "cut ole", "cut zip", "program"],
)
def test_an_object_that_is_not_read_is_counted_and_named(data: bytes, outcome: str, reason: str) -> None:
    was_read, parsed = _add(data)

    assert (was_read, parsed.text, parsed.sections) == (False, "", ())
    assert parsed.report.parts == {"embedded_object": {outcome: 1}}
    (warning,) = parsed.report.warnings
    assert (warning.code, warning.part) == ("embedded_object_not_read", "embedded object oleObject1.bin")
    assert reason in warning.message


def test_an_empty_file_is_counted_without_a_section() -> None:
    was_read, parsed = _add(DOCUMENTS.ole({"\x01Ole10Native": _native(b"  \n")}))

    assert (was_read, parsed.text, parsed.sections) == (True, "", ())
    assert parsed.report.parts == {"embedded_object": {"empty": 1}}


def test_a_native_stream_without_its_head_is_the_file_itself() -> None:
    terms = "The terms " * 511 + "end..."  # with its size it fills ten sectors, so that no zeros follow

    _, parsed = _add(DOCUMENTS.ole({"\x01Ole10Native": struct.pack("<I", len(terms)) + terms.encode()}), "o.txt")

    assert parsed.text == f"Attachment: o.txt\n\n{terms}"


def _control(properties: dict[str, str]) -> bytes:
    bag = "".join(f'<ax:ocxPr ax:name="{name}" ax:value="{value}"/>' for name, value in properties.items())
    return f'<ax:ocx xmlns:ax="http://schemas.microsoft.com/office/2006/activeX">{bag}</ax:ocx>'.encode()


def test_a_control_has_its_caption_and_its_text() -> None:
    builder = TextBuilder()

    assert add_control(
        builder, _control({"Size": "1;2", "Text": "in two days", "Caption": "Deliver", "Value": " "}), "c"
    )
    assert builder.build() == "Deliver in two days"
    assert builder.report.build().parts == {"embedded_object": {"read": 1}}


@pytest.mark.parametrize("data", [_control({"Size": "1;2"}), b"no XML", b""])
def test_a_control_without_text_is_reported(data: bytes) -> None:
    builder = TextBuilder()

    assert not add_control(builder, data, "activeX1.xml")
    report = builder.report.build()
    assert report.parts == {"embedded_object": {"not_read": 1}}
    assert [(w.code, w.part) for w in report.warnings] == [("embedded_object_not_read", "embedded object activeX1.xml")]
