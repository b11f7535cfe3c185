"""HTML to text: one line for each block, one for each table row, without scripts and styles.

The tree is walked without recursion, because hostile pages nest thousands of elements.
"""

import re
from pathlib import Path
from typing import Any

from lxml import etree

from ingest.steps.parse.charset import decode
from ingest.steps.parse.formats.layout import TextBuilder, join_cells
from ingest.steps.parse.parsed import ParsedText


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IGNORED = _words(
    "script style template noscript svg math iframe object embed applet audio video canvas select button datalist "
    "link meta base map frameset"
)
_SPACED_BLOCKS = _words(  # blocks with an empty line before and after
    "p h1 h2 h3 h4 h5 h6 table ul ol dl pre blockquote figure hr title article section header footer main nav aside "
    "form fieldset address details"
)
_PLAIN_BLOCKS = _words("div li dt dd tr caption figcaption summary legend body option center thead tbody tfoot")
_CELLS = frozenset(["td", "th"])
_LAYOUT_TABLE_SIGNS = _words("table h1 h2 h3 h4 h5 h6 ul ol pre form")
_META_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,30})", re.I)
_SPACE = re.compile("[ \\t\\n\\r\\f\\v\\xa0]+")
_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[a-zA-Z/!?][^>]*>", re.S | re.I)


def read(path: Path) -> ParsedText:
    """Return the text of an HTML file."""
    return ParsedText(html_to_text(path.read_bytes()), "html")


def write_html(builder: TextBuilder, html: bytes | str) -> None:
    """Add the text of an HTML document or fragment to a builder."""
    builder.add_block(html_to_text(html))


def html_to_text(html: bytes | str) -> str:
    """Return the text of an HTML document or fragment."""
    source = decode_html(html) if isinstance(html, bytes) else html
    if not source.strip():
        return ""
    # lxml obeys the charset of a meta element even if it is given another one; with UTF-8 bytes both are the same.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, recover=True)
    root = etree.fromstring(source.replace("\0", "").encode("utf-8", "replace"), parser)
    if root is None:
        return ""
    text = _TextWriter(root).text()
    # libxml2 drops content below 2,048 levels. Then return the text without structure.
    return text if text.strip() else _SPACE.sub(" ", _TAG.sub(" ", source)).strip()


def decode_html(data: bytes) -> str:
    """Decode HTML by its byte order mark or its meta element, and else by detection."""
    declared = _META_CHARSET.search(data[:4096])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        name = declared[1].decode("ascii").lower()
        name = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}.get(name, name)
        try:
            if not name.startswith(("utf-16", "utf-32")):  # the pattern would not have matched in these encodings
                return data.decode(name)
        except (LookupError, UnicodeError):
            pass
    return decode(data)


class _TextWriter:
    """Walks the tree once and collects lines."""

    def __init__(self, root: Any) -> None:
        self._lines: list[str] = []
        self._inline: list[str] = []
        self._prefix = ""
        self._lists: list[int] = []  # next number of each open list; 0 for a bulleted list
        self._cells: list[list[str]] = []  # cells of each open row of a data table
        self._in_cell = 0
        self._pre = 0
        self._layout_tables = _layout_tables(root)
        self._tables: list[bool] = []  # for each open table, whether it holds data
        self._walk(root)
        self._flush()

    def text(self) -> str:
        return "\n".join(self._lines).strip("\n")

    def _walk(self, root: Any) -> None:
        walker = etree.iterwalk(root, events=("start", "end"))
        for event, element in walker:
            tag = element.tag
            if event == "start":
                if not isinstance(tag, str) or tag in _IGNORED:
                    walker.skip_subtree()
                    continue
                if tag != "head":
                    self._open(tag, element)
                    if element.text:
                        self._add(element.text)
            else:
                if isinstance(tag, str) and tag not in _IGNORED:
                    self._close(tag)
                if element.tail and element is not root:
                    self._add(element.tail)

    def _open(self, tag: str, element: Any) -> None:
        if tag == "br":
            self._inline.append(" " if self._in_cell else "\n")
        elif tag == "img":
            if alt := element.get("alt"):
                self._add(f" {alt} ")
        elif tag in _CELLS and self._cells:
            self._in_cell += 1
        elif tag == "tr" and self._tables and self._tables[-1]:
            self._break(tag)
            self._cells.append([])
        elif tag in _SPACED_BLOCKS or tag in _PLAIN_BLOCKS or tag in _CELLS:
            self._break(tag)
            if tag == "table":
                self._tables.append(element not in self._layout_tables)
            elif tag in ("ul", "ol"):
                self._lists.append(1 if tag == "ol" else 0)
            elif tag == "li" and not self._in_cell:
                self._prefix = self._marker()
            elif tag == "pre":
                self._pre += 1

    def _close(self, tag: str) -> None:
        if tag in _CELLS and self._cells:
            self._in_cell -= 1
            self._cells[-1].append(_collapse("".join(self._inline)))
            self._inline.clear()
        elif tag == "tr" and self._cells:
            cells = self._cells.pop()
            text_outside_cells = _collapse("".join(self._inline))
            self._inline = [join_cells([*filter(None, [text_outside_cells]), *cells])]
            self._flush()
        elif tag in _SPACED_BLOCKS or tag in _PLAIN_BLOCKS or tag in _CELLS:
            self._break(tag)
            if tag == "table" and self._tables:
                self._tables.pop()
            elif tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            elif tag == "pre" and self._pre:
                self._pre -= 1

    def _marker(self) -> str:
        indent = "  " * max(0, len(self._lists) - 1)
        if self._lists and self._lists[-1]:
            self._lists[-1] += 1
            return f"{indent}{self._lists[-1] - 1}. "
        return f"{indent}- "

    def _add(self, text: str) -> None:
        self._inline.append(text if self._pre and not self._in_cell else _SPACE.sub(" ", text))

    def _break(self, tag: str) -> None:
        if self._in_cell:
            self._inline.append(" ")
            return
        self._flush()
        # No empty lines inside a list: they would turn each item into a paragraph.
        if tag in _SPACED_BLOCKS and self._lines and self._lines[-1] and not (self._lists and tag in ("p", "ul", "ol")):
            self._lines.append("")

    def _flush(self) -> None:
        text = "".join(self._inline)
        self._inline.clear()
        if not text or text.isspace():
            return
        if self._pre:
            self._lines.append(text.strip("\n"))
        else:
            lines = [_collapse(line) for line in text.split("\n")]
            self._lines.append(self._prefix + "\n".join(line for line in lines if line))
        self._prefix = ""


def _layout_tables(root: Any) -> set[Any]:
    """Return the tables that arrange a page instead of holding data: they contain tables, headings or lists."""
    layout_tables: set[Any] = set()
    open_tables: list[Any] = []
    for event, element in etree.iterwalk(root, events=("start", "end"), tag=("table", *_LAYOUT_TABLE_SIGNS)):
        if event == "start":
            if open_tables:
                layout_tables.add(open_tables[-1])
            if element.tag == "table":
                open_tables.append(element)
        elif element.tag == "table":
            open_tables.pop()
    return layout_tables


def _collapse(text: str) -> str:
    return _SPACE.sub(" ", text).strip(" \n")
