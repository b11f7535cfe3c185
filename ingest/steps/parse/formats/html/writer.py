"""`HtmlWriter` walks a tree of HTML once and adds its blocks, headings, lists and tables to a TextBuilder.

The tree is walked without recursion, because hostile pages nest thousands of elements.
"""

from collections.abc import Callable
from typing import Any

from lxml import etree

from ingest.steps.parse.formats.html.blocks import BlockWriter
from ingest.steps.parse.formats.html.controls import input_text, selected_text
from ingest.steps.parse.formats.html.elements import (
    CELLS,
    EDGED,
    HEADINGS,
    IGNORED,
    LISTS,
    NEVER_READ,
    PLAIN,
    PREFORMATTED,
    SPACED,
)
from ingest.steps.parse.formats.html.mathml import math_to_text
from ingest.steps.parse.formats.html.source import parse_html
from ingest.steps.parse.formats.html.tables import Grid, layout_tables, span
from ingest.steps.parse.formats.html.text import BREAK, EDGE, cell_text, collapse
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.scripts import subscript, superscript

_MAX_FRAME_DEPTH = 3
_SHADOW_MODES = ("shadowrootmode", "shadowroot", "shadowmode")  # HTML, its draft, and MHTML as Chrome saves it


class HtmlWriter(BlockWriter):
    """Writes one document or fragment. `reads_fallbacks` adds what a browser shows only without scripts."""

    def __init__(self, builder: TextBuilder, *, reads_fallbacks: bool = False, depth: int = 0) -> None:
        super().__init__(builder)
        self.images = 0
        self._ignored = NEVER_READ if reads_fallbacks else IGNORED
        self._depth = depth
        self._tables: list[Grid | None] = []  # for each open table its cells, or None if it arranges the page
        self._svg = 0
        self._layout_tables: set[Any] = set()

    def write(self, root: Any) -> None:
        """Add the text below `root`."""
        self._layout_tables = layout_tables(root)
        ignored, openers, closers, inline = self._ignored, _OPENERS, _CLOSERS, self._inline
        walker = etree.iterwalk(root, events=("start", "end"))
        for event, element in walker:
            tag = element.tag
            if event == "start":
                if (not isinstance(tag, str) or tag in ignored) and self._is_skipped(tag, element):
                    walker.skip_subtree()
                    continue
                opener = openers.get(tag)
                if opener is not None:
                    if opener(self, element) is False:
                        walker.skip_subtree()
                        continue
                elif "-" in tag:
                    inline.append(EDGE)
                text = element.text
                if text and (inline or self._pre or not text.isspace()) and tag != "head":
                    inline.append(text)
            else:
                if isinstance(tag, str) and tag not in ignored:
                    closer = closers.get(tag)
                    if closer is not None:
                        closer(self, element)
                    elif "-" in tag:
                        inline.append(EDGE)
                text = element.tail
                if text and (inline or self._pre or not text.isspace()) and element is not root:
                    inline.append(text)
        self._flush()

    def _is_skipped(self, tag: Any, element: Any) -> bool:
        """Return whether an ignored element is skipped: all but a template that is the shadow tree of its parent."""
        if tag == "template" and any(map(element.get, _SHADOW_MODES)):
            return False
        if tag == "iframe" and (source := element.get("srcdoc")):
            self._write_frame(source)
        return True

    def _write_frame(self, source: str) -> None:
        """Add a document that an attribute or an element holds as text."""
        self._break_spaced()
        if self._depth < _MAX_FRAME_DEPTH and not self._in_cell and (root := parse_html(source)) is not None:
            writer = HtmlWriter(self._builder, depth=self._depth + 1)
            writer.write(root)
            self.images += writer.images
        self._break_spaced()

    # Blocks

    def _open_title(self, element: Any) -> None:
        if self._svg:
            self._inline.append(EDGE)
        else:
            self._break_spaced()

    def _write_noframes(self, element: Any) -> bool:
        self._write_frame("".join(element.itertext()))  # to the parser its content is text
        return False

    # Tables

    def _open_table(self, element: Any) -> None:
        self._break_spaced()
        is_data = element not in self._layout_tables and not self._in_cell
        self._tables.append(Grid() if is_data else None)

    def _close_table(self, element: Any) -> None:
        grid = self._tables.pop() if self._tables else None
        if grid is None:
            self._break_spaced()
            return
        self._flush()  # a caption: its line belongs to the rows
        if max(map(len, grid.rows), default=0) > 1:
            for row in grid.rows:
                self._builder.add_row(row)
        else:
            for row in grid.rows:
                self._builder.add_line("".join(row))
        self._builder.end_list()

    def _open_row(self, element: Any) -> None:
        self._break_plain()
        if grid := self._grid():
            grid.start_row()

    def _close_row(self, element: Any) -> None:
        self._break_plain()
        if grid := self._grid():
            grid.end_row()

    def _open_cell(self, element: Any) -> None:
        self._break_plain()
        if self._grid() is not None:
            self._in_cell += 1

    def _close_cell(self, element: Any) -> None:
        grid = self._grid()
        if grid is None or not self._in_cell:
            self._break_plain()
            return
        self._in_cell -= 1
        grid.add_cell(cell_text(self._inline), span(element, "colspan"), span(element, "rowspan"))
        self._inline.clear()
        self._scripts.clear()

    def _grid(self) -> Grid | None:
        return self._tables[-1] if self._tables else None

    # Inline elements

    def _mark_edge(self, element: Any) -> None:
        self._inline.append(EDGE)

    def _break_line(self, element: Any) -> None:
        self._inline.append(BREAK)

    def _open_quote(self, element: Any) -> None:
        self._inline.append("“")

    def _close_quote(self, element: Any) -> None:
        self._inline.append("”")

    def _open_script(self, element: Any) -> None:
        self._scripts.append(len(self._inline))

    def _close_script(self, element: Any) -> None:
        start = self._scripts.pop() if self._scripts else len(self._inline)
        text = "".join(self._inline[start:])
        if not text or BREAK in text:
            return
        del self._inline[start:]
        self._inline.append(superscript(text) if element.tag == "sup" else subscript(text))

    def _write_image(self, element: Any) -> None:
        self.images += 1
        if alt := element.get("alt"):
            self._inline.append(f" {collapse(alt)} ")

    def _write_input(self, element: Any) -> None:
        self._inline += (EDGE, input_text(element), EDGE)

    def _write_select(self, element: Any) -> bool:
        self._inline += (EDGE, selected_text(element), EDGE)
        return False

    def _write_math(self, element: Any) -> bool:
        self._inline += (EDGE, math_to_text(element), EDGE)
        return False

    def _open_svg(self, element: Any) -> None:
        self._svg += 1
        self._inline.append(EDGE)

    def _close_svg(self, element: Any) -> None:
        self._svg -= 1
        self._inline.append(EDGE)


