"""`ParsedText`, the result of parsing a file: its text, the structure of the text, and the coverage report."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.errors import InvalidFile, OversizedFile
from ingest.steps.parse.normalization import normalize_text as normalize_text
from ingest.steps.parse.report import Report

PARSER_VERSION: str = "3"
"""Part of the key of stored parsed text. Increase it when the same bytes would give another text or structure."""

NO_TEXT_MESSAGE = "The file contains no text."


@dataclass(frozen=True)
class Section:
    """A part of a file that a citation names: characters [start, end) of the text.

    `kind` is "page", "slide", "sheet", "chapter", "message" or "attachment". `number` counts from 1 among the parts of
    this kind in the same container. Sections of files in files are nested in the section of their file.
    """

    kind: str
    number: int
    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Heading:
    """A heading that starts at character `start`. Level 1 is the highest."""

    start: int
    level: int
    title: str


@dataclass(frozen=True)
class Table:
    """Rows of cells, one line each: characters [start, end). The header row is [start, header_end).

    `row_numbers` are pairs of an offset and the number of the row that starts there. The rows below it count on by one
    to the next pair. It is empty for tables whose rows have no numbers, as in a text document.
    """

    start: int
    header_end: int
    end: int
    row_numbers: tuple[tuple[int, int], ...] = ()

    def moved(self, shift: int) -> "Table":
        """Return the table with all offsets moved by `shift`."""
        numbers = tuple((offset + shift, number) for offset, number in self.row_numbers)
        return Table(self.start + shift, self.header_end + shift, self.end + shift, numbers)


@dataclass(frozen=True)
class ParsedText:
    """The text of one file.

    `text` has no NULs and no lone surrogates, ends its lines with "\\n" and is never blank. `kind` is the format that
    was parsed. All offsets in the structure are characters of `text`, in rising order of their starts.
    """

    text: str
    kind: str
    sections: tuple[Section, ...] = ()
    headings: tuple[Heading, ...] = ()
    tables: tuple[Table, ...] = ()
    report: Report = field(default_factory=Report)

    @property
    def pages(self) -> tuple[int, ...]:
        """Return the offsets at which the pages or slides start."""
        return tuple(section.start for section in self.sections if section.kind in ("page", "slide"))

    def structure_to_json(self) -> dict[str, Any]:
        """Return everything but the text as JSON."""
        return {
            "kind": self.kind,
            "sections": [[s.kind, s.number, s.name, s.start, s.end] for s in self.sections],
            "headings": [[h.start, h.level, h.title] for h in self.headings],
            "tables": [[t.start, t.header_end, t.end, t.row_numbers] for t in self.tables],
            "report": self.report.to_json(),
        }

    @classmethod
    def from_json(cls, text: str, structure: Mapping[str, Any]) -> "ParsedText":
        """Return a text with the structure that `structure_to_json` wrote."""
        return cls(
            text,
            structure["kind"],
            tuple(Section(*values) for values in structure["sections"]),
            tuple(Heading(*values) for values in structure["headings"]),
            tuple(
                Table(start, header_end, end, tuple((offset, number) for offset, number in row_numbers))
                for start, header_end, end, row_numbers in structure["tables"]
            ),
            Report.from_json(structure["report"]),
        )

    def normalized(self) -> "ParsedText":
        """Return this text normalised. Raises ValueError if that would make the offsets of its structure wrong."""
        text = normalize_text(self.text)
        if len(text) != len(self.text) and (self.sections or self.headings or self.tables):
            raise ValueError("a parser returned structure for a text that is not normalised")
        return self if text == self.text else replace(self, text=text)


def check_text(parsed: ParsedText, max_text_mib: int) -> ParsedText:
    """Return `parsed`. Raises InvalidFile if its text is blank or longer than `max_text_mib` in UTF-8."""
    if not parsed.text or parsed.text.isspace():
        raise InvalidFile(_no_text_message(parsed.report), parsed.report.to_json())
    if _is_longer(parsed.text, max_text_mib * 2**20):
        raise OversizedFile(f"The file contains more than {max_text_mib} MiB of text. Split it and upload the parts.")
    return parsed


def _no_text_message(report: Report) -> str:
    """Return the message for a file without text, with the reason if there is one."""
    return f"{NO_TEXT_MESSAGE} {report.warnings[0].message}" if report.warnings else NO_TEXT_MESSAGE


def _is_longer(text: str, limit: int) -> bool:
    if len(text) > limit:
        return True
    # A character has at most four bytes in UTF-8, so most texts are measured without encoding them.
    return len(text) * 4 > limit and not text.isascii() and len(text.encode()) > limit
