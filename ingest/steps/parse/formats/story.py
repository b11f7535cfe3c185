"""Stories of Word and RTF files: the body, a header, a note, a text box. Each has paragraphs and tables of its own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.steps.parse.formats.layout import TextBuilder, join_cells
from ingest.steps.parse.formats.row_grid import MAX_EDGES as MAX_EDGES
from ingest.steps.parse.formats.row_grid import Row, align_rows
from ingest.steps.parse.formats.scripts import subscript, superscript

_MAX_LIST_LEVEL = 8
_MAX_TABLE_DEPTH = 50
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Properties of a paragraph. `table_depth` is 0 outside tables; `heading` is 0 for text, else the level."""

    table_depth: int = 0
    heading: int = 0
    list_level: int = 0


class Sink:
    """Receives text and drops it. `is_text` tells whether it becomes text of the document."""

    is_text = False

    def write(self, text: str, script: str = "") -> None:
        """Take text; `script` is "super", "sub" or empty."""

    def end_paragraph(self, paragraph: Paragraph) -> None:
        """End the open paragraph."""


class Capture(Sink):
    """Keeps text that is no part of a story, such as the name of a comment's author."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str, script: str = "") -> None:
        """Keep the text."""
        self.parts.append(text)

    @property
    def text(self) -> str:
        """Return the text so far."""
        return "".join(self.parts).strip()


class Story(Sink):
    """Collects the paragraphs and tables of one story in a builder."""

    is_text = True

    def __init__(self) -> None:
        self.builder = TextBuilder()
        self.is_row_open = False
        self._parts: list[str] = []
        self._run: list[str] = []  # text of one script
        self._script = ""
        self._marker = ""
        self._boxes: list[Story] = []
        self._cells: list[list[str]] = []  # for each open table, nested ones last: paragraphs of the open cell
        self._rows: list[list[str]] = []  # and the cells of the open row
        self._table: list[Row] = []  # the closed rows of the outermost table
        self._edges: tuple[int, ...] = ()  # of the cells of the row that is being closed

    def write(self, text: str, script: str = "") -> None:
        """Add text to the open paragraph."""
        if script != self._script:
            self._end_run()
            self._script = script
        self._run.append(text)

    def set_marker(self, marker: str) -> None:
        """Set the number or bullet of the open paragraph."""
        self._marker = marker.strip()

    def add_box(self, box: "Story") -> None:
        """Add a text box that is anchored in the open paragraph: it follows the paragraph."""
        self._boxes.append(box)

    def end_paragraph(self, paragraph: Paragraph) -> None:
        """End the open paragraph."""
        text, marker = self._take_text(), self._marker
        self._marker = ""
        depth = max(paragraph.table_depth, int(self.is_row_open))
        boxes, self._boxes = self._boxes, []
        if depth:
            self._open_tables(depth)
            self._cells[depth - 1] += [_with_marker(marker, text), *(_flat(box) for box in boxes)]
            return
        self._close_tables()
        if text and paragraph.heading:
            self.builder.add_heading(_with_marker(marker, text), paragraph.heading, text)
        elif text and marker:
            indent = "  " * min(paragraph.list_level, _MAX_LIST_LEVEL)
            self.builder.add_line(indent + _with_marker(marker, text))
        else:
            self.builder.add_block(text or marker)
        for box in boxes:
            self.builder.add_parsed(box.builder.parsed("rtf"), "")

    def end_cell(self, paragraph: Paragraph, depth: int) -> None:
        """End the open cell of the table at this depth; 1 is a table that is in no other."""
        depth = min(max(depth, 1), _MAX_TABLE_DEPTH)
        self.end_paragraph(Paragraph(table_depth=depth, list_level=paragraph.list_level))
        self._close_nested(depth)
        paragraphs = self._cells[depth - 1]
        self._rows[depth - 1].append(" ".join(filter(None, paragraphs)))
        paragraphs.clear()

    def end_row(self, depth: int, edges: Sequence[int] = ()) -> None:
        """End the open row of the table at this depth. `edges` are those of its cells; see `align_rows`."""
        depth = min(max(depth, 1), _MAX_TABLE_DEPTH)
        self.is_row_open = False if depth == 1 else self.is_row_open
        if len(self._rows) >= depth:
            self._edges = tuple(edges) if depth == 1 else ()
            self._close_nested(depth - 1, keep_tables=True)
            self._edges = ()

    def end(self, paragraph: Paragraph) -> None:
        """End the story."""
        if self._parts or self._run or self._marker or self._boxes:
            self.end_paragraph(paragraph)
        self._close_tables()

    def _end_run(self) -> None:
        text = "".join(self._run)
        self._run.clear()
        if self._script and text:
            text = superscript(text) if self._script == "super" else subscript(text)
        self._parts.append(text)

    def _take_text(self) -> str:
        self._end_run()
        self._script = ""
        text = "".join(self._parts).replace("\xad", "").strip()
        self._parts.clear()
        return text

    def _open_tables(self, depth: int) -> None:
        while len(self._cells) < depth:
            self._cells.append([])
            self._rows.append([])

    def _close_tables(self) -> None:
        self._close_nested(0)
        if self._table:
            rows, self._table = self._table, []
            for cells in align_rows(rows):
                self.builder.add_row(cells)

    def _close_nested(self, depth: int, *, keep_tables: bool = False) -> None:
        """End the rows of all tables deeper than `depth`; with `keep_tables` the one below `depth` stays open."""
        while len(self._cells) > depth:
            cell, row = self._cells.pop(), self._rows.pop()
            if last := " ".join(filter(None, cell)):
                row.append(last)
            if self._cells:
                if line := join_cells(row):
                    self._add_nested_row(line)
            else:
                self._table.append((row, self._edges))
        if keep_tables:
            self._open_tables(depth + 1)

    def _add_nested_row(self, line: str) -> None:
        """Add the row of a table in a cell to the cell: a semicolon keeps it apart from the previous row."""
        outer = self._cells[-1]
        if outer and isinstance(outer[-1], _NestedRow):
            outer[-1] = _NestedRow(f"{outer[-1]};")
        outer.append(_NestedRow(line))


def add_story(builder: TextBuilder, story: Story) -> None:
    """Add a story with its structure to the builder of the document."""
    builder.add_parsed(story.builder.parsed("story"), "")


def add_distinct_stories(builder: TextBuilder, stories: Iterable[Story]) -> None:
    """Add stories, equal ones once: the headers of all sections are mostly the same."""
    seen: set[str] = set()
    for story in stories:
        text = story.builder.build()
        if text not in seen:
            seen.add(text)
            add_story(builder, story)


def add_comment(builder: TextBuilder, author: str, comment: Story) -> None:
    """Add a comment as a block with its author, and count it. An empty one is dropped."""
    if text := comment.builder.build():
        builder.add_block(f"Comment ({author}): {text}" if author else f"Comment: {text}")
        builder.report.count("comment", "read")


class _NestedRow(str):
    """A row of a table in a cell."""


def _with_marker(marker: str, text: str) -> str:
    if not marker:
        return text
    return f"{marker if _WORD.search(marker) else '-'} {text}".strip() if text else ""


def _flat(story: Story) -> str:
    return " ".join(story.builder.build().split())
