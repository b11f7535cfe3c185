"""The style sheet of a Word document."""

import pytest

from ingest.steps.parse.formats.doc.styles import Styles
from tests.steps.parse.formats.doc.conftest import ReadDoc
from tests.steps.parse.formats.doc.doc_file import DocFile, sprm, style_sheet


def test_headings_come_from_styles_and_outline_levels(read_doc: ReadDoc) -> None:
    styles = style_sheet([(0, 0xFFF, b""), (1, 0, b""), (62, 0, b""), (0xFFE, 1, b""), (0xFFE, 0, sprm(0x2640, 2))])
    text = "Book\rOne\rOwn\rThree\rDirect\rtext\r"
    paragraphs = {0: (2, b""), 1: (1, b""), 2: (3, b""), 3: (4, b""), 4: (0, sprm(0x2640, 1)), 5: (1, sprm(0x2640, 9))}

    parsed = read_doc(DocFile([(text, b"")], paragraphs, tables={0xA2: styles}).build())

    levels = [(heading.level, heading.title) for heading in parsed.headings]
    assert levels == [(1, "Book"), (1, "One"), (1, "Own"), (3, "Three"), (2, "Direct")]
    assert all(parsed.text[heading.start :].startswith(heading.title) for heading in parsed.headings)


def test_a_style_inherits_its_heading_level_and_its_list() -> None:
    in_list = sprm(0x460B, 4, 2)
    styles = Styles(style_sheet([(0, 0xFFF, b""), (2, 0, in_list), (0xFFE, 1, sprm(0x260A, 1)), (0xFFE, 0, b"")]))

    assert [styles.heading(number) for number in range(5)] == [0, 2, 2, 0, 0]
    assert [styles.list_position(number) for number in range(5)] == [(0, 0), (4, 0), (4, 1), (0, 0), (0, 0)]


def test_the_outline_level_of_body_text_is_no_heading() -> None:
    styles = Styles(style_sheet([(0xFFE, 0xFFF, sprm(0x2640, 9)), (0xFFE, 0xFFF, sprm(0x2640, 8))]))

    assert [styles.heading(number) for number in range(2)] == [0, 9]


def test_styles_that_are_based_on_each_other_end() -> None:
    styles = Styles(style_sheet([(0xFFE, 1, b""), (0xFFE, 0, b"")]))

    assert (styles.heading(0), styles.list_position(1)) == (0, (0, 0))


@pytest.mark.parametrize("cut", [0, 5, 19, 30])
def test_a_cut_style_sheet_keeps_its_whole_styles(cut: int) -> None:
    sheet = style_sheet([(1, 0xFFF, b""), (2, 0xFFF, b"")])

    assert Styles(sheet[:cut]).heading(1) == 0
    assert Styles(sheet[:-6]).heading(0) == 1
