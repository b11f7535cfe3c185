"""The data of old form fields."""

import struct

import pytest

from ingest.steps.parse.formats.doc.form_data import form_text
from tests.steps.parse.formats.doc.conftest import ReadDoc
from tests.steps.parse.formats.doc.doc_file import DocFile, sprm


def _form(kind: int, result: int, options: list[str]) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<H", len(value)) + (value + "\0").encode("utf-16-le")

    body = struct.pack("<IHHH", 0xFFFFFFFF, kind | result << 2, 0, 0) + text("name")
    body += text("typed") if kind == 0 else struct.pack("<H", 0)
    body += text("") * 5
    body += struct.pack("<HHH", 0xFFFF, len(options), 0)
    body += b"".join(struct.pack("<H", len(option)) + option.encode("utf-16-le") for option in options)
    return struct.pack("<IH", len(body) + 68, 68) + bytes(62) + body


@pytest.mark.parametrize(
    ("instruction", "data", "text"),
    [
        ("FORMDROPDOWN", _form(2, 1, ["A positive", "B negative"]), "B negative"),
        ("FORMDROPDOWN", _form(2, 25, ["A positive", "B negative"]), "A positive"),
        ("FORMCHECKBOX", _form(1, 1, []), "☒"),
        ("FORMCHECKBOX", _form(1, 0, []), "☐"),
        ("FORMTEXT", _form(0, 0, []), "typed"),
        ("FORMDROPDOWN", b"cut", ""),
    ],
)
def test_old_form_fields_show_their_value(read_doc: ReadDoc, instruction: str, data: bytes, text: str) -> None:
    runs = [(f"Blood: \x13 {instruction} ", b""), ("\x01", sprm(0x6A03, 0, 4)), ("\x14\x15.\r", b"")]

    assert read_doc(DocFile(runs, data=data).build()).text == f"Blood: {text}."


def test_the_data_of_a_form_field_is_at_an_offset() -> None:
    data = b"other data" + _form(1, 1, []) + _form(2, 0, ["first", "second"])

    assert form_text(data, 10) == "☒"
    assert form_text(data, 10 + len(_form(1, 1, []))) == "first"


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"", 0),
        (_form(0, 0, []), -1),
        (_form(0, 0, []), 10_000),
        (_form(2, 9, ["only"]), 0),
        (_form(2, 0, ["only"])[:-20], 0),
        (bytes(200), 0),
    ],
    ids=["nothing", "no offset", "behind the end", "no such option", "cut", "no form"],
)
def test_damaged_data_of_a_form_field_shows_nothing(data: bytes, offset: int) -> None:
    assert form_text(data, offset) == ""
