"""The characters of a page with their boxes."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2
import pytest

from ingest.steps.parse.formats.pdf.document import open_document
from ingest.steps.parse.formats.pdf.glyphs import (
    Glyphs,
    address_of,
    needs_glyphs,
    read_angles,
    read_glyphs,
    share_without_unicode,
)
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text
from tests.steps.parse.formats.pdf.test_legibility import font_without_mapping, glyph_numbers


@contextmanager
def text_page(tmp_path: Path, file: PdfFile) -> Iterator[pypdfium2.PdfTextPage]:
    """Open the text of the first page."""
    path = tmp_path / "blob"
    path.write_bytes(file.build())
    with open_document(path) as document:
        page_text = document[0].get_textpage()
        try:
            yield page_text
        finally:
            page_text.close()


def page_of(content: str) -> PdfFile:
    file = PdfFile()
    file.page(content)
    return file


def glyphs_of(tmp_path: Path, content: str) -> Glyphs:
    with text_page(tmp_path, page_of(content)) as page_text:
        return read_glyphs(page_text, page_text.get_text_range())


def test_each_character_has_a_box_on_its_baseline(tmp_path: Path) -> None:
    glyphs = glyphs_of(tmp_path, text(72, 700, "Total: 12"))

    assert glyphs.text == "Total: 12"
    assert glyphs.left[0] == pytest.approx(72)
    assert glyphs.left == sorted(glyphs.left)
    assert glyphs.right[0] == pytest.approx(glyphs.left[1])
    assert [glyphs.baseline(index) for index in (0, 8)] == pytest.approx([700, 700], abs=0.5)
    assert 11 < glyphs.height(0) < 16


def test_spaces_and_line_ends_are_not_visible(tmp_path: Path) -> None:
    glyphs = glyphs_of(tmp_path, text(72, 700, "a b", "c"))

    assert [glyphs.text[index] for index in glyphs.visible(0, len(glyphs.text))] == ["a", "b", "c"]
    assert glyphs.visible(1, 3) == [2]


def test_an_empty_page_has_no_glyphs(tmp_path: Path) -> None:
    assert glyphs_of(tmp_path, "") == Glyphs("", [], [], [], [])


@pytest.mark.parametrize(
    ("matrix", "turns"), [("1 0 0 1", 0.0), ("0 1 -1 0", 0.75), ("0 -1 1 0", 0.25), ("-1 0 0 -1", 0.5)]
)
def test_the_angle_of_a_glyph_is_clockwise(tmp_path: Path, matrix: str, turns: float) -> None:
    with text_page(tmp_path, page_of(f"BT /F1 12 Tf {matrix} 300 400 Tm (Label) Tj ET")) as page_text:
        assert read_angles(address_of(page_text), [0, 4]) == pytest.approx([2 * math.pi * turns] * 2, abs=1e-3)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (text(72, 700, "A plain line of text", "and one more below it"), False),
        (text(72, 700, "left words") + text(400, 700, "right words"), True),
        ("BT /F1 12 Tf 72 700 Td (x) Tj 5 Ts /F1 8 Tf (2) Tj 0 Ts /F1 12 Tf ( is) Tj ET", True),
        ("BT /F1 12 Tf 0 1 -1 0 300 400 Tm (Rotated line) Tj ET", True),
        ("".join(text(72 + 9 * place, 700, letter) for place, letter in enumerate("scattered")), True),
    ],
)
def test_only_conspicuous_runs_need_their_glyphs(tmp_path: Path, content: str, expected: bool) -> None:
    with text_page(tmp_path, page_of(content)) as page_text:
        assert needs_glyphs(page_text, page_text.get_text_range()) is expected


def test_the_share_without_unicode_tells_fonts_that_do_not_name_their_characters(tmp_path: Path) -> None:
    file = PdfFile()
    file.page(glyph_numbers("The contract"), fonts=f"/F2 {font_without_mapping(file)}")

    with text_page(tmp_path, file) as page_text:
        assert share_without_unicode(page_text) == 1.0
    with text_page(tmp_path, page_of(text(72, 700, "The contract"))) as page_text:
        assert share_without_unicode(page_text) == 0.0
