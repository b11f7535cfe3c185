"""The font table of a Word document."""

import pytest

from ingest.steps.parse.formats.doc.fonts import read_fonts
from ingest.steps.parse.formats.rtf.charsets import Font
from tests.steps.parse.formats.doc.conftest import ReadDoc
from tests.steps.parse.formats.doc.doc_file import DocFile, font_table


@pytest.mark.parametrize(
    ("language", "charset", "encoding", "text"),
    [
        (0x0409, 0, "cp1252", "Größe – café"),
        (0x0419, 204, "cp1251", "Привет, мир"),
        (0x0415, 238, "cp1250", "zażółć"),
        (0x0411, 128, "cp932", "会議の議題"),
    ],
)
def test_word_6_and_95_are_read_in_their_code_page(
    read_doc: ReadDoc, language: int, charset: int, encoding: str, text: str
) -> None:
    by_language = DocFile([(f"{text}\rnext\r", b"")], word6=True, encoding=encoding, language=language)
    by_font = DocFile(
        [(f"{text}\rnext\r", b"\x5d\x01\0")],
        word6=True,
        encoding=encoding,
        tables={0xD0: font_table([("Arial", 0), ("Other", charset)], word6=True)},
    )

    assert read_doc(by_language.build()).text == f"{text}\n\nnext"
    assert read_doc(by_font.build()).text == f"{text}\n\nnext"


@pytest.mark.parametrize("word6", [False, True])
def test_fonts_have_names_and_character_sets(word6: bool) -> None:
    table = font_table([("Arial", 0), ("Symbol", 2)], word6=word6)

    charsets = read_fonts(table, 0x409, is_word6=word6)

    assert charsets.fonts == {0: Font("Arial", 0), 1: Font("Symbol", 2)}


def test_the_font_and_then_the_language_decide_the_code_page() -> None:
    charsets = read_fonts(font_table([("Arial", 0), ("Arial", 238)], word6=True), 0x419, is_word6=True)

    assert [charsets.codec(number) for number in (0, 1, 2)] == ["cp1251", "cp1250", "cp1251"]


def test_a_cut_table_keeps_its_whole_fonts() -> None:
    table = font_table([("Arial", 0), ("Symbol", 2)])

    assert read_fonts(table[:60], 0x409, is_word6=False).fonts == {0: Font("Arial", 0)}
    assert read_fonts(b"", 0x409, is_word6=False).fonts == {}
