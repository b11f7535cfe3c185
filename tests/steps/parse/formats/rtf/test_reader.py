"""Groups, control words, Unicode and its fallbacks, and damaged sources of RTF."""

import pytest

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.rtf import write_rtf
from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.rtf.conftest import ReadRtf
from tests.steps.parse.formats.rtf.rtf_source import fonts


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


def test_codes_of_symbol_fonts_are_unicode_characters(read_rtf: ReadRtf) -> None:
    table = fonts(rb"\f0\fcharset0 Arial", rb"\f3\fcharset2 Symbol")
    source = rb"\ansi" + table + rb"\f0 range 5{\f3\'b1}2 {\f3\u-3917?}"

    assert read_rtf(source).text == "range 5±2 ≥"


def test_a_mark_before_the_first_group_is_no_text(parse: Parse) -> None:
    assert parse("a.rtf", b"\xef\xbb\xbf{\\rtf1\\ansi Text behind a mark\\par}").text == "Text behind a mark"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (b"{\\rtf1 {\\b bold", "bold"),
        (b"{\\rtf1 a}} b\\par c}", "a b\n\nc"),
        (b"{\\rtf1 text}\0\0\xff\xfe garbage", "text"),
        (b"{\\rtf1 one\\par}{\\rtf1 two\\par}", "one\n\ntwo"),
        (b"{\\rtf1 {\\footnote a", "a"),
        (b"{\\rtf1 x\\bin99999999 y", "x"),
        (b"{\\rtf1 x\\'zz\\u\\f\\s\\itap-5\\ilvl-3\\uc-1 y}", "xzzy"),
        (b"{\\rtf1 " + b"{" * 20_000 + b"deep", "deep"),
        (b"{\\rtf1 " + b"{\\footnote " * 2_000 + b"deep", "deep"),
        (b"{\\rtf1 " + b"{\\shptxt " * 2_000 + b"deep", "deep"),
        (b"{\\rtf1\\intbl\\itap9999 deep\\nestcell", "deep"),
    ],
)
def test_damaged_files_keep_their_text(source: bytes, text: str) -> None:
    builder = TextBuilder()
    write_rtf(builder, source)

    assert builder.build() == text


def test_a_file_that_ends_in_a_picture_says_so(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(rb"{\rtf1 text{\pict 00")

    assert (parsed.text, [warning.code for warning in parsed.report.warnings]) == ("text", ["file_cut"])