_Handler = Callable[[HtmlWriter, Any], Any]
_OPENERS: dict[str, _Handler] = (
    dict.fromkeys(EDGED, HtmlWriter._mark_edge)
    | dict.fromkeys(PLAIN, HtmlWriter._break_plain)
    | dict.fromkeys(SPACED, HtmlWriter._break_spaced)
    | dict.fromkeys(HEADINGS, HtmlWriter._open_heading)
    | dict.fromkeys(LISTS, HtmlWriter._open_list)
    | dict.fromkeys(CELLS, HtmlWriter._open_cell)
    | dict.fromkeys(PREFORMATTED, HtmlWriter._open_preformatted)
    | {
        "p": HtmlWriter._break_in_list,
        "li": HtmlWriter._open_item,
        "table": HtmlWriter._open_table,
        "tr": HtmlWriter._open_row,
        "br": HtmlWriter._break_line,
        "q": HtmlWriter._open_quote,
        "sup": HtmlWriter._open_script,
        "sub": HtmlWriter._open_script,
        "title": HtmlWriter._open_title,
        "img": HtmlWriter._write_image,
        "input": HtmlWriter._write_input,
        "select": HtmlWriter._write_select,
        "math": HtmlWriter._write_math,
        "svg": HtmlWriter._open_svg,
        "noframes": HtmlWriter._write_noframes,
    }
)
_CLOSERS: dict[str, _Handler] = (
    dict.fromkeys(EDGED - {"select", "math", "input"}, HtmlWriter._mark_edge)
    | dict.fromkeys(PLAIN, HtmlWriter._break_plain)
    | dict.fromkeys(SPACED - {"noframes"}, HtmlWriter._break_spaced)
    | dict.fromkeys(LISTS, HtmlWriter._close_list)
    | dict.fromkeys(CELLS, HtmlWriter._close_cell)
    | dict.fromkeys(PREFORMATTED, HtmlWriter._close_preformatted)
    | {
        "p": HtmlWriter._break_in_list,
        "li": HtmlWriter._close_item,
        "table": HtmlWriter._close_table,
        "tr": HtmlWriter._close_row,
        "q": HtmlWriter._close_quote,
        "sup": HtmlWriter._close_script,
        "sub": HtmlWriter._close_script,
        "title": HtmlWriter._open_title,
        "svg": HtmlWriter._close_svg,
    }
)
