"""Characters of RTF: code pages, fonts, Unicode and its fallbacks, symbols."""

from collections.abc import Callable

import pytest

from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import Parse

ReadRtf = Callable[[bytes], ParsedText]


def fonts(*entries: bytes) -> bytes:
    return b"{\\fonttbl" + b"".join(b"{%s;}" % entry for entry in entries) + b"}"


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


def test_right_to_left_text_is_in_the_font_for_it(read_rtf: ReadRtf) -> None:
    table = fonts(rb"\f0\fcharset0 Arial", rb"\f1\fcharset177 David")
    source = rb"\ansi" + table + rb"{\ltrch\fcs0\f0 \rtlch\fcs1\af1 \'f9\'ec\'e5\'ed}{\rtlch\af1\ltrch\f0 caf\'e9}"

    assert read_rtf(source).text == "שלוםcafé"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"Pell\u8217's harmonium", "Pell’s harmonium"),  # the apostrophe is the fallback
        (rb"\u233?t\u233? done", "ét\u00e9 done"),
        (rb"\u233 ?t\b\u233 ?", "été"),
        (rb"\u8217\'92s", "’s"),
        (rb"\u8211\endash x \u8217\rquote s", "–x ’s"),
        (rb"\uc0 Pell\u8217 s", "Pell’s"),
        (rb"\uc2\u26085\'93\'fa\u26412\'96\'7bab", "日本ab"),
        (rb"{\uc0 \u233 a}\u233?b", "éaéb"),
        (rb"{\uc2{\u233??a}}", "éa"),
        (rb"\u8226\par next", "•\n\nnext"),
        (rb"{\u233}done", "édone"),
        (b"\\u233\r\n?done", "édone"),
        (rb"\u-10179?\u-8704?!", "😀!"),
        (rb"\u128512?!", "😀!"),
        (rb"\u-8704?!", "\ufffd!"),
        (rb"\u233?\bin4 }\u1x", "éx"),
        (rb"\u123?x\u92?", "{x\\"),
        (rb"\ul\ud C:\\u12x", "C:\\u12x"),
        (rb"{\upr{\'3f}{\*\ud{\u26085 ?}}} x", "日 x"),
    ],
)
def test_a_unicode_character_replaces_its_fallback_and_nothing_else(
    read_rtf: ReadRtf, source: bytes, text: str
) -> None:
    assert read_rtf(rb"\ansi " + source).text == text


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


def test_codes_of_symbol_fonts_are_unicode_characters(read_rtf: ReadRtf) -> None:
    table = fonts(rb"\f0\fcharset0 Arial", rb"\f3\fcharset2 Symbol")
    source = rb"\ansi" + table + rb"\f0 range 5{\f3\'b1}2 {\f3\u-3917?}"

    assert read_rtf(source).text == "range 5±2 ≥"


def test_an_exponent_does_not_run_into_its_base(read_rtf: ReadRtf) -> None:
    source = rb"10{\super 5} m{\up6 2} H{\sub 2}O {\super\nosupersub 7}{\up1 8} x\super 3\plain y"

    assert read_rtf(rb"\ansi " + source).text == "10⁵ m² H₂O 78 x³y"


def test_bytes_without_a_character_are_counted(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(rb"\ansi a\'81b")

    assert parsed.report.replaced_characters == parsed.text.count("\ufffd") == 1
    assert [warning.code for warning in parsed.report.warnings] == ["characters_replaced"]


def test_a_mark_before_the_first_group_is_no_text(parse: Parse) -> None:
    assert parse("a.rtf", b"\xef\xbb\xbf{\\rtf1\\ansi Text behind a mark\\par}").text == "Text behind a mark"
