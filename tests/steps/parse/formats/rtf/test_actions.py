"""What control words of RTF do: tables, scripts, fonts."""

import pytest

from tests.steps.parse.formats.rtf.conftest import ReadRtf
from tests.steps.parse.formats.rtf.rtf_source import fonts


def test_right_to_left_text_is_in_the_font_for_it(read_rtf: ReadRtf) -> None:
    table = fonts(rb"\f0\fcharset0 Arial", rb"\f1\fcharset177 David")
    source = rb"\ansi" + table + rb"{\ltrch\fcs0\f0 \rtlch\fcs1\af1 \'f9\'ec\'e5\'ed}{\rtlch\af1\ltrch\f0 caf\'e9}"

    assert read_rtf(source).text == "שלוםcafé"


def test_an_exponent_does_not_run_into_its_base(read_rtf: ReadRtf) -> None:
    source = rb"10{\super 5} m{\up6 2} H{\sub 2}O {\super\nosupersub 7}{\up1 8} x\super 3\plain y"

    assert read_rtf(rb"\ansi " + source).text == "10⁵ m² H₂O 78 x³y"


def test_empty_cells_keep_their_place(read_rtf: ReadRtf) -> None:
    row = rb"\trowd\cellx1\cellx2\cellx3\cellx4\cellx5 \pard\intbl %s\cell %s\cell %s\cell %s\cell %s\cell\row"
    rows = [(b"Region", b"Q1", b"Q2", b"Q3", b"Q4"), (b"North", b"", b"", b"", b"77"), (b"", b"3", b"1", b"", b"")]

    parsed = read_rtf(rb"\ansi before\par" + b"".join(row % cells for cells in rows) + rb"\pard after\par")

    table = "Region | Q1 | Q2 | Q3 | Q4\nNorth |  |  |  | 77\n | 3 | 1"
    assert parsed.text == f"before\n\n{table}\n\nafter"
    assert [parsed.text[one.start : one.end] for one in parsed.tables] == [table]
    assert parsed.text[parsed.tables[0].start : parsed.tables[0].header_end] == "Region | Q1 | Q2 | Q3 | Q4"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"\trowd\cellx1\cellx2 a\cell b\cell\row c", "a | b\n\nc"),  # without \intbl
        (rb"\trowd\intbl one\par two\cell b\cell\row", "one two | b"),
        (rb"\trowd\clmgf\cellx1\clmrg\cellx2\intbl wide\cell\cell c\cell\row", "wide |  | c"),
        (
            rb"\trowd\intbl\itap2 in1\nestcell in2\nestcell{\*\nesttableprops\trowd\nestrow}{\nonesttables\par}"
            rb"in3\nestcell in4\nestcell{\*\nesttableprops\trowd\nestrow}\pard\intbl\itap1\cell z\cell\row",
            "in1 | in2; in3 | in4 | z",
        ),
        (rb"\trowd\intbl a\cell b", "a | b"),
    ],
)
def test_tables_of_many_makers(read_rtf: ReadRtf, source: bytes, text: str) -> None:
    assert read_rtf(rb"\ansi " + source).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"\fs24 H{\dn2\fs16 2}O 10{\fs16\up2 5}", "H\u2082O 10\u2075"),
        (rb"\fs24 10{\up2 5} 3{\dn1 4}", "105 34"),  # a small shift of full-sized text
        (rb"H{{\*\updnprop8000}\dn2 2}O 10{{\*\updnprop8000}\up2 5}", "H\u2082O 10\u2075"),
        (rb"10\up6 5\up0  end H\dn6 2\dn0 O", "10\u2075 end H\u2082O"),
        (rb"\fs24 H\dn2\fs16 2\plain\fs24 O", "H\u2082O"),
        (rb"\fs24 a{\dn2\fs16 {\footnote\pard note\par}}b", "ab\n\nnote"),
    ],
)
def test_small_shifts_of_smaller_text_are_scripts(read_rtf: ReadRtf, source: bytes, text: str) -> None:
    assert read_rtf(rb"\ansi\pard " + source + rb"\par").text == text


@pytest.mark.parametrize(
    ("definition", "cells", "text"),
    [
        (rb"\cellx2000\cellx3000", rb"North\cell 77\cell", "North |  | 77"),
        (rb"\trleft1000\cellx2000\cellx3000", rb"5\cell 77\cell", " | 5 | 77"),
        (rb"\cellx1990\cellx3010", rb"North\cell 77\cell", "North |  | 77"),
        (rb"\cellx500\cellx3000", rb"North\cell 77\cell", "North | 77"),  # an edge of its own
        (rb"\cellx1000", rb"North\cell 77\cell", "North | 77"),  # fewer edges than cells
    ],
)
def test_merged_cells_span_the_columns_of_other_rows(
    read_rtf: ReadRtf, definition: bytes, cells: bytes, text: str
) -> None:
    header = rb"\trowd\cellx1000\cellx2000\cellx3000\pard\intbl Region\cell Q1\cell Q2\cell\row"

    parsed = read_rtf(rb"\ansi " + header + rb"\trowd" + definition + rb"\pard\intbl " + cells + rb"\row\pard x\par")

    assert parsed.text == f"Region | Q1 | Q2\n{text}\n\nx"


def test_the_definition_of_a_table_in_a_cell_leaves_the_columns_of_the_outer_one(read_rtf: ReadRtf) -> None:
    inner = rb"\pard\intbl\itap2 in\nestcell{\*\nesttableprops\trowd\cellx500\nestrow}{\nonesttables\par}"
    source = (
        rb"\trowd\cellx1000\cellx2000\cellx3000\pard\intbl a\cell b\cell c\cell\row"
        rb"\trowd\cellx2000\cellx3000" + inner + rb"\pard\intbl\cell z\cell\row"
    )

    assert read_rtf(rb"\ansi " + source).text == "a | b | c\nin |  | z"
