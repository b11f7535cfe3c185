"""Headers and footers of the printed pages of spreadsheets (ODF 1.3 part 3, 16.10 and 16.11)."""

from typing import Any

from ingest.steps.parse.formats.odf.names import attribute, name
from ingest.steps.parse.formats.sheets.sheet_extras import print_header_text

_FIELDS = {"text:page-number": "&P", "text:page-count": "&N"}
_DROPPED = frozenset(
    ["text:sheet-name", "text:date", "text:time", "text:title", "text:file-name", "text:author-name", "text:s"]
)
_MAX_DEPTH = 20


class PrintHeaders:
    """The texts of the headers and footers of master pages, by the names of these pages."""

    def __init__(self) -> None:
        self._pages: dict[str, Any] = {}

    def add(self, root: Any) -> None:
        """Add the master pages in the root of a document of styles."""
        for container in root:
            if name(container) == "office:master-styles":
                self.add_pages(container)

    def add_pages(self, container: Any) -> None:
        """Add the master pages in an element."""
        for page in container:
            self._pages[attribute(page, "style:name")] = page

    def texts(self, page: str) -> list[str]:
        """Return the texts on the pages of one kind, each once, without page numbers, dates and names of sheets."""
        parts = self._pages.get(page)
        texts = [_text(part) for part in (() if parts is None else parts) if _is_shown(part)]
        return [text for text in dict.fromkeys(texts) if text]


def _is_shown(part: Any) -> bool:
    kind = name(part)
    is_header = kind.startswith(("style:header", "style:footer")) and not kind.endswith("-style")
    return is_header and attribute(part, "style:display") != "false"


def _text(part: Any) -> str:
    lines = ("".join(_code(paragraph, 0)) for paragraph in part.iter("{*}p"))
    return print_header_text("\n".join(lines))


def _code(element: Any, depth: int) -> list[str]:
    """Return the text of a paragraph with the page numbers as Excel writes them."""
    parts = [(element.text or "").replace("&", "&&")]
    for child in element:
        kind = name(child)
        if kind in _FIELDS:
            parts.append(_FIELDS[kind])
        elif kind in _DROPPED:
            parts.append(" ")
        elif kind and depth < _MAX_DEPTH:
            parts += _code(child, depth + 1)
        parts.append((child.tail or "").replace("&", "&&"))
    return parts
