"""The characters of a Word document with their formatting."""

import struct

import pytest

from tests.steps.parse.formats.doc.conftest import ReadDoc
from tests.steps.parse.formats.doc.doc_file import DocFile, font_table, sprm

IN_TABLE, ROW_END = sprm(0x2416, 1), sprm(0x2416, 1) + sprm(0x2417, 1)
SUPER, SUB = sprm(0x2A48, 1), sprm(0x2A48, 2)


def test_empty_cells_keep_their_place(read_doc: ReadDoc) -> None:
    text = "Region\x07Q1\x07Q2\x07\x07North\x07\x0777\x07\x07South\x07\x07\x07\x07after\r"
    marks = "".join(c for c in text if c in "\x07\r")
    row_ends = {3, 7, 11}
    paragraphs = {number: (0, ROW_END if number in row_ends else IN_TABLE) for number in range(len(marks) - 1)}

    parsed = read_doc(DocFile([(text, b"")], paragraphs).build())

    assert parsed.text == "Region | Q1 | Q2\nNorth |  | 77\nSouth\n\nafter"
    table = parsed.tables[0]
    assert parsed.text[table.start : table.header_end] == "Region | Q1 | Q2"
    assert parsed.text[table.start : table.end].endswith("South")


def test_the_rows_of_a_table_in_a_cell_stay_apart(read_doc: ReadDoc) -> None:
    inner = sprm(0x2416, 1) + sprm(0x6649, 2, 4)
    cell, end = inner + sprm(0x244B, 1), inner + sprm(0x244C, 1)
    text = "in1\rin2\r\rin3\rin4\r\rz\x07out\x07\x07"
    properties = [cell, cell, end, cell, cell, end, IN_TABLE, IN_TABLE, ROW_END]

    parsed = read_doc(DocFile([(text, b"")], {n: (0, p) for n, p in enumerate(properties)}).build())

    assert parsed.text == "in1 | in2; in3 | in4 z | out"


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([("10", b""), ("5", SUPER), (" H", b""), ("2", SUB), ("O", b"")], "10⁵ H₂O"),
        ([("m", b""), ("2", sprm(0x4845, 6, 2)), (" 7", sprm(0x4845, 1, 2))], "m² 7"),
        ([("H", b""), ("2", sprm(0x4845, -2, 2) + sprm(0x4A43, 15, 2)), ("O", b"")], "H₂O"),
        ([("H", sprm(0x4A43, 16, 2)), ("2", sprm(0x4845, -2, 2) + sprm(0x4A43, 16, 2))], "H2"),
        ([("kept", b""), (" hidden", sprm(0x083C, 1)), (" gone", sprm(0x0800, 1))], "kept"),
        ([("a\x1eb\x1fc\x0bd\u00ade", b"")], "a-bc\nde"),
        ([("range 5", b""), ("(", sprm(0x0855, 1) + sprm(0x6A09, 1 | 0xF0B1 << 16, 4)), ("2", b"")], "range 5±2"),
        ([("x ", b""), ("\uf0b3", sprm(0x4A4F, 1, 2)), (" 3", b"")], "x ≥ 3"),
        ([("\x13 SYMBOL 179 \\f Symbol \x14\x15 x", b"")], "≥ x"),
        ([("\x13 IF \x13 PAGE \x141\x15 > 0 \x14yes\x15", b"")], "yes"),
        ([("\x13 EQ \\f(1,2) \x15 l", b"")], "1/2 l"),
        ([("a\x05b\x02c\x08d\x15\x14e", b"")], "abcde"),
        ([("😀 smile", b"")], "😀 smile"),
    ],
)
def test_the_properties_of_characters_decide_about_text(
    read_doc: ReadDoc, runs: list[tuple[str, bytes]], text: str
) -> None:
    fonts = {0x112: font_table([("Arial", 0), ("Symbol", 2)])}

    assert read_doc(DocFile([*runs, ("\r", b"")], tables=fonts).build()).text == text


def test_merged_cells_span_the_columns_of_other_rows(read_doc: ReadDoc) -> None:
    def row_end(*edges: int) -> tuple[int, bytes]:
        content = struct.pack("<B", len(edges) - 1) + struct.pack(f"<{len(edges)}h", *edges)
        return 0, ROW_END + struct.pack("<HH", 0xD608, len(content) + 1) + content

    text = "Region\x07Q1\x07Q2\x07\x07North\x0777\x07\x07after\r"
    paragraphs = dict.fromkeys(range(6), (0, IN_TABLE)) | {3: row_end(0, 1000, 2000, 3000), 6: row_end(0, 2000, 3000)}

    assert read_doc(DocFile([(text, b"")], paragraphs).build()).text == "Region | Q1 | Q2\nNorth |  | 77\n\nafter"
