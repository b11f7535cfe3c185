"""The tables of one Word document, read once for all of its stories."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from ingest.steps.parse.formats.doc.fib import Fib, read_fib
from ingest.steps.parse.formats.doc.fonts import read_fonts
from ingest.steps.parse.formats.doc.lists import read_lists
from ingest.steps.parse.formats.doc.pieces import Piece, read_pieces
from ingest.steps.parse.formats.doc.properties import read_character_runs, read_paragraph_runs
from ingest.steps.parse.formats.doc.styles import Styles

OpenStream = Callable[[str], bytes]
"""Returns the bytes of a stream, b"" if there is none."""


class Document:
    """An open document. Raises InvalidFile or UnsupportedFile if it cannot be read."""

    def __init__(self, stream: OpenStream) -> None:
        self.main = stream("WordDocument")
        self.fib: Fib = read_fib(self.main)
        fib, is_word6 = self.fib, self.fib.is_word6
        self.table = self.main if is_word6 else stream(fib.table_stream)
        self.data = stream("Data")
        self.pieces = sorted(read_pieces(fib, self.main, self.table), key=lambda piece: piece.start)
        self._piece_starts = [piece.start for piece in self.pieces]
        characters, paragraphs = fib.table("characters", self.table), fib.table("paragraphs", self.table)
        self.character_runs = read_character_runs(characters, self.main, is_word6=is_word6)
        self.paragraph_runs = read_paragraph_runs(paragraphs, self.main, is_word6=is_word6)
        self.charsets = read_fonts(fib.table("fonts", self.table), fib.language, is_word6=is_word6)
        self.styles = Styles(fib.table("styles", self.table))
        self.numbering = read_lists(
            self.table, fib.tables.get("lists", (0, 0)), fib.tables.get("list_overrides", (0, 0))
        )

    def pieces_of(self, start: int, end: int) -> list[Piece]:
        """Return the pieces that may hold characters [start, end)."""
        first = max(0, bisect_right(self._piece_starts, start) - 1)
        return self.pieces[first : bisect_left(self._piece_starts, end)]

    def stories(self) -> dict[str, tuple[int, int]]:
        """Return the range of characters of each story. The rest of the text is the story "rest"."""
        total = max((piece.end for piece in self.pieces), default=0)
        if not self.fib.lengths["main"]:  # some programs leave the lengths out
            return {"main": (0, total)}
        ranges, start = {}, 0
        for name, length in self.fib.lengths.items():
            ranges[name] = (start, min(start + length, total))
            start = min(start + length, total)
        ranges["rest"] = (start, total)
        return ranges
