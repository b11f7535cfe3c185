"""Texts of an Excel 97 workbook outside its cells."""

import struct

import pytest

from ingest.steps.parse.formats.sheets.biff import SheetTexts, read_sheet_texts
from tests.steps.parse.workbooks import biff, xls_text_object


def test_records_that_are_cut_end_the_search_for_texts() -> None:
    start = biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    for size in range(len(start)):
        assert read_sheet_texts(start[:size], 0) == {}
    assert read_sheet_texts(start + biff(0x85, bytes(9)) + biff(0x1B6, b"\xff" * 18) + b"\x3c\0\xff\xff", 0)


def _string(text: str, *, is_wide: bool = False) -> bytes:
    return bytes([is_wide]) + text.encode("utf-16-le" if is_wide else "latin-1")


def _bof(kind: int, version: int = 0x600) -> bytes:
    return biff(0x809, struct.pack("<HHHHII", version, kind, 0, 0, 0, 0))


def _workbook(*sheets: tuple[str, int, bytes], version: int = 0x600) -> bytes:
    """Return the stream of a workbook of sheets by (name, kind, records)."""
    listed_bytes = sum(4 + 8 + 2 * len(name) for name, _, _ in sheets)
    offset = len(_bof(5)) + listed_bytes + 4
    listed, bodies = b"", b""
    for name, kind, records in sheets:
        body = _bof(0x10, version) + records + biff(0x0A, b"")
        listed += biff(
            0x85, struct.pack("<IBBB", offset + len(bodies), 0, kind, len(name)) + _string(name, is_wide=True)
        )
        bodies += body
    return _bof(5, version) + listed + biff(0x0A, b"") + bodies


def test_texts_belong_to_their_sheets_in_the_order_of_the_list() -> None:
    chart = biff(0x100D, struct.pack("<HB", 0, 5) + _string("Années", is_wide=True)[:1] + "Année".encode("utf-16-le"))
    data = _workbook(
        ("Übersicht", 0, biff(0x14, struct.pack("<H", 6) + _string("&CHead")) + xls_text_object(1, 6, "A box")),
        ("Chart", 2, chart),
    )

    found = read_sheet_texts(b"skipped" + data, 7)

    assert list(found.values()) == [
        SheetTexts("Übersicht", 0, ["A box"], [], ["&CHead"]),
        SheetTexts("Chart", 2, [], ["Année"], []),
    ]
    assert [sheet.is_chart for sheet in found.values()] == [False, True]
    assert all(struct.unpack_from("<H", data, offset - 7)[0] == 0x809 for offset in found)


def test_charts_on_a_sheet_are_a_part_of_it_and_comments_are_not_boxes() -> None:
    inner = _bof(0x20) + biff(0x100D, struct.pack("<HB", 0, 8) + _string("Visitors")) + biff(0x0A, b"")
    records = xls_text_object(1, 0x19, "A comment") + inner + xls_text_object(2, 6, "Behind the chart")

    (sheet,) = read_sheet_texts(_workbook(("Data", 0, records)), 0).values()

    assert (sheet.boxes, sheet.charts) == (["Behind the chart"], ["Visitors"])


def test_a_long_text_goes_on_in_further_records() -> None:
    start = xls_text_object(1, 6, "")
    head = start[: start.index(biff(0x1B6, b"")[:2])] + biff(0x1B6, struct.pack("<10xHHI", 8, 16, 0))
    records = head + biff(0x3C, _string("long ")) + biff(0x3C, _string("text", is_wide=True))

    (sheet,) = read_sheet_texts(_workbook(("Data", 0, records)), 0).values()

    assert sheet.boxes == ["long tex"]


@pytest.mark.parametrize("version", [0x500, 0x200])
def test_workbooks_before_excel_97_have_no_texts_in_a_known_form(version: int) -> None:
    assert read_sheet_texts(_workbook(("Data", 0, xls_text_object(1, 6, "A box")), version=version), 0) == {}
