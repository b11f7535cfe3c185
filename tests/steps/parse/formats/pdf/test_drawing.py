"""What a page shows besides text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.steps.parse.formats.pdf.document import open_document
from ingest.steps.parse.formats.pdf.drawing import (
    Drawing,
    is_app_stamp,
    is_stamp,
    may_be_stamp,
    read_drawing,
)
from ingest.steps.parse.formats.pdf.glyphs import read_glyphs
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text

SCAN = "q 612 0 0 792 0 0 cm /Im1 Do Q "
LOGO = "q 60 0 0 40 72 700 cm /Im1 Do Q "
CURVE = "0 0 m 10 10 l S "


@pytest.fixture
def draw(tmp_path: Path) -> Callable[[str], Drawing]:
    """Return the drawing of a page with this content, in which Im1 is a picture and Fm1 a form with a scan."""

    def run(content: str) -> Drawing:
        file = PdfFile()
        picture = file.picture()
        form = file.stream(
            SCAN, f"/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</XObject<</Im1 {picture}>>>>"
        )
        file.page(content, resources=f"/XObject<</Im1 {picture}/Fm1 {form}>>")
        path = tmp_path / "blob"
        path.write_bytes(file.build())
        with open_document(path) as document:
            return read_drawing(document[0])

    return run


@pytest.mark.parametrize(
    ("content", "pictures", "curves", "is_blank", "is_scan"),
    [
        ("", 0, 0, True, False),
        (text(72, 700, "Words"), 0, 0, True, False),
        (SCAN, 1, 0, False, True),
        ("/Fm1 Do ", 1, 0, False, True),
        (LOGO, 1, 0, True, False),
        (LOGO * 3, 3, 0, False, False),
        (CURVE * 19, 0, 19, True, False),
        (CURVE * 20, 0, 20, False, False),
    ],
)
def test_pictures_and_curves_tell_a_scan_from_a_blank_page(
    draw: Callable[[str], Drawing], content: str, pictures: int, curves: int, is_blank: bool, is_scan: bool
) -> None:
    drawing = draw(content)

    assert (drawing.pictures, drawing.curves) == (pictures, curves)
    assert (drawing.is_blank, drawing.is_scan) == (is_blank, is_scan)


def test_the_covered_share_is_at_most_the_whole_page(draw: Callable[[str], Drawing]) -> None:
    assert draw(SCAN * 3).covered == 1.0
    assert draw("q 306 0 0 792 0 0 cm /Im1 Do Q ").covered == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (text(72, 20, "ABC-000123"), True),
        (text(72, 770, "Page 1 of 3"), True),
        (text(20, 400, "17"), True),
        (text(300, 400, "Scanned with CamScanner"), True),
        (text(300, 400, "Approved"), False),
        (text(72, 20, "Page 1") + text(300, 400, "Approved"), False),
    ],
)
def test_text_in_the_margins_or_of_a_program_is_a_stamp(tmp_path: Path, content: str, expected: bool) -> None:
    file = PdfFile()
    file.page(content)
    path = tmp_path / "blob"
    path.write_bytes(file.build())

    with open_document(path) as document:
        page = document[0]
        page_text = page.get_textpage()
        raw = page_text.get_text_range()
        assert is_stamp(raw, read_glyphs(page_text, raw), page) is expected
        page_text.close()


def test_a_stamp_is_short() -> None:
    assert may_be_stamp("a " * 120)
    assert not may_be_stamp("a " * 121)


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("Scanned with  CamScanner", True),
        ("DIGITIZED BY the library", True),
        ("EXHIBIT 7", False),
        ("The scanner of the office stands on the second floor, beside the stairs.", False),
    ],
)
def test_the_name_of_a_scanners_program_says_nothing(stamp: str, expected: bool) -> None:
    assert is_app_stamp(stamp) is expected
