"""Binary Excel workbooks (.xlsb)."""

import struct

from tests.steps.parse.documents import Parse
from tests.steps.parse.workbooks import wide_string, xlsb

REAL, RK, BOOL, ERROR, STRING, SHARED, FORMULA_STRING = 5, 2, 4, 3, 6, 7, 8


def double(value: float) -> bytes:
    return struct.pack("<d", value)


def test_cells_show_their_number_formats_and_comments_follow(parse: Parse) -> None:
    rows = [
        [
            (SHARED, 0, struct.pack("<I", 0)),
            (STRING, 0, wide_string("Q1")),
            (FORMULA_STRING, 0, wide_string("Q2") + bytes(8)),
        ],
        [(REAL, 1, double(1234)), (REAL, 2, double(0.155)), (REAL, 0, b""), (REAL, 3, double(45352))],
        [
            (RK, 0, struct.pack("<I", 42 << 2 | 2)),
            (RK, 0, struct.pack("<I", 1250 << 2 | 3)),
            (BOOL, 0, b"\1"),
            (ERROR, 0, b"\x2a"),
        ],
        [(RK, 0, struct.pack("<I", (-5 << 2 | 2) & 0xFFFFFFFF))],
    ]

    parsed = parse("a.xlsb", xlsb(rows, ["Region"], ["00000", "0.0%", "dd/mm/yyyy"]))

    assert parsed.text == (
        "Data\n\nRegion | Q1 | Q2\n01234 | 15.5% |  | 2024-03-01\n42 | 12.5 | TRUE | #N/A\n-5\n\n"
        "Comment on C2 (Ann): Looks odd"
    )
    assert parsed.kind == "xlsb"
    assert parsed.report.parts["sheet"] == {"read": 1}


def test_texts_that_are_missing_are_reported(parse: Parse) -> None:
    parsed = parse("a.xlsb", xlsb([[(SHARED, 0, struct.pack("<I", 9)), (REAL, 0, double(1))]], [], []))

    assert parsed.text.startswith("Data\n\n1")
    assert [warning.code for warning in parsed.report.warnings] == ["text_missing"]
