"""OpenDocument text (.odt): the headers of its pages, the text, notes, comments, and footers."""

from typing import Any

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.odf.document import Document
from ingest.steps.parse.formats.odf.names import attribute, name


def read(document: Document, content: Any) -> None:
    """Add a text document to the builder."""
    _add_page_parts(document, "style:header")
    document.blocks.read(content)
    document.builder.end_list()
    document.add_notes()
    document.add_comments()
    _add_page_parts(document, "style:footer")
    document.add_comments()


def _add_page_parts(document: Document, kind: str) -> None:
    """Add the headers or footers of all pages, equal ones once."""
    seen: set[str] = set()
    for part in _page_parts(document.styles_root, kind):
        builder = TextBuilder()
        outer, document.blocks.sink = document.blocks.sink, builder
        document.blocks.read(part)
        document.blocks.sink = outer
        text = builder.build()
        if text not in seen:
            seen.add(text)
            document.builder.add_parsed(builder.parsed("odt"), "")


def _page_parts(styles: Any, kind: str) -> list[Any]:
    parts = []
    for container in styles if styles is not None else ():
        if name(container) != "office:master-styles":
            continue
        for page in container:
            parts += [
                part
                for part in page
                if name(part).startswith(kind)
                and name(part) != f"{kind}-style"
                and attribute(part, "style:display") != "false"
            ]
    return parts
