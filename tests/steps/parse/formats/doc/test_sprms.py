"""Property modifiers."""

import pytest

from ingest.steps.parse.formats.doc.sprms import iterate
from tests.steps.parse.formats.doc.conftest import ReadDoc
from tests.steps.parse.formats.doc.doc_file import DocFile, sprm


def test_a_table_of_word_6_keeps_its_empty_cells(read_doc: ReadDoc) -> None:
    in_table, row_end = b"\x18\1", b"\x18\1\x19\1"
    text = "a\x07\x07c\x07\x07x\x07y\x07z\x07\x07"
    properties = [in_table, in_table, in_table, row_end] * 2
    document = DocFile(
        [(text, b""), ("m", b""), ("2", b"\x68\1"), ("\r", b"")],
        {number: (0, grpprl) for number, grpprl in enumerate(properties)},
        word6=True,
        encoding="cp1252",
    )

    assert read_doc(document.build()).text == "a |  | c\nx | y | z\n\nm²"


def test_the_code_of_a_property_tells_the_length_of_its_operand() -> None:
    grpprl = sprm(0x2416, 1) + sprm(0x4A43, 24, 2) + sprm(0x6A03, 7, 4) + sprm(0xE000, 1, 3) + b"\x0d\xc6\x02ab"

    assert list(iterate(grpprl)) == [
        (0x2416, b"\1"),
        (0x4A43, b"\x18\0"),
        (0x6A03, b"\7\0\0\0"),
        (0xE000, b"\1\0\0"),
        (0xC60D, b"\x02ab"),
    ]


def test_the_definition_of_a_row_has_a_length_of_two_bytes() -> None:
    definition = b"\x04\x01" + bytes(0x103)

    assert list(iterate(b"\x08\xd6" + definition + sprm(0x2417, 1))) == [(0xD608, definition), (0x2417, b"\1")]


def test_word_6_codes_are_given_in_the_form_of_word_97() -> None:
    bold_and_size = b"\x55\1\x63\x18\0"  # bold decides nothing about text

    assert list(iterate(b"\x18\1\x5d\2\0" + bold_and_size, is_word6=True)) == [
        (0x2416, b"\1"),
        (0x4A4F, b"\2\0"),
        (0x4A43, b"\x18\0"),
    ]


@pytest.mark.parametrize(
    ("damaged", "is_word6"),
    [(b"\x16", False), (b"\x16\x24", False), (b"\x15\xc6\xff" + bytes(9), False), (b"\xff\1", True)],
)
def test_a_list_of_properties_ends_where_it_is_damaged(damaged: bytes, is_word6: bool) -> None:
    whole = b"\x18\1" if is_word6 else sprm(0x2416, 1)

    assert list(iterate(whole + damaged, is_word6=is_word6)) == [(0x2416, b"\1")]
