"""Mutated workbooks: readers raise, or return a text whose offsets are inside it."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.sheets import spreadsheetml, xls, xlsb, xlsx
from tests.steps.parse import workbooks
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.workbooks import cell, row

BOUNDED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
CHANGES = st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=6)), min_size=1, max_size=6)

XLSX = workbooks.xlsx(
    {"A": row(1, cell("A1", "text"), cell("B1", 1.5, 1)) + row(2, cell("A2", 0, kind="s"), cell("C2", formula="1+1"))},
    formats=["0.00"],
    strings="<si><t>shared</t></si>",
)
XLSB = workbooks.xlsb([[(5, 1, struct.pack("<d", 1.5)), (7, 0, struct.pack("<I", 0))]], ["shared"], ["0.00"])
XLS = workbooks.xls([(0, 0, "text", 0), (1, 1, 1.5, 1)], ["0.00"], workbooks.xls_text_object(1, 6, "box"))
XML = workbooks.spreadsheetml('<Row><Cell ss:Index="2"><Data ss:Type="Number">41</Data></Cell></Row>')


def mutate(data: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    changed = bytearray(data)
    for position, replacement in changes:
        start = position % (len(changed) + 1)
        changed[start : start + len(replacement)] = replacement
    return bytes(changed)


def mutate_members(data: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    """Return a ZIP with changed members, so that the changes reach the readers of the parts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    names = [name for name in members if "worksheet" in name or "workbook" in name or "s" in name]
    for position, replacement in changes:
        name = names[position % len(names)]
        members[name] = mutate(members[name], [(position // 7, replacement)])
    return DocumentBuilder().zipped(dict(members))


@pytest.mark.parametrize(
    ("read", "data", "change"),
    [
        (xlsx.read, XLSX, mutate_members),
        (xlsb.read, XLSB, mutate_members),
        (xls.read, XLS, mutate),
        (spreadsheetml.read, XML, mutate),
    ],
    ids=["xlsx", "xlsb", "xls", "spreadsheetml"],
)
@BOUNDED
@given(changes=CHANGES)
def test_mutated_workbooks_are_refused_or_read(
    tmp_path: Path,
    read: Callable[[Path], ParsedText],
    data: bytes,
    change: Callable[[bytes, list[tuple[int, bytes]]], bytes],
    changes: list[tuple[int, bytes]],
) -> None:
    path = tmp_path / "mutated"
    path.write_bytes(change(data, changes))
    try:
        parsed = read(path).normalized()
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - readers may raise anything; the sandbox turns it into a message
        return
    size = len(parsed.text)
    assert all(0 <= section.start <= section.end <= size for section in parsed.sections)
    assert all(0 <= table.start < table.header_end <= table.end <= size for table in parsed.tables)
