"""Objects and pictures in RTF."""

import struct

import pytest

from ingest.steps.parse.formats.rtf.embedded import EmbeddedFile, is_scan, read_object, read_package, read_picture
from tests.steps.parse.formats.rtf.conftest import ReadRtf


def _package(name: bytes, content: bytes) -> bytes:
    native = b"\2\0" + name + b"\0C:\\" + name + b"\0" + struct.pack("<II", 0x30000, 4) + b"tmp\0"
    native += struct.pack("<I", len(content)) + content
    head = struct.pack("<III", 0x501, 2, 8) + b"Package\0" + struct.pack("<II", 0, 0)
    return (head + struct.pack("<I", len(native)) + native).hex().encode()


def test_a_file_in_the_document_is_read_under_its_name(read_rtf: ReadRtf) -> None:
    data = _package(b"terms.txt", b"The embedded terms.")

    parsed = read_rtf(rb"\ansi Text{\object\objemb{\*\objclass Package}{\*\objdata " + data + rb"}{\result{\pict 00}}}")

    assert parsed.text == "Text\n\nAttachment: terms.txt\n\nThe embedded terms."
    section = parsed.sections[0]
    assert (section.kind, section.name) == ("attachment", "terms.txt")
    assert parsed.text[section.start : section.end].endswith("The embedded terms.")
    assert parsed.report.parts == {"image": {"not_read": 1}, "embedded_object": {"read": 1}}


def test_an_object_that_cannot_be_read_is_named(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(rb"\ansi Text{\object\objemb{\*\objdata 01050000}}")

    assert parsed.report.parts == {"embedded_object": {"not_read": 1}}
    assert [warning.code for warning in parsed.report.warnings] == ["embedded_object_not_read"]


def test_the_bytes_of_an_rtf_picture_are_its_digits() -> None:
    group = rb"{\*\picprop{\sp{\sn a}{\sv bc}}}\picscalex100\pngblip\bliptag-12{\*\blipuid 00ff}" + b"\r\n89 504e\r\n47"

    assert is_scan(group)
    assert read_picture(group) == b"\x89PNG"
    assert not is_scan(rb"\wmetafile8 0100")


def _ole1(name: bytes, native: bytes, kind: int = 2) -> bytes:
    head = struct.pack("<III", 0x501, kind, len(name) + 1) + name + b"\0" + struct.pack("<II", 0, 0)
    return (head + struct.pack("<I", len(native)) + native).hex().encode()


@pytest.mark.parametrize(
    ("class_name", "native", "name"),
    [
        (b"Excel.Sheet.8", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 book", "Object 3.xls"),
        (b"Word.Document.12", b"PK\3\4 document", "Object 3.doc"),
        (b"AcroExch.Document", b"%PDF-1.7", "Object 3.pdf"),
        (b"Unknown", b"%PDF-1.7", "Object 3.bin"),
    ],
)
def test_an_object_is_a_file_named_after_its_program(class_name: bytes, native: bytes, name: str) -> None:
    digits = _ole1(class_name, native)

    assert read_object(digits[:9] + b"\r\n " + digits[9:], 3) == EmbeddedFile(name, native)


@pytest.mark.parametrize(
    "digits",
    [
        b"",
        b"0105",
        _ole1(b"Equation.3", b"no file"),
        _ole1(b"Link", b"%PDF-1.7", kind=1),
        _ole1(b"Package", b"\2\0cut"),
    ],
    ids=["nothing", "cut", "no file", "link", "cut package"],
)
def test_an_object_that_is_no_file_is_none(digits: bytes) -> None:
    assert read_object(digits, 1) is None


def test_a_package_has_a_file_under_its_bare_name() -> None:
    native = b"\2\0C:\\temp\\caf\xe9.txt\0C:\\icon\0" + struct.pack("<II", 0x30000, 4) + b"tmp\0"

    assert read_package(native + struct.pack("<I", 4) + b"textrest") == EmbeddedFile("café.txt", b"text")
    assert read_package(native + struct.pack("<I", 0)) is None
