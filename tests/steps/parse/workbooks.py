"""Workbooks that tests build part by part, as small as their formats allow."""

import struct
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from tests.steps.parse.documents import DocumentBuilder

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_MAIN = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_STRICT_RELATIONSHIPS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
SHEET_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"

Relationship = tuple[str, str]
"""The last word of the type, and the target. The ids are rId1, rId2 ..."""


def cell(reference: str, value: object = None, style: int = 0, *, formula: str = "", kind: str = "") -> str:
    """Return a cell: numbers as values, texts inline."""
    place = f' r="{reference}"' if reference else ""
    place += f' s="{style}"' if style else ""
    formula = f"<f>{escape(formula)}</f>" if formula else ""
    if kind:
        return f'<c{place} t="{kind}">{formula}<v>{escape(str(value))}</v></c>'
    if isinstance(value, str):
        return f'<c{place} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c{place}>{formula}</c>" if value is None else f"<c{place}>{formula}<v>{value}</v></c>"


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def relationships(entries: Sequence[Relationship], base: str = RELATIONSHIPS) -> str:
    elements = "".join(
        f'<Relationship Id="rId{number}" Type="{base}/{kind}" Target={quoteattr(target)}/>'
        for number, (kind, target) in enumerate(entries, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{elements}</Relationships>'


def xlsx(
    sheets: Mapping[str, str],
    *,
    formats: Sequence[str] = (),
    strings: str = "",
    after: str = "",
    related: Sequence[Relationship] = (),
    parts: Mapping[str, str | bytes] | None = None,
    properties: str = "",
    states: Mapping[str, str] | None = None,
    is_strict: bool = False,
) -> bytes:
    """Return a workbook of sheets by name, each the content of its sheetData.

    Style n + 1 has the nth of `formats`. `strings` is the content of the shared strings. The first sheet has `after`
    behind its data and is related to `related`.
    """
    main, base = (_STRICT_MAIN, _STRICT_RELATIONSHIPS) if is_strict else (MAIN, RELATIONSHIPS)
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}" state="{(states or {}).get(name, "visible")}"/>'
        for number, name in enumerate(sheets, 1)
    )
    codes = "".join(f"<numFmt numFmtId='{164 + n}' formatCode={quoteattr(code)}/>" for n, code in enumerate(formats))
    styles = "<xf/>" + "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(formats)))
    targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": relationships([("officeDocument", "xl/workbook.xml")], base),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{base}">{properties}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relationships(
            [*targets, ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")], base
        ),
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><numFmts>{codes}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>',
    }
    if strings:
        members["xl/sharedStrings.xml"] = f'<sst xmlns="{main}">{strings}</sst>'
    for number, data in enumerate(sheets.values(), 1):
        rest = after if number == 1 else ""
        members[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{main}" xmlns:r="{base}"><sheetData>{data}</sheetData>{rest}</worksheet>'
        )
    if related:
        members["xl/worksheets/_rels/sheet1.xml.rels"] = relationships(related, base)
    return DocumentBuilder().zipped(members | dict(parts or {}))


def text_box(text: str) -> str:
    return (
        "<xdr:twoCellAnchor><xdr:sp><xdr:nvSpPr><xdr:cNvPr id='2' name='Box'/></xdr:nvSpPr><xdr:txBody><a:bodyPr/>"
        f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:twoCellAnchor>"
    )


def sheet_drawing(content: str) -> str:
    return f'<xdr:wsDr xmlns:xdr="{SHEET_DRAWING}" xmlns:a="{DRAWING}" xmlns:r="{RELATIONSHIPS}">{content}</xdr:wsDr>'


