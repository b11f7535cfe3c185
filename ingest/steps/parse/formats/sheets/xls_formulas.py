"""Formulas of a binary workbook (.xls) that was never calculated, as programs without a calculator write it."""

import struct
from typing import Any

_BOF, _EOF, _FORMULA = 0x0809, 0x000A, 0x0006
_TOKENS_AT = 22  # in the record of a formula ([MS-XLS] section 2.4.127)
_NO_NUMBER = b"\xff\xff"
_EMPTY_STRING = 3
_MAX_FORMULAS = 50_000

Formulas = dict[tuple[int, int], str]
"""Formulas by the row and the column of their cells."""


def read_uncalculated(workbook: Any) -> dict[int, Formulas]:
    """Return the formulas of each sheet by the offset of its first record; none if any formula has a result.

    An empty text is also the result of some formulas, so that a single result tells that the workbook was calculated,
    and so does an empty text in every formula.
    """
    data, position, size = workbook.mem, workbook.base, len(workbook.mem)
    found: dict[int, Formulas] = {}
    depth = count = sheet = 0
    while position + 4 <= size:
        kind, length = struct.unpack_from("<HH", data, position)
        start, position = position, position + 4 + length
        if kind == _BOF:
            sheet = start if depth == 0 else sheet
            depth += 1
        elif kind == _EOF:
            depth = max(0, depth - 1)
        elif kind == 0 and length == 0:  # the padding at the end of the stream
            break
        elif kind == _FORMULA and length > _TOKENS_AT:
            body = bytes(data[start + 4 : position])
            if body[12:14] != _NO_NUMBER or body[6] != _EMPTY_STRING or count >= _MAX_FORMULAS:
                return {}
            row, column = struct.unpack_from("<HH", body)
            found.setdefault(sheet, {})[row, column] = _formula(workbook, body, row, column)
            count += 1
    has_other_results = any('""' not in text for formulas in found.values() for text in formulas.values())
    return found if has_other_results else {}


def _formula(workbook: Any, body: bytes, row: int, column: int) -> str:
    """Return a formula as text, "" if it cannot be read."""
    from xlrd.formula import FMLA_TYPE_CELL, decompile_formula  # type: ignore[import-untyped]  # it has no types and no stubs are installed

    length = struct.unpack_from("<H", body, _TOKENS_AT - 2)[0]
    tokens = body[_TOKENS_AT:]
    try:
        text = decompile_formula(workbook, tokens, length, FMLA_TYPE_CELL, browx=row, bcolx=column)
    except Exception:  # noqa: BLE001 - it raises whatever the damaged bytes lead to
        return ""
    return f"={text}" if text else ""
