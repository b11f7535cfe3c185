"""Boxes of glyphs whose font does not give its ascent and descent."""

from pathlib import Path

import pytest

from ingest.steps.parse.formats.pdf.document import open_document
from ingest.steps.parse.formats.pdf.glyphs import Glyphs, address_of, read_glyphs
from ingest.steps.parse.formats.pdf.inkboxes import with_font_boxes
from tests.steps.parse.formats.pdf.pdf_file import PdfFile


def boxes(tmp_path: Path, content: str, descriptor: str) -> tuple[Glyphs, Glyphs]:
    """Return the glyphs of a page as pdfium gives them, and with the boxes of their font F2."""
    file = PdfFile()
    font = file.add(
        "<</Type/Font/Subtype/TrueType/BaseFont/Sans/Encoding/WinAnsiEncoding/FirstChar 32/LastChar 126"
        f"/Widths[{' 500' * 95}]/FontDescriptor<</Type/FontDescriptor/FontName/Sans/Flags 32/FontBBox[0 -200 1000 800]"
        f"/ItalicAngle 0{descriptor}/CapHeight 700/StemV 80>>>>"
    )
    file.page(content, fonts=f"/F2 {font}")
    path = tmp_path / "blob"
    path.write_bytes(file.build())
    with open_document(path) as document:
        page_text = document[0].get_textpage()
        try:
            glyphs = read_glyphs(page_text, page_text.get_text_range())
            return glyphs, with_font_boxes(glyphs, address_of(page_text))
        finally:
            page_text.close()


@pytest.mark.parametrize(
    "content",
    [
        "BT /F2 12 Tf 72 700 Td (Words ag) Tj ET",
        "BT /F2 1 Tf 12 0 0 12 72 700 Tm (Words ag) Tj ET",
        "BT /F2 6 Tf 2 0 0 2 72 700 Tm (Words ag) Tj ET",
    ],
)
def test_boxes_without_a_descent_become_as_high_as_the_font(tmp_path: Path, content: str) -> None:
    before, after = boxes(tmp_path, content, "/Ascent 700/Descent 0")

    visible = after.visible(0, len(after.text))
    assert before.bottom[0] == pytest.approx(700)
    assert [after.baseline(index) for index in visible] == pytest.approx([700] * len(visible))
    assert [after.height(index) for index in visible] == pytest.approx([14.4] * len(visible))
    assert (after.text, after.left, after.right) == (before.text, before.left, before.right)


def test_boxes_of_a_font_with_its_descent_stay(tmp_path: Path) -> None:
    before, after = boxes(tmp_path, "BT /F2 12 Tf 72 700 Td (Words ag) Tj ET", "/Ascent 800/Descent -200")

    assert after is before


@pytest.mark.parametrize("content", ["BT /F2 12 Tf 0 1 -1 0 72 700 Tm (Words) Tj ET", ""])
def test_rotated_glyphs_and_empty_pages_stay(tmp_path: Path, content: str) -> None:
    before, after = boxes(tmp_path, content, "/Ascent 700/Descent 0")

    assert after is before
