"""OpenDocument presentations and drawings (.odp, .odg): the pages with their shapes, notes and comments."""

from typing import Any

from ingest.steps.parse.formats.odf.document import Document
from ingest.steps.parse.formats.odf.inline import descendants
from ingest.steps.parse.formats.odf.names import attribute, name
from ingest.steps.parse.formats.odf.sinks import CellSink

_FRAMES = frozenset(["draw:frame", "draw:custom-shape"])
_NO_NOTES = frozenset(["page-number", "header", "footer", "date-time", "page"])


def read(document: Document, content: Any, kind: str) -> None:
    """Add the slides or pages as sections of this kind."""
    pages = (page for page in content if name(page) == "draw:page")
    for number, page in enumerate(pages, 1):
        _read_page(document, page, kind, number)


def _read_page(document: Document, page: Any, kind: str, number: int) -> None:
    builder, blocks = document.builder, document.blocks
    title_frame = _title_frame(page)
    title = _flat(document, title_frame) if title_frame is not None else ""
    with builder.section(kind, title or (attribute(page, "draw:name") if kind == "page" else "")):
        before, images = len(builder), document.objects.images
        builder.add_heading(title, 1)
        for child in page:
            if child is title_frame or name(child) in ("presentation:notes", "office:forms"):
                continue
            if not _is_placeholder(child):
                blocks.read_block(child)
                builder.end_list()
        for notes in page:
            if name(notes) == "presentation:notes":
                _read_notes(document, notes)
        document.add_comments()
        is_empty = len(builder) == before
        builder.report.count(kind, "empty" if is_empty else "read")
        if is_empty and document.objects.images > images:
            builder.report.warn("image_not_read", f"A {kind} is a picture, which was not read.", f"{kind} {number}")


def _title_frame(page: Any) -> Any:
    for frame in descendants(page, _FRAMES):
        if attribute(frame, "presentation:class") == "title" and not _is_placeholder(frame):
            parent = frame.getparent()
            return frame if parent is page else None
    return None


def _read_notes(document: Document, notes: Any) -> None:
    for shape in notes:
        if attribute(shape, "presentation:class") not in _NO_NOTES and not _is_placeholder(shape):
            document.blocks.read(shape)
            document.builder.end_list()


def _is_placeholder(shape: Any) -> bool:
    """Return whether a shape shows only a prompt of its layout."""
    return attribute(shape, "presentation:placeholder") == "true"


def _flat(document: Document, shape: Any) -> str:
    """Return the text of a shape in one line."""
    sink = CellSink()
    outer, document.blocks.sink = document.blocks.sink, sink
    document.blocks.read(shape)
    document.blocks.sink = outer
    return sink.text
