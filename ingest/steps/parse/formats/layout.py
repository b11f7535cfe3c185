"""`TextBuilder`: how paragraphs, lists, tables and pages look in plain text, the same for every format."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ingest.steps.parse.parsed import Heading, ParsedText, Section, Table, normalize_text
from ingest.steps.parse.report import Report, ReportBuilder

CELL_SEPARATOR = " | "
MAX_EMPTY_CELLS = 50
_MAX_TITLE_CHARACTERS = 200


class TextBuilder:
    """Collects blocks of text, their structure and the coverage report.

    Items of a list and rows of a table follow each other; an empty line separates the rest. All text is normalised.
    """

    def __init__(self) -> None:
        self.report = ReportBuilder()
        self._parts: list[str] = []
        self._length = 0
        self._is_last_a_line = False
        self._sections: list[Section] = []
        self._section_counts: list[dict[str, int]] = [{}]  # for each open section, how many of each kind it has
        self._headings: list[Heading] = []
        self._tables: list[Table] = []
        self._table: _OpenTable | None = None

    def __len__(self) -> int:
        """Return the number of characters so far, without the separator of the next block."""
        return self._length

    def add_block(self, text: str) -> None:
        """Add a paragraph or another block. Blank text is dropped."""
        self._close_table()
        self._add(text, is_line=False)

    def add_heading(self, text: str, level: int, title: str = "") -> None:
        """Add a heading as a block. `title` is what citations show of it, by default its text."""
        self._close_table()
        start = self._add(text, is_line=False)
        if start is not None:
            title = " ".join(normalize_text(title or text).split())[:_MAX_TITLE_CHARACTERS]
            self._headings.append(Heading(start, level, title))

    def add_line(self, text: str) -> None:
        """Add a list item below the previous one, without an empty line."""
        self._close_table()
        self._add(text, is_line=True)

    def add_row(self, cells: Iterable[str], number: int | None = None) -> None:
        """Add a table row with its cells in one line; see `join_cells`. The first row of a table is its header.

        `number` is the row's number in its sheet.
        """
        self.add_joined_row(join_cells(cells), number)

    def add_joined_row(self, line: str, number: int | None = None, *, is_header: bool = False) -> None:
        """Add a table row whose cells `join_cells` or its like has joined. A blank one is dropped.

        `is_header` makes it a part of the header if all rows above it are.
        """
        start = self._add(line, is_line=True)
        if start is None:
            return
        if self._table is None:
            self._table = _OpenTable(start, self._length)
        self._table.add_row(start, number)
        if is_header:
            self._table.extend_header(start, self._length)

    def end_list(self) -> None:
        """End a list or a table: an empty line separates the next line from the previous ones."""
        self._close_table()
        self._is_last_a_line = False

    @contextmanager
    def section(self, kind: str, name: str = "", number: int | None = None) -> Iterator[None]:
        """Collect what is added inside the context as a section. An empty line separates it from the rest.

        `number` is by default one more than that of the previous section of this kind in the same container.
        """
        self.end_list()
        counts = self._section_counts[-1]
        counts[kind] = counts.get(kind, 0) + 1 if number is None else number
        start, index = self._next_start(), len(self._sections)
        name = " ".join(normalize_text(name).split())[:_MAX_TITLE_CHARACTERS]
        self._sections.append(Section(kind, counts[kind], name, start, start))
        self._section_counts.append({})
        try:
            yield
        finally:
            self._section_counts.pop()
            self.end_list()
            self._sections[index] = Section(kind, counts[kind], name, start, max(start, self._length))

    def add_parsed(self, parsed: ParsedText, part: str) -> None:
        """Add the text, structure and report of a file inside this one. `part` names the file in warnings."""
        self.end_list()
        self.report.add(parsed.report, part)
        shift = self._add(parsed.text, is_line=False)
        if shift is None:
            return
        self._sections += [Section(s.kind, s.number, s.name, s.start + shift, s.end + shift) for s in parsed.sections]
        self._headings += [Heading(h.start + shift, h.level, h.title) for h in parsed.headings]
        self._tables += [t.moved(shift) for t in parsed.tables]

    def build(self) -> str:
        """Return the text added so far."""
        return "".join(self._parts)

    def parsed(self, kind: str, reader: str = "", reader_version: str = "") -> ParsedText:
        """Return the text with its structure and report. `reader` is the library that read it, if it was one."""
        self._close_table()
        return ParsedText(
            self.build(),
            kind,
            tuple(self._inside(section) for section in self._sections),
            tuple(self._headings),
            tuple(self._tables),
            self._report(reader, reader_version),
        )

    def _inside(self, section: Section) -> Section:
        """Return a section within the text: empty ones at the end would start behind it."""
        if section.end <= self._length:
            return section
        return Section(section.kind, section.number, section.name, min(section.start, self._length), self._length)

    def _report(self, reader: str, version: str) -> Report:
        return self.report.build().with_reader(reader, version)

    def _next_start(self) -> int:
        return self._length + 2 if self._parts else 0

    def _add(self, text: str, *, is_line: bool) -> int | None:
        """Add text and return where it starts, or None if it is blank."""
        text = normalize_text(text)
        if not text or text.isspace():
            return None
        separator = ("\n" if is_line and self._is_last_a_line else "\n\n") if self._parts else ""
        start = self._length + len(separator)
        self._parts.append(separator + text)
        self._length = start + len(text)
        self._is_last_a_line = is_line
        return start

    def _close_table(self) -> None:
        if self._table is not None:
            self._tables.append(self._table.close(self._length))
            self._table = None


class _OpenTable:
    """A table whose rows are still being added."""

    def __init__(self, start: int, header_end: int) -> None:
        self._start = start
        self._header_end = header_end
        self._row_numbers: list[tuple[int, int]] = []
        self._next_number: int | None = None

    def add_row(self, start: int, number: int | None) -> None:
        if number is not None and number != self._next_number:
            self._row_numbers.append((start, number))
        self._next_number = None if number is None else number + 1

    def extend_header(self, start: int, end: int) -> None:
        """Make the row at [start, end) a part of the header if it follows it."""
        if start <= self._header_end + 1:
            self._header_end = max(self._header_end, end)

    def close(self, end: int) -> Table:
        return Table(self._start, self._header_end, end, tuple(self._row_numbers))


def join_cells(cells: Iterable[str]) -> str:
    """Return cells as one line, or "" if all are empty.

    Empty cells keep their place, so that a value stays below its header; those at the end are dropped. A run of more
    than MAX_EMPTY_CELLS empty cells is spacing and counts as that many: a row may have sixteen thousand of them.
    """
    kept: list[str] = []
    empty = 0
    for cell in cells:
        text = " ".join(cell.split())
        if not text:
            empty += 1
            continue
        kept += [""] * min(empty, MAX_EMPTY_CELLS)
        kept.append(text)
        empty = 0
    return CELL_SEPARATOR.join(kept)
