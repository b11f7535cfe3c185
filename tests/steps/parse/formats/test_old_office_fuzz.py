"""Damaged OpenDocument, EPUB, Word 97 and PowerPoint 97 files fail with a message or give a sound text."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats import doc, epub, odf, ppt
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.doc.doc_file import DocFile, font_table, list_tables, sprm, style_sheet
from tests.steps.parse.formats.odf.conftest import OdfBuilder
from tests.steps.parse.formats.ppt.ppt_file import OTHER, PptFile, document, entry, record, shape, slide, text_box

Read = Callable[[Path], ParsedText]

DOC = DocFile(
    [("one\x07\x07two\x07\x07\x13 SYMBOL 179 \x14\x15 \x01", b""), ("5", sprm(0x2A48, 1)), ("\rHead\r", b"")],
    {0: (0, sprm(0x2416, 1)), 3: (0, sprm(0x2416, 1) + sprm(0x2417, 1)), 4: (1, sprm(0x460B, 1, 2))},
    tables={
        0xA2: style_sheet([(0, 0xFFF, b""), (1, 0, b"")]),
        0x112: font_table([("Arial", 0)]),
        **list_tables([(5, 0, "\0.")], [{0: 9}]),
    },
).build()


def _ppt() -> bytes:
    ppt_file = PptFile()
    ppt_file.save({1: document(entry(3, 256)), 3: slide(shape(record(0xF00D, text_box(OTHER, "text"))))})
    return ppt_file.build()


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


PPT = _ppt()
ODT = OdfBuilder().package(
    "text",
    "<text:h>Head</text:h><text:list><text:list-item><text:p>one<text:note/></text:p></text:list-item></text:list>",
)
ODS = OdfBuilder().package("spreadsheet", f'<table:table table:name="S">{OdfBuilder().row("a", "b")}</table:table>')
EPUB = DocumentBuilder().epub("<h1>Chapter</h1><p>Prose.</p>")

MUTATIONS = st.lists(st.tuples(st.integers(0, 2**16), st.binary(min_size=1, max_size=4)), min_size=1, max_size=8)


def _mutate(data: bytes, mutations: list[tuple[int, bytes]], start: int) -> bytes:
    mutated = bytearray(data)
    for at, content in mutations:
        at = start + at % max(1, len(data) - start)
        mutated[at : at + len(content)] = content
    return bytes(mutated)


def _check(read: Read, data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            parsed = read(Path(file.name)).normalized()
        except (MemoryError, RecursionError):
            raise
        except Exception:  # noqa: BLE001 - a damaged container raises what its library raises
            return
    size = len(parsed.text)
    assert all(0 <= section.start <= section.end for section in parsed.sections)
    assert all(0 <= heading.start < size for heading in parsed.headings)
    assert all(0 <= table.start <= table.header_end <= table.end <= size for table in parsed.tables)


@pytest.mark.parametrize(("read", "data"), [(doc.read, DOC), (ppt.read, PPT)], ids=["doc", "ppt"])
def test_mutated_binary_files_end_soundly(read: Read, data: bytes) -> None:
    @settings(max_examples=120, deadline=2000, database=None)
    @given(MUTATIONS)
    def run(mutations: list[tuple[int, bytes]]) -> None:
        _check(read, _mutate(data, mutations, start=512))

    run()


@pytest.mark.parametrize(
    ("read", "data"), [(odf.read, ODT), (odf.read, ODS), (epub.read, EPUB)], ids=["odt", "ods", "epub"]
)
def test_mutated_packages_end_soundly(read: Read, data: bytes) -> None:
    members = _members(data)

    @settings(max_examples=60, deadline=2000, database=None)
    @given(st.sampled_from(sorted(members)), MUTATIONS)
    def run(name: str, mutations: list[tuple[int, bytes]]) -> None:
        damaged = {**members, name: _mutate(members[name], mutations, start=0)}
        _check(read, DocumentBuilder().zipped(dict(damaged)))

    run()
