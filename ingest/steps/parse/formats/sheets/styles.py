"""Read the number formats of the cells of a workbook from xl/styles.xml (ECMA-376 part 1, 18.8)."""

from typing import Any

from ingest.steps.parse.formats.ooxml.xml import child, children, to_int
from ingest.steps.parse.formats.sheets.number_format import BUILT_IN_FORMATS, NumberFormat, compile_format


def read_formats(root: Any, *, is_1904: bool) -> list[NumberFormat | None]:
    """Return the number format of each cell style, None for those that show numbers and texts as they are.

    Everything else in the part may be damaged: only number formats change the text.
    """
    codes = dict(BUILT_IN_FORMATS)
    formats, styles = child(root, "numFmts"), child(root, "cellXfs")
    for element in () if formats is None else children(formats, "numFmt"):
        codes[to_int(element.get("numFmtId", ""), -1)] = element.get("formatCode", "")
    ids = (to_int(element.get("numFmtId", "")) for element in (() if styles is None else children(styles, "xf")))
    return [plain_or_format(codes.get(number, ""), is_1904=is_1904) for number in ids]


def plain_or_format(code: str, *, is_1904: bool) -> NumberFormat | None:
    """Return the compiled format of a code, or None if it is General or another code that changes nothing."""
    if code in ("", "General", "@"):
        return None
    number_format = compile_format(code, is_1904=is_1904)
    return None if number_format.is_general and not number_format.changes_text else number_format