def xlsb(rows: Sequence[Sequence[tuple[int, int, bytes]]], strings: Sequence[str], formats: Sequence[str]) -> bytes:
    """Return a binary workbook with a sheet "Data". Cells are (record type, style, value); style n + 1 is format n."""
    sheet = b"".join(
        record(0, struct.pack("<I", number) + bytes(8))
        + b"".join(
            record(kind, struct.pack("<II", column, style) + value)
            for column, (kind, style, value) in enumerate(cells)
            if value
        )
        for number, cells in enumerate(rows)
    )
    styles = b"".join(record(44, struct.pack("<H", 164 + n) + wide_string(code)) for n, code in enumerate(formats))
    styles += record(617, struct.pack("<I", len(formats) + 1))
    styles += b"".join(record(47, struct.pack("<HH", 0, n) + bytes(12)) for n in (0, *range(164, 164 + len(formats))))
    styles += record(618, b"")
    workbook = record(153, bytes(8)) + record(156, struct.pack("<II", 0, 1) + wide_string("rId1") + wide_string("Data"))
    return DocumentBuilder().zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "_rels/.rels": relationships([("officeDocument", "xl/workbook.bin")]),
            "xl/workbook.bin": workbook,
            "xl/_rels/workbook.bin.rels": relationships(
                [
                    ("worksheet", "worksheets/sheet1.bin"),
                    ("styles", "styles.bin"),
                    ("sharedStrings", "sharedStrings.bin"),
                ]
            ),
            "xl/worksheets/sheet1.bin": sheet,
            "xl/styles.bin": styles,
            "xl/sharedStrings.bin": b"".join(record(19, b"\0" + wide_string(text)) for text in strings),
            "xl/worksheets/_rels/sheet1.bin.rels": relationships([("comments", "../comments1.bin")]),
            "xl/comments1.bin": record(632, wide_string("Ann"))
            + record(635, struct.pack("<5I", 0, 1, 1, 2, 2) + bytes(16))
            + record(637, b"\0" + wide_string("Looks odd")),
        }
    )


def record(kind: int, body: bytes) -> bytes:
    """Return a record of a binary workbook."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(body)
    size = b""
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + size + body


def wide_string(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xls(cells: Sequence[tuple[int, int, object, int]], formats: Sequence[str] = (), extra: bytes = b"") -> bytes:
    """Return a workbook of Excel 97 with a sheet "Data" of (row, column, value, style); style n + 1 is format n.

    `extra` are records at the end of the sheet.
    """
    start = biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    for number, code in enumerate(formats):
        start += biff(0x41E, struct.pack("<HHB", 164 + number, len(code), 0) + code.encode("latin-1"))
    for number in (0, *range(164, 164 + len(formats))):
        start += biff(0xE0, struct.pack("<HHH", 0, number, 1) + bytes(14))
    offset = len(start) + 4 + 8 + 4 + 4
    start += biff(0x85, struct.pack("<IBBBB", offset, 0, 0, 4, 0) + b"Data") + biff(0x0A, b"")
    sheet = biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    for row_index, column, value, style in cells:
        place = struct.pack("<HHH", row_index, column, style)
        if isinstance(value, bool):
            sheet += biff(0x205, place + struct.pack("<BB", value, 0))
        elif isinstance(value, str):
            data = value.encode("latin-1")
            sheet += biff(0x204, place + struct.pack("<HB", len(data), 0) + data)
        else:
            assert isinstance(value, (int, float))
            sheet += biff(0x203, place + struct.pack("<d", value))
    return DocumentBuilder().ole({"Workbook": start + sheet + extra + biff(0x0A, b"")})


def xls_text_object(number: int, kind: int, text: str) -> bytes:
    """Return the records of a drawn object with text; kind 0x19 is a comment, 6 a text box."""
    body = struct.pack("<HHHHH", 0x15, 18, kind, number, 0) + bytes(12) + bytes(4)
    data = text.encode("utf-16-le")
    return (
        biff(0x5D, body)
        + biff(0x1B6, struct.pack("<HH6sHHH", 0, 0, bytes(6), len(text), 16, 0) + bytes(4))
        + biff(0x3C, b"\1" + data)
        + biff(0x3C, struct.pack("<HHI", 0, 0, 0) + struct.pack("<HHI", len(text), 0, 0))
    )


def xls_note(row_index: int, column: int, number: int, author: str) -> bytes:
    body = struct.pack("<HHHH", row_index, column, 0, number) + struct.pack("<HB", len(author), 0)
    return biff(0x1C, body + author.encode("latin-1") + b"\0")


def biff(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def spreadsheetml(table: str, *, styles: str = "", options: str = "") -> bytes:
    """Return a workbook in the XML of Excel 2003 with a sheet "Staff"."""
    ns = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="{ns}" xmlns:ss="{ns}" '
        f'xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns:html="http://www.w3.org/TR/REC-html40">'
        f'<Styles>{styles}</Styles><Worksheet ss:Name="Staff"><Table>{table}</Table>{options}</Worksheet></Workbook>'
    ).encode()
