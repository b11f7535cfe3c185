"""The control words of RTF that decide about text."""

import pytest

from ingest.steps.parse.formats.rtf import words
from tests.steps.parse.formats.rtf.conftest import ReadRtf


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"a\~b\_c\-d", "a\u00a0b-cd"),
        (rb"\emdash\endash\bullet\lquote\rquote\ldblquote\rdblquote", "—–•‘’“”"),
        (rb"a\tab b\line c", "a\tb\nc"),
        (rb"\{\}\\", "{}\\"),
        (rb"Kranken\'adversicherung", "Krankenversicherung"),
        (b"one\\\ntwo", "one\n\ntwo"),
    ],
)
def test_control_words_and_symbols_that_stand_for_characters(read_rtf: ReadRtf, source: bytes, text: str) -> None:
    assert read_rtf(rb"\ansi " + source).text == text


def test_no_control_word_is_both_text_and_skipped() -> None:
    groups = [words.SKIPPED, words.TRANSPARENT, words.HEADERS, words.FOOTERS, words.TEXT_BOXES, words.CHARACTERS]
    names = [name for group in groups for name in group]

    assert [name for name in sorted(set(names)) if names.count(name) > 1] == []
