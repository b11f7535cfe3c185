"""Word documents: read as a stream, so that their size costs time but little memory."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lxml import etree

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.layout import Layout, join_cells
from ingest.steps.parse.formats.numbering import Numbering, Place, children, read_numbering, value
from ingest.steps.parse.parsed import Parsed

_MAIN = re.compile(r"word/document\d*\.xml")
_BEFORE = re.compile(r"word/header\d*\.xml")
_AFTER = (re.compile(r"word/(footnotes|endnotes)\d*\.xml"), re.compile(r"word/comments\d*\.xml"))
_LAST = re.compile(r"word/footer\d*\.xml")
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_SKIPPED = frozenset(["Fallback", "moveFrom"])  # what is said a second time, and what was moved away
_WANTED = [f"{{*}}{name}" for name in ("p", "pPr", "r", "t", "tbl", "tr", "tc", *_CHARACTERS, *_SKIPPED)]
_PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": True, "recover": False}


@dataclass(frozen=True)
class _Item:
    place: Place
    listed: bool  # other numbered paragraphs are headings and clauses


_NOT_LISTED = _Item(Place(), False)


def read(path: Path) -> Parsed:
    """Return the text of a document: headers, body, notes, comments, footers."""
    layout = Layout()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        main = [name for name in names if _MAIN.fullmatch(name)]
        if not main:
            raise InvalidFile("The file could not be parsed as docx: its main part is missing.")
        _read_once(archive, sorted(filter(_BEFORE.fullmatch, names)), layout)
        with archive.open(main[0]) as part:
            _Body(layout, read_numbering(archive)).read(part)
        for pattern in _AFTER:
            _read_once(archive, sorted(filter(pattern.fullmatch, names)), layout)
        _read_once(archive, sorted(filter(_LAST.fullmatch, names)), layout)
    return Parsed(layout.text(), "docx")


def _read_once(archive: zipfile.ZipFile, names: list[str], layout: Layout) -> None:
    """Add parts of one sort; the header of every section is the same most of the time, and then said once."""
    seen: set[str] = set()
    for name in names:
        own = Layout()
        with archive.open(name) as part:
            _Body(own, Numbering()).read(part)
        text = own.text()
        if text not in seen:
            seen.add(text)
            layout.block(text)


class _Body:
    """Follows the elements of one part and adds what they say to a layout."""

    def __init__(self, layout: Layout, numbering: Numbering) -> None:
        self._layout = layout
        self._numbering = numbering
        self._paragraphs: list[list[str]] = []  # open ones: a text box stands inside a paragraph
        self._items: list[_Item] = []
        self._rows: list[list[str]] = []  # cells of the open rows, nested tables last
        self._cells: list[list[str]] = []  # paragraphs of the open cells
        self._skipped = 0  # how many skipped elements are open

    def read(self, part: IO[bytes]) -> None:
        for event, element in etree.iterparse(part, events=("start", "end"), tag=_WANTED, **_PARSER):
            name = element.tag.rpartition("}")[2]
            if event == "start":
                self._start(name)
                continue
            self._end(name, element)
            # Forget what has been read; its parent's earlier children too, or a million empty shells remain.
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
            self._items.append(_NOT_LISTED)
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
            # A tab stop of the paragraph's style has this name too; it stands in w:tabs.
            parent = element.getparent()
            if parent is None or not parent.tag.endswith("}tabs"):
                self._write(_CHARACTERS[name])
        elif name == "pPr":
            if self._items:
                self._items[-1] = _item(element, self._numbering)
        elif name == "p":
            self._end_paragraph()
        elif name == "tc" and self._cells:
            cell = " ".join(self._cells.pop())
            if self._rows:
                self._rows[-1].append(cell)
        elif name == "tr" and self._rows:
            self._end_row(self._rows.pop())
        elif name == "tbl" and not self._rows:
            self._layout.end_list()

    def _write(self, text: str) -> None:
        if self._paragraphs:
            self._paragraphs[-1].append(text)

    def _end_paragraph(self) -> None:
        text = "".join(self._paragraphs.pop()).strip() if self._paragraphs else ""
        item = self._items.pop() if self._items else _NOT_LISTED
        number = self._numbering.next(item.place)  # an empty paragraph counts as well
        if not text:
            return
        if self._cells:
            self._cells[-1].append(f"{number or '-'} {text}" if number or item.listed else text)
        elif item.listed:
            self._layout.line(f"{'  ' * item.place.level}{number or '-'} {text}")
        else:
            self._layout.block(f"{number} {text}" if number else text)

    def _end_row(self, cells: list[str]) -> None:
        if self._cells:  # a table in a cell: its rows become part of the cell
            self._cells[-1].append(join_cells(cells))
        else:
            self._layout.row(cells)


def _item(properties: Any, numbering: Numbering) -> _Item:
    """Return what the properties of a paragraph say of its place in a list; not what they were before a tracked change,
    which stands in them too."""
    style, list_id, level = "", None, None
    for element in children(properties, "pStyle"):
        style = value(element, "val")
    for numbered in children(properties, "numPr"):
        for element in children(numbered, "ilvl"):
            level = min(int(said), 8) if (said := value(element, "val")).isdecimal() else level
        for element in children(numbered, "numId"):
            list_id = value(element, "val")
    inherited = numbering.styles.get(style, Place())
    place = Place(inherited.list_id if list_id is None else list_id, inherited.level if level is None else level)
    if list_id == "0":  # not numbered, whatever its style says
        return _NOT_LISTED
    return _Item(place, list_id is not None or style.startswith(("ListBullet", "ListNumber")))
