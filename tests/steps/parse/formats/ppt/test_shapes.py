"""The text in the shapes of a slide."""

import struct

from ingest.steps.parse.formats.ppt.records import record_at
from ingest.steps.parse.formats.ppt.shapes import Text, read_shapes
from tests.steps.parse.formats.ppt.conftest import ReadPpt
from tests.steps.parse.formats.ppt.ppt_file import (
    BODY,
    OTHER,
    TITLE,
    PptFile,
    container,
    document,
    entry,
    record,
    shape,
    slide,
    text_box,
)


def test_a_table_keeps_its_rows_columns_and_empty_cells(read_ppt: ReadPpt) -> None:
    def cell(row: int, column: int, text: str) -> bytes:
        anchor = record(0xF00F, struct.pack("<iiii", column * 100, row * 50, column * 100 + 99, row * 50 + 49))
        return shape(anchor, record(0xF00D, text_box(OTHER, text)))

    group = shape(record(0xF122, struct.pack("<HI", 0x039F, 1), version=3, instance=1))
    cells = [
        cell(1, 2, "77"),
        cell(0, 0, "Region"),
        cell(0, 1, "Q1"),
        cell(0, 2, "Q2"),
        cell(1, 0, "North"),
        cell(1, 1, ""),
    ]
    ppt = PptFile()
    ppt.save({1: document(entry(3, 256)), 3: slide(container(0xF003, group, *cells))})

    parsed = read_ppt(ppt.build())

    assert parsed.text == "Region | Q1 | Q2\nNorth |  | 77"
    assert len(parsed.tables) == 1


def _read(data: bytes, outline: list[tuple[int, str]]) -> list[Text]:
    parent = record_at(data, 0)
    assert parent is not None
    return list(read_shapes(data, parent, outline))


def test_shapes_have_texts_of_their_own_or_those_of_the_outline() -> None:
    reference = shape(record(0xF00D, record(0x0F9E, struct.pack("<I", 1))))
    data = slide(shape(record(0xF00D, text_box(OTHER, "own"))), container(0xF003, shape(), reference))

    texts = _read(data, [(TITLE, "Unplaced"), (BODY, "Placed"), (BODY, "")])

    assert texts == [Text(OTHER, "own"), Text(BODY, "Placed"), Text(TITLE, "Unplaced")]


def test_empty_shapes_and_the_sign_of_the_slide_number_are_no_text() -> None:
    missing = shape(record(0xF00D, record(0x0F9E, struct.pack("<I", 99))))
    data = slide(shape(record(0xF00D, text_box(OTHER, "*"))), shape(record(0xF00D, text_box(OTHER, " "))), missing)

    assert _read(data, []) == []


def test_cells_in_almost_one_line_are_one_row() -> None:
    def cell(left: int, top: int, text: str) -> bytes:
        anchor = record(0xF00F, struct.pack("<iiii", left, top, left + 90, top + 40))
        return shape(anchor, record(0xF00D, text_box(OTHER, text)))

    table = shape(record(0xF122, struct.pack("<HI", 0x039F, 1), version=3, instance=1))
    cells = cell(3, 100, "c"), cell(0, 0, "a"), cell(102, 98, "d"), cell(100, 5, "b")

    assert _read(slide(container(0xF003, table, *cells)), []) == [Text(OTHER, "", (("a", "b"), ("c", "d")))]


def test_a_row_that_is_very_low_keeps_its_cells() -> None:
    def cell(left: int, top: int, text: str) -> bytes:
        anchor = record(0xF00F, struct.pack("<iiii", left, top, left + 90, top + 1))
        return shape(anchor, record(0xF00D, text_box(OTHER, text)))

    table = shape(record(0xF122, struct.pack("<HI", 0x039F, 1), version=3, instance=1))
    low = cell(0, 880, "a"), cell(100, 880, "b"), cell(0, 881, "c"), cell(100, 881, "d")
    same = cell(0, 0, "x"), cell(0, 0, "y")

    assert _read(slide(container(0xF003, table, *low)), []) == [Text(OTHER, "", (("a", "b"), ("c", "d")))]
    assert _read(slide(container(0xF003, table, *same)), []) == [Text(OTHER, "", (("x",), ("y",)))]
