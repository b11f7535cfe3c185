"""`BlockWriter`: where blocks of HTML begin and end, and the paragraphs, headings and list items that they make."""

from typing import Any

from ingest.steps.parse.formats.html.elements import HEADINGS
from ingest.steps.parse.formats.html.lists import ListMarkers
from ingest.steps.parse.formats.html.text import EDGE, block_text, preformatted_text
from ingest.steps.parse.formats.layout import TextBuilder

_MAX_HEADING_CHARACTERS = 400  # longer ones are text that somebody wanted large


class BlockWriter:
    """Collects inline text until a block ends."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._inline: list[str] = []
        self._scripts: list[int] = []  # where each open superscript or subscript begins in `_inline`
        self._prefix = ""  # the marker of a list item whose text has not begun
        self._heading = 0  # the level of the open heading
        self._lists: list[ListMarkers] = []
        self._in_cell = 0  # open cells of tables that hold data: their text is one line
        self._pre = 0

    def _flush(self) -> None:
        inline = self._inline
        if not inline:
            return
        text = preformatted_text(inline) if self._pre else block_text(inline)
        inline.clear()
        self._scripts.clear()
        if not text or text.isspace():
            return
        if self._heading and len(text) <= _MAX_HEADING_CHARACTERS:
            self._builder.add_heading(self._prefix + text, self._heading, text)
        else:
            self._builder.add_line(self._prefix + text if self._prefix else text)
        self._prefix = ""

    def _break_plain(self, element: Any = None) -> None:
        if self._in_cell or self._heading:
            self._inline.append(" ")
        elif self._inline:
            self._flush()

    def _break_spaced(self, element: Any = None) -> None:
        if self._in_cell:
            self._inline.append(" ")
            return
        if self._inline:
            self._flush()
        self._heading = 0
        self._builder.end_list()

    def _break_in_list(self, element: Any = None) -> None:
        """Break at a paragraph. No empty lines inside a list: they would turn each item into a paragraph."""
        if self._lists and not self._in_cell:
            self._flush()
        else:
            self._break_spaced()

    def _open_heading(self, element: Any) -> None:
        self._break_spaced()
        if not self._in_cell:
            self._heading = HEADINGS[element.tag]

    def _open_preformatted(self, element: Any) -> None:
        if element.tag == "textarea":
            self._inline.append(EDGE)
            return
        self._break_spaced()
        self._pre += 1

    def _close_preformatted(self, element: Any) -> None:
        if element.tag == "textarea":
            self._inline.append(EDGE)
            return
        self._break_spaced()
        self._pre = max(0, self._pre - 1)

    def _open_list(self, element: Any) -> None:
        self._break_in_list()
        self._lists.append(ListMarkers(element))

    def _close_list(self, element: Any) -> None:
        if self._lists:
            self._lists.pop()
        self._break_in_list()

    def _open_item(self, element: Any) -> None:
        self._break_plain()
        marker = self._lists[-1].next_marker(element) if self._lists else "- "
        if self._in_cell:
            if marker != "- ":
                self._inline.append(marker)
        else:
            self._prefix = "  " * max(0, len(self._lists) - 1) + marker

    def _close_item(self, element: Any) -> None:
        self._break_plain()
        self._prefix = ""
