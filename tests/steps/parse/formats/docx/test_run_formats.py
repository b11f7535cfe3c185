"""Raised and lowered runs."""

import pytest

from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import docx, paragraph, run


def _shifted(text: str, half_points: int, size: int = 0) -> str:
    return run(text, f'<w:position w:val="{half_points}"/>' + (f'<w:sz w:val="{size}"/>' if size else ""))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (run("10") + _shifted("5", 8, 19) + run(" Pa, H") + _shifted("2", -2, 19) + run("O"), "10⁵ Pa, H₂O"),
        (run("10", '<w:sz w:val="40"/>') + _shifted("5", 8, 30), "10⁵"),
        (run("10", '<w:sz w:val="16"/>') + _shifted("5", 8, 16), "105"),
        (run("raised ") + _shifted("7", 4), "raised 7"),
        (run("a") + _shifted("2", 0, 10), "a2"),
        (run("a") + run("2", '<w:position w:val="x"/><w:sz w:val="10"/>'), "a2"),
    ],
)
def test_a_shift_of_smaller_text_is_a_script(read_docx: Read, content: str, text: str) -> None:
    assert read_docx(docx(paragraph(content))).text == text
