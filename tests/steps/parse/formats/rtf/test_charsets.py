"""The character sets of RTF: code pages and fonts."""

import pytest

from ingest.steps.parse.formats.rtf.charsets import Charsets, Font, codec_of_code_page, codec_of_language
from tests.steps.parse.formats.rtf.conftest import ReadRtf
from tests.steps.parse.formats.rtf.rtf_source import fonts


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"\ansi caf\'e9 \'80", "café €"),
        (rb"\ansi\ansicpg1250 za\'bf\'f3\'b3\'e6 g\'ea\'9cl\'b9", "zażółć gęślą"),
        (rb"\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2, \'ec\'e8\'f0!", "Привет, мир!"),
        (rb"\ansi\ansicpg1253 \'ca\'e1\'eb\'e7", "Καλη"),
        (rb"\ansi\ansicpg1255 \'f9\'ec\'e5\'ed", "שלום"),
        (rb"\ansi\ansicpg1256 \'d3\'e1\'c7\'e3", "سلام"),
        (rb"\ansi\ansicpg874 \'ca\'c7\'d1", "สวั"),
        (rb"\ansi\ansicpg932 \'93\'fa\'96\{\'8c\'ea", "日本語"),
        (rb"\ansi\ansicpg932 \'83A\'83\'43", "アイ"),
        (rb"\ansi\ansicpg936 \'d6\'d0\'ce\'c4", "中文"),
        (rb"\ansi\ansicpg949 \'c7\'d1\'b1\'db", "한글"),
        (rb"\ansi\ansicpg950 \'a4\'a4\'a4\'e5", "中文"),
        (rb"\ansi\ansicpg65001 \'c3\'bc", "ü"),
        (rb"\ansi\ansicpg1252 Gr\'c3\'bc\'C3\'9fe", "Grüße"),
        (rb"\ansi\ansicpg1252 Gr\'c3\'bc \'e9", "GrÃ¼ é"),
        (rb"\mac caf\'8e", "café"),
        (rb"\pc caf\'82", "café"),
        (rb"\pca caf\'82 \'9d", "café Ø"),
        (rb"\ansi\ansicpg99999 caf\'e9", "café"),
        (rb"\ansi\deflang1049 \'cc\'e8\'f0", "Мир"),
        ("\\ansi Grüße aus Köln".encode(), "Grüße aus Köln"),
        (b"\\ansi\\ansicpg1252 Gr\xfc\xdfe", "Grüße"),
    ],
)
def test_bytes_are_characters_of_the_code_page_that_the_document_declares(
    read_rtf: ReadRtf, source: bytes, text: str
) -> None:
    assert read_rtf(source).text == text


@pytest.mark.parametrize(
    ("charset", "source", "text"),
    [
        (204, rb"\'cf\'f0\'e8", "При"),
        (238, rb"\'b9\'ea", "ąę"),
        (161, rb"\'e1\'e2", "αβ"),
        (162, rb"\'fe\'f0", "şğ"),
        (177, rb"\'f9\'ec", "של"),
        (178, rb"\'d3\'e1", "سل"),
        (186, rb"\'e0\'e8", "ąč"),
        (222, rb"\'ca", "ส"),
        (128, rb"\'93\'fa", "日"),
        (129, rb"\'c7\'d1", "한"),
        (134, rb"\'d6\'d0", "中"),
        (136, rb"\'a4\'a4", "中"),
        (77, rb"\'8e", "é"),
        (255, rb"\'82", "é"),
    ],
)
def test_the_character_set_of_a_font_comes_before_that_of_the_document(
    read_rtf: ReadRtf, charset: int, source: bytes, text: str
) -> None:
    table = fonts(rb"\f0\fcharset0 Arial", rb"\f1\fnil\fcharset%d Other" % charset)

    assert (
        read_rtf(rb"\ansi\ansicpg1252" + table + rb"\f0 caf\'e9 {\f1 " + source + rb"} \'e9").text == f"café {text} é"
    )


def test_the_code_page_of_a_font_and_the_end_of_its_name_tell_the_character_set(read_rtf: ReadRtf) -> None:
    table = fonts(rb"\f1\cpg1251 Times", rb"\f2\fcharset0 Arial Cyr")

    assert read_rtf(rb"\ansi" + table + rb"\f1\'cc\'e8\'f0 \f2\'cc\'e8\'f0").text == "Мир Мир"


def test_a_font_of_character_set_0_has_the_code_page_of_the_document_if_no_font_has_its_character_set(
    read_rtf: ReadRtf,
) -> None:
    naive = rb"\ansi\ansicpg1251" + fonts(rb"\f0\fcharset0 Arial") + rb"\f0\'cc\'e8\'f0"
    exact = rb"\ansi\ansicpg1251" + fonts(rb"\f0\fcharset0 Arial", rb"\f1\fcharset204 Arial") + rb"\f0 caf\'e9"

    assert (read_rtf(naive).text, read_rtf(exact).text) == ("Мир", "café")


@pytest.mark.parametrize(
    ("code_page", "codec"),
    [(1252, "cp1252"), (936, "gb18030"), (65001, "utf-8"), (28591, "cp1252"), (10000, "mac_roman"), (99999, None)],
)
def test_code_pages_have_codecs(code_page: int, codec: str | None) -> None:
    assert codec_of_code_page(code_page) == codec


@pytest.mark.parametrize(
    ("language", "codec"),
    [(0x0409, "cp1252"), (0x0419, "cp1251"), (0x0415, "cp1250"), (0x0404, "cp950"), (0x0804, "gb18030"), (0, "cp1252")],
)
def test_languages_have_codecs(language: int, codec: str) -> None:
    assert codec_of_language(language) == codec


def test_the_codec_of_a_font_follows_what_the_document_declares_later() -> None:
    charsets = Charsets()
    charsets.fonts = {0: Font("Arial", 0), 1: Font("Arial", 161)}
    before = [charsets.codec(number) for number in (0, 1, 7)]

    charsets.declare("cp1250")
    charsets.declare(None)  # an unknown code page changes nothing

    assert before == ["cp1252", "cp1253", "cp1252"]
    assert [charsets.codec(number) for number in (0, 1, 7)] == ["cp1250", "cp1253", "cp1250"]


def test_hebrew_and_arabic_fonts_are_right_to_left() -> None:
    assert [Font("Any", charset).is_right_to_left for charset in (177, 178, 0, None)] == [True, True, False, False]
