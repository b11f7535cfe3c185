"""PowerPoint presentations: slide by slide, with tables and speaker's notes."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from pptx import Presentation

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
        include_slide_notes=False,  # they would come before their slide, and look like any of its paragraphs
        infer_table_structure=True,
    )
    shown = groupby(elements, key=lambda element: element.metadata.page_number or 1)
    texts = {number: list(group) for number, group in shown}
    # A slide without text still counts, so that offsets can be told by number.
    for number, notes in enumerate(_notes(path), 1):
        slides.append(layout.start_page())
        for element in texts.get(number, ()):
            _add(element, layout)
        if notes:
            layout.block(f"Notes:\n{notes}")
    return Parsed(layout.text(), "pptx", tuple(slides))


def _notes(path: Path) -> Iterator[str]:
    """What the speaker says, of every slide."""
    for slide in Presentation(str(path)).slides:
        frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        yield _tidy(frame.text).strip() if frame is not None else ""


def _tidy(text: str) -> str:
    return clean(text).replace("\v", "\n")


def _add(element: Any, layout: Layout) -> None:
    text = _tidy(element.text)
    match element.category:
        case "Table":
            layout.block(clean(text_of(element.metadata.text_as_html or "")) or text)
        case "ListItem":
            layout.line(f"{'  ' * min(element.metadata.category_depth or 0, 8)}- {text}")
        case _:
            layout.block(text)
