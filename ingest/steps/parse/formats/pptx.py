"""PowerPoint presentations: slide by slide, with tables and speaker's notes."""

from pathlib import Path
from typing import Any

from ingest.steps.parse.formats import offline
from ingest.steps.parse.formats.html import text_of
from ingest.steps.parse.formats.layout import Layout
from ingest.steps.parse.parsed import Parsed, clean

offline.prepare()
from unstructured.partition.pptx import partition_pptx  # noqa: E402 - it must not be imported unprepared


def read(path: Path) -> Parsed:
    """Return the text of a presentation and the offset of each slide."""
    layout = Layout()
    slides: list[int] = []
    elements = partition_pptx(
        filename=str(path),
        languages=["eng"],
        include_page_breaks=False,
        include_slide_notes=True,
        infer_table_structure=True,
    )
    for element in elements:
        # A slide without text still counts, so that offsets can be told by number.
        while len(slides) < (element.metadata.page_number or 1):
            slides.append(layout.start_page())
        _add(element, layout)
    return Parsed(layout.text(), "pptx", tuple(slides))


def _add(element: Any, layout: Layout) -> None:
    text = clean(element.text).replace("\v", "\n")
    match element.category:
        case "Table":
            layout.block(clean(text_of(element.metadata.text_as_html or "")) or text)
        case "ListItem":
            layout.line(f"{'  ' * min(element.metadata.category_depth or 0, 8)}- {text}")
        case _:
            layout.block(text)
