"""Pages that need OCR: which they are, and what becomes of the text that OCR reads."""

from collections.abc import Callable
from typing import Any

import pytest

from ingest.errors import UnsupportedFile
from ingest.steps.parse import ocr
from ingest.steps.parse.formats.layout import TextBuilder
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text
from tests.steps.parse.formats.pdf.test_coverage import add_scan
from tests.steps.parse.formats.pdf.test_legibility import font_without_mapping, glyph_numbers

SeeText = Callable[[str], list[str]]


class FakeRecognizer:
    """Sees the same text on each page, and records the parts that it was asked for."""

    def __init__(self, seen: str) -> None:
        self.seen = seen
        self.parts: list[str] = []

    def add_pdf_page(self, builder: TextBuilder, page: Any, part: str) -> bool:
        self.parts.append(part)
        builder.report.count("page", "ocr" if self.seen else "empty")
        builder.add_block(self.seen)
        return bool(self.seen)


@pytest.fixture
def see_text(monkeypatch: pytest.MonkeyPatch) -> SeeText:
    """Let OCR see this text on each page, and return the list of the pages that it is given."""

    def see(seen: str) -> list[str]:
        recognizer = FakeRecognizer(seen)
        monkeypatch.setattr(ocr, "open_recognizer", lambda: recognizer)
        monkeypatch.setattr(ocr, "is_available", lambda: True)
        return recognizer.parts

    return see


def test_only_pages_without_a_text_layer_are_recognised(read_pdf: ReadPdf, see_text: SeeText) -> None:
    parts = see_text("Recognised words")
    file = PdfFile()
    file.text_page("A page with text.")
    add_scan(file)
    file.page("")
    add_scan(file, text(72, 20, "Scanned with an app"))

    parsed = read_pdf(file)

    assert parts == ["page 2", "page 4"]
    assert parsed.text == "A page with text.\n\nRecognised words\n\nRecognised words"
    assert [parsed.text[s.start : s.end][:10] for s in parsed.sections] == [
        "A page wit",
        "Recognised",
        "",
        "Recognised",
    ]
    assert parsed.report.parts["page"] == {"read": 1, "ocr": 2, "empty": 1}
    assert not parsed.report.warnings


def test_illegible_pages_are_recognised(read_pdf: ReadPdf, see_text: SeeText) -> None:
    see_text("The contract number is 4711")
    file = PdfFile()
    file.page(glyph_numbers("The contract number is 4711"), fonts=f"/F2 {font_without_mapping(file)}")

    assert read_pdf(file).text == "The contract number is 4711"


def test_an_illegible_page_without_text_for_ocr_stays_unread(read_pdf: ReadPdf, see_text: SeeText) -> None:
    see_text("")
    file = PdfFile()
    file.text_page("A page with text.")
    file.page(glyph_numbers("The contract number is 4711"), fonts=f"/F2 {font_without_mapping(file)}")

    parsed = read_pdf(file)

    assert parsed.report.parts["page"] == {"read": 1, "not_read": 1}
    assert parsed.report.warnings[0].message.endswith("OCR found no text.")


def test_scans_with_nothing_but_the_stamp_of_a_scanner_are_refused(read_pdf: ReadPdf, see_text: SeeText) -> None:
    see_text("Scanned with an app")
    file = PdfFile()
    add_scan(file, text(72, 20, "Scanned with an app"))

    with pytest.raises(UnsupportedFile, match="there is no text on its pages"):
        read_pdf(file)


def test_a_worker_without_ocr_hands_the_file_on(read_pdf: ReadPdf, monkeypatch: pytest.MonkeyPatch) -> None:
    def defer() -> None:
        raise ocr.NeedsOcr

    monkeypatch.setattr(ocr, "open_recognizer", defer)
    file = PdfFile()
    file.text_page("A page with text.")
    add_scan(file)

    with pytest.raises(ocr.NeedsOcr):
        read_pdf(file)
