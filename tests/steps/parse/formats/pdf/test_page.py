"""One page: its text layer, form fields, annotations and attached files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.steps.parse.formats.pdf.document import open_document
from ingest.steps.parse.formats.pdf.page import PageContent, read_page
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text
from tests.steps.parse.formats.pdf.test_coverage import add_scan
from tests.steps.parse.formats.pdf.test_fields import form
from tests.steps.parse.formats.pdf.test_legibility import font_without_mapping, glyph_numbers

ReadPage = Callable[[PdfFile], PageContent]


@pytest.fixture
def first_page(tmp_path: Path) -> ReadPage:
    """Read the first page of a file without OCR."""

    def run(file: PdfFile) -> PageContent:
        path = tmp_path / "blob"
        path.write_bytes(file.build())
        with open_document(path) as document:
            return read_page(document, document[0], "page 1", lambda: None)

    return run


def test_a_page_with_a_text_layer_is_read(first_page: ReadPage) -> None:
    file = PdfFile()
    file.text_page("First line", "second line")

    assert first_page(file) == PageContent("read", "First line\nsecond line")


def test_a_page_without_anything_is_empty(first_page: ReadPage) -> None:
    file = PdfFile()
    file.page("")

    assert first_page(file) == PageContent("empty")


def test_a_scan_is_not_read_and_keeps_the_text_of_a_stamp_that_is_not_a_programs(first_page: ReadPage) -> None:
    numbered, stamped = PdfFile(), PdfFile()
    add_scan(numbered, text(72, 20, "EXHIBIT 7"))
    add_scan(stamped, text(72, 20, "Scanned with an app"))

    assert first_page(numbered) == PageContent("not_read", "EXHIBIT 7", pictures=1)
    assert first_page(stamped) == PageContent("not_read", "", pictures=1)


def test_a_page_whose_font_names_no_characters_is_illegible(first_page: ReadPage) -> None:
    file = PdfFile()
    file.page(glyph_numbers("The contract number is 4711"), fonts=f"/F2 {font_without_mapping(file)}")

    assert first_page(file) == PageContent("illegible")


def test_fields_and_notes_stand_beside_the_text(first_page: ReadPage) -> None:
    file = form("/FT/Tx/T(city)/V(Bergen)")
    content = first_page(file)

    assert content.fields == ("city: Bergen",)
    assert content.notes == ()


def test_the_same_note_counts_once(first_page: ReadPage) -> None:
    file = PdfFile()
    note = file.add("<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(See clause four)>>")
    again = file.add("<</Type/Annot/Subtype/Text/Rect[9 9 18 18]/Contents(See clause four)>>")
    file.text_page("A page.", annotations=f"{note} {again}")

    content = first_page(file)

    assert content.text == "A page."
    assert len(content.notes) == 1
    assert "See clause four" in content.notes[0]
