"""Word documents (.docx), parsed as a stream so that a long document needs little memory."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lxml import etree

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.layout import TextBuilder, join_cells
from ingest.steps.parse.formats.numbering import ListPosition, Numbering, attribute, children, read_numbering
from ingest.steps.parse.parsed import ParsedText

_MAIN_PART = re.compile(r"word/document\d*\.xml")
_HEADER_PARTS = re.compile(r"word/header\d*\.xml")
_NOTE_AND_COMMENT_PARTS = (re.compile(r"word/(footnotes|endnotes)\d*\.xml"), re.compile(r"word/comments\d*\.xml"))
_FOOTER_PARTS = re.compile(r"word/footer\d*\.xml")
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_SKIPPED = frozenset(["Fallback", "moveFrom"])  # a second form of the same content, and text that was moved away
_PARSED_ELEMENTS = [f"{{*}}{name}" for name in ("p", "pPr", "r", "t", "tbl", "tr", "tc", *_CHARACTERS, *_SKIPPED)]
_XML_OPTIONS = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": True, "recover": False}


@dataclass(frozen=True)
class _ParagraphNumbering:
    position: ListPosition
    is_list_item: bool  # false for numbered headings and clauses


_NOT_NUMBERED = _ParagraphNumbering(ListPosition(), False)


def read(path: Path) -> ParsedText:
    """Return the text of a document: headers, body, notes, comments, footers."""
    builder = TextBuilder()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        main = [name for name in names if _MAIN_PART.fullmatch(name)]
        if not main:
            raise InvalidFile("The file could not be parsed as docx: its main part is missing.")
        _add_distinct_parts(archive, sorted(filter(_HEADER_PARTS.fullmatch, names)), builder)
        with archive.open(main[0]) as part:
            _PartReader(builder, read_numbering(archive)).read(part)
        for pattern in _NOTE_AND_COMMENT_PARTS:
            _add_distinct_parts(archive, sorted(filter(pattern.fullmatch, names)), builder)
        _add_distinct_parts(archive, sorted(filter(_FOOTER_PARTS.fullmatch, names)), builder)
    return builder.parsed("docx")


def _add_distinct_parts(archive: zipfile.ZipFile, names: list[str], builder: TextBuilder) -> None:
    """Add parts of one type, equal ones once: the headers of all sections are mostly the same."""
    seen: set[str] = set()
    for name in names:
        part_builder = TextBuilder()
        with archive.open(name) as part:
            _PartReader(part_builder, Numbering()).read(part)
        text = part_builder.build()
        if text not in seen:
            seen.add(text)
            builder.add_block(text)


class _PartReader:
    """Walks the elements of one part and adds their text to a builder."""

    def __init__(self, builder: TextBuilder, numbering: Numbering) -> None:
        self._builder = builder
        self._numbering = numbering
        self._paragraphs: list[list[str]] = []  # open paragraphs: a text box is inside a paragraph
        self._numberings: list[_ParagraphNumbering] = []
        self._rows: list[list[str]] = []  # cells of the open rows, nested tables last
        self._cells: list[list[str]] = []  # paragraphs of the open cells
        self._skipped = 0  # number of open skipped elements

    def read(self, part: IO[bytes]) -> None:
        for event, element in etree.iterparse(part, events=("start", "end"), tag=_PARSED_ELEMENTS, **_XML_OPTIONS):
            name = element.tag.rpartition("}")[2]
            if event == "start":
                self._start(name)
                continue
            self._end(name, element)
            # Free the element, and the earlier children of its parent: a million empty elements would remain.
            if name not in ("t", "pPr"):
                element.clear()
                parent = element.getparent()
                if parent is not None and name in ("p", "tbl", "tr"):
                    while element.getprevious() is not None:
                        del parent[0]

    def _start(self, name: str) -> None:
        if name in _SKIPPED:
            self._skipped += 1
        elif self._skipped:
            return
        elif name == "p":
            self._paragraphs.append([])
            self._numberings.append(_NOT_NUMBERED)
        elif name == "tr":
            self._rows.append([])
        elif name == "tc":
            self._cells.append([])

    def _end(self, name: str, element: Any) -> None:
        if name in _SKIPPED:
            self._skipped -= 1
        elif self._skipped:
            return
        elif name == "t":
            self._write(element.text or "")
        elif name in _CHARACTERS:
            # A tab stop of the paragraph's style is named "tab" too, but is inside w:tabs.
            parent = element.getparent()
            if parent is None or not parent.tag.endswith("}tabs"):
                self._write(_CHARACTERS[name])
        elif name == "pPr":
            if self._numberings:
                self._numberings[-1] = _read_paragraph_numbering(element, self._numbering)
        elif name == "p":
            self._end_paragraph()
        elif name == "tc" and self._cells:
            cell = " ".join(self._cells.pop())
            if self._rows:
                self._rows[-1].append(cell)
        elif name == "tr" and self._rows:
            self._end_row(self._rows.pop())
        elif name == "tbl" and not self._rows:
            self._builder.end_list()

    def _write(self, text: str) -> None:
        if self._paragraphs:
            self._paragraphs[-1].append(text)

    def _end_paragraph(self) -> None:
        text = "".join(self._paragraphs.pop()).strip() if self._paragraphs else ""
        numbering = self._numberings.pop() if self._numberings else _NOT_NUMBERED
        number = self._numbering.count_paragraph(numbering.position)  # Word counts empty paragraphs too
        if not text:
            return
        if self._cells:
            self._cells[-1].append(f"{number or '-'} {text}" if number or numbering.is_list_item else text)
        elif numbering.is_list_item:
            self._builder.add_line(f"{'  ' * numbering.position.level}{number or '-'} {text}")
        else:
            self._builder.add_block(f"{number} {text}" if number else text)

    def _end_row(self, cells: list[str]) -> None:
        if self._cells:  # a table inside a cell: its rows become part of the cell
            self._cells[-1].append(join_cells(cells))
        else:
            self._builder.add_row(cells)


def _read_paragraph_numbering(properties: Any, numbering: Numbering) -> _ParagraphNumbering:
    """Return the list position in a paragraph's properties.

    The properties before a tracked change are nested in them and do not count.
    """
    style, list_id, level = "", None, None
    for element in children(properties, "pStyle"):
        style = attribute(element, "val")
    for number_properties in children(properties, "numPr"):
        for element in children(number_properties, "ilvl"):
            level = min(int(text), 8) if (text := attribute(element, "val")).isdecimal() else level
        for element in children(number_properties, "numId"):
            list_id = attribute(element, "val")
    inherited = numbering.styles.get(style, ListPosition())
    position = ListPosition(
        inherited.list_id if list_id is None else list_id, inherited.level if level is None else level
    )
    if list_id == "0":  # explicitly not numbered, even if the style is
        return _NOT_NUMBERED
    return _ParagraphNumbering(position, list_id is not None or style.startswith(("ListBullet", "ListNumber")))
