"""Which pages are read, empty, scanned or damaged, and what the report says about them."""

import pytest

from ingest.errors import UnsupportedFile
from ingest.steps.parse.formats.pdf.coverage import name_pages
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text

SCAN = "q 612 0 0 792 0 0 cm /Im1 Do Q "
LOGO = "q 60 0 0 40 72 700 cm /Im1 Do Q "


def add_scan(file: PdfFile, stamp: str = "", picture: str = SCAN) -> None:
    file.page(picture + stamp, resources=f"/XObject<</Im1 {file.picture()}>>")


def warnings_of(read_pdf: ReadPdf, file: PdfFile) -> list[tuple[str, str]]:
    return [(warning.code, warning.part) for warning in read_pdf(file).report.warnings]


@pytest.mark.parametrize("stamp", ["Scanned with an app", "CamScanner", "Page 1 of 3", "ABC-000123"])
def test_a_scan_is_refused_even_if_each_page_has_a_stamp(read_pdf: ReadPdf, stamp: str) -> None:
    file = PdfFile()
    for _ in range(3):
        add_scan(file, text(72, 20, stamp))

    with pytest.raises(UnsupportedFile, match=r"no text layer \(it was scanned\), and OCR is off \(INGEST_OCR"):
        read_pdf(file)


def test_scanned_pages_among_others_are_reported_as_a_range(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.text_page("The only page with text.")
    for _ in range(300):
        add_scan(file, text(72, 20, "Scanned with an app"))

    parsed = read_pdf(file)

    assert parsed.text == "The only page with text."
    assert parsed.report.parts["page"] == {"read": 1, "not_read": 300}
    assert warnings_of(read_pdf, file) == [("page_not_read", "pages 2 to 301")]
    assert "INGEST_OCR" in parsed.report.warnings[0].message
    assert len(parsed.pages) == 301


def test_the_number_of_an_exhibit_on_a_scan_is_kept(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.text_page("A page with text.")
    add_scan(file, text(72, 20, "EXHIBIT 7"))

    parsed = read_pdf(file)

    assert parsed.text == "A page with text.\n\nEXHIBIT 7"
    assert parsed.report.parts["page"] == {"read": 1, "not_read": 1}


def test_a_recognised_text_layer_under_a_scan_is_text(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    lines = [f"Line {number} of the text that was recognised before." for number in range(5)]
    add_scan(file, "3 Tr " + text(72, 700, *lines))

    parsed = read_pdf(file)

    assert parsed.text.split("\n") == lines
    assert not parsed.report.warnings


def test_a_title_in_the_middle_of_a_full_page_picture_is_text(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    add_scan(file, text(72, 400, "Thank you", size=40))

    assert read_pdf(file).text == "Thank you"


def test_blank_pages_are_empty_and_not_reported(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.text_page("Text.")
    file.page("72 72 400 1 re f")

    parsed = read_pdf(file)

    assert parsed.report.parts["page"] == {"read": 1, "empty": 1}
    assert not parsed.report.warnings


def test_a_page_of_curves_is_not_blank(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.text_page("Text.")
    file.page("".join(f"{72 + number} 72 m 90 100 90 200 {number} 300 c f " for number in range(40)))

    assert warnings_of(read_pdf, file) == [("page_not_read", "page 2")]


def test_a_picture_beside_text_is_counted_without_a_warning(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    add_scan(file, text(72, 600, "A letter with a logo."), picture=LOGO)

    parsed = read_pdf(file)

    assert parsed.report.parts == {"page": {"read": 1}, "image": {"not_read": 1}}
    assert not parsed.report.warnings


def test_a_blank_file_is_refused(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.page("")

    with pytest.raises(UnsupportedFile, match="no text layer, and there is no text on its pages"):
        read_pdf(file)


def test_a_damaged_page_is_reported_and_the_rest_is_read(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.text_page("First page.")
    file.text_page("Second page.")
    data = file.build()
    page = data.rindex(b"<</Type/Page/")

    parsed = read_pdf(data[:page] + b"<</Type/Nope" + data[page + 12 :])

    assert parsed.text == "First page."
    assert parsed.report.parts["page"] == {"read": 1, "failed": 1}
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [("page_failed", "page 2")]


@pytest.mark.parametrize(
    ("numbers", "phrase"),
    [
        ([2], "page 2"),
        ([3, 4, 5], "pages 3 to 5"),
        ([1, 4, 5, 9], "pages 1, 4 to 5 and 9"),
        (
            range(1, 100, 2),
            "pages 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39 and others",
        ),
    ],
)
def test_page_numbers_are_named_as_ranges(numbers: list[int], phrase: str) -> None:
    assert name_pages(numbers) == phrase
