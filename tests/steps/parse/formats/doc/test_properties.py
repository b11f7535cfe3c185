"""The properties of characters and paragraphs of a Word document."""

import struct

import pytest

from ingest.steps.parse.formats.doc.properties import (
    PAGE_BYTES,
    Characters,
    ParagraphProperties,
    Runs,
    read_character_runs,
    read_characters,
    read_paragraph,
    read_paragraph_runs,
)
from tests.steps.parse.formats.doc.doc_file import sprm


@pytest.mark.parametrize(
    ("grpprl", "properties"),
    [
        (b"", Characters()),
        (sprm(0x0800, 1) + sprm(0x083C, 1), Characters(is_deleted=True, is_hidden=True)),
        (sprm(0x083C, 0x81), Characters(is_hidden=True)),
        (sprm(0x083C, 1) + sprm(0x083C, 0), Characters()),
        (sprm(0x2A48, 2) + sprm(0x4A43, 24, 2), Characters(script="sub", size=24)),
        (sprm(0x4845, -6, 2), Characters(script="sub")),
        (sprm(0x4845, 2, 2), Characters(small_shift="super")),
        (sprm(0x6A09, 3 | 0xF0B1 << 16, 4), Characters(symbol=(3, 0xF0B1))),
        (sprm(0x4A4F, 2, 2) + sprm(0x0856, 1) + sprm(0x6A03, 64, 4), Characters(font=2, is_object=True, picture=64)),
    ],
)
def test_the_last_of_equal_properties_of_characters_counts(grpprl: bytes, properties: Characters) -> None:
    assert read_characters(grpprl) == properties


def test_properties_that_are_not_given_are_those_of_the_base() -> None:
    base = Characters(script="super", size=20)

    assert read_characters(sprm(0x4A43, 16, 2), base) == Characters(script="super", size=16)
    assert read_characters(b"", base) is base


def test_a_symbol_of_word_6_is_a_font_and_a_byte() -> None:
    assert read_characters(b"\x4a\x03\x05\x00\xb1", is_word6=True).symbol == (5, 0xB1)


def test_a_paragraph_has_its_place_in_tables_and_lists() -> None:
    grpprl = sprm(0x2416, 1) + sprm(0x6649, 2, 4) + sprm(0x244B, 1) + sprm(0x460B, 7, 2) + sprm(0x260A, 3)

    properties = read_paragraph(grpprl + sprm(0x2640, 1), 5, b"")

    assert properties == ParagraphProperties(
        style=5, is_in_table=True, depth=2, is_inner_cell=True, list_number=7, list_level=3, outline_level=1
    )


def test_long_lists_of_properties_are_in_the_data_stream() -> None:
    edges = struct.pack("<Bhhh", 2, -100, 1000, 2000)
    row = struct.pack("<HH", 0xD608, len(edges) + 1) + edges + sprm(0x2417, 1)
    data = b"other" + struct.pack("<H", len(row)) + row

    properties = read_paragraph(sprm(0x2416, 1) + sprm(0x6646, 5, 4), 0, data)

    assert properties == ParagraphProperties(is_in_table=True, is_row_end=True, edges=(-100, 1000, 2000))


def test_runs_cover_all_bytes_of_a_range() -> None:
    runs = Runs([(30, 40, b"b"), (10, 20, b"a")])

    assert list(runs.split(5, 35)) == [(5, 10, b""), (10, 20, b"a"), (20, 30, b""), (30, 35, b"b")]
    assert list(runs.split(12, 15)) == [(12, 15, b"a")]
    assert list(runs.split(50, 60)) == [(50, 60, b"")]
    assert list(Runs([]).split(0, 5)) == [(0, 5, b"")]


def test_a_byte_outside_of_all_runs_has_no_known_properties() -> None:
    runs = Runs([(10, 20, b"a")])

    assert [runs.at(offset) for offset in (9, 10, 19, 20)] == [None, b"a", b"a", None]


def test_pages_of_formatting_give_runs_and_damaged_ones_none() -> None:
    page = bytearray(PAGE_BYTES)
    struct.pack_into("<III", page, 0, 0x800, 0x810, 0x820)
    page[12] = 200  # the second run has no properties
    page[400:404] = b"\x03abc"
    page[-1] = 2
    main = bytes(PAGE_BYTES) + bytes(page)
    plc = struct.pack("<IIIII", 0x800, 0x820, 0x830, 1, 9)  # there is no page 9

    runs = read_character_runs(plc, main, is_word6=False)

    assert list(runs.split(0x800, 0x820)) == [(0x800, 0x810, b"abc"), (0x810, 0x820, b"")]
    assert read_character_runs(plc, b"", is_word6=False).at(0x800) is None
    assert read_paragraph_runs(plc, b"\xff" * 2 * PAGE_BYTES, is_word6=False).at(0x800) is None
