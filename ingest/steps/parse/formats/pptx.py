"""PowerPoint presentations (.pptx): slide by slide, with tables and speaker notes."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from pptx import Presentation

from ingest.steps.parse.formats import offline
from ingest.steps.parse.formats.html import html_to_text
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText, normalize_text

offline.use_blank_language_model()
from unstructured.partition.pptx import partition_pptx  # noqa: E402 - the import downloads a model unless offline was called before


def read(path: Path) -> ParsedText:
    """Return the text of a presentation and the offset of each slide."""
    builder = TextBuilder()
    elements = partition_pptx(
        filename=str(path),
        languages=["eng"],
        include_page_breaks=False,
        include_slide_notes=False,  # unstructured puts notes before their slide, as ordinary paragraphs
        infer_table_structure=True,
    )
    by_slide = groupby(elements, key=lambda element: element.metadata.page_number or 1)
    elements_by_slide = {number: list(group) for number, group in by_slide}
    # A slide without text gets an offset too, so that the n-th offset belongs to the n-th slide.
    for number, notes in enumerate(_notes(path), 1):
        with builder.section("slide"):
            for element in elements_by_slide.get(number, ()):
                _add_element(element, builder)
            if notes:
                builder.add_block(f"Notes:\n{notes}")
    return builder.parsed("pptx")


def _notes(path: Path) -> Iterator[str]:
    """Yield the speaker notes of each slide, "" for a slide without notes."""
    for slide in Presentation(str(path)).slides:
        frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        yield _normalize(frame.text).strip() if frame is not None else ""


def _normalize(text: str) -> str:
    return normalize_text(text).replace("\v", "\n")


def _add_element(element: Any, builder: TextBuilder) -> None:
    text = _normalize(element.text)
    match element.category:
        case "Table":
            builder.add_block(normalize_text(html_to_text(element.metadata.text_as_html or "")) or text)
        case "ListItem":
            builder.add_line(f"{'  ' * min(element.metadata.category_depth or 0, 8)}- {text}")
        case _:
            builder.add_block(text)
