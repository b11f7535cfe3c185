"""The source of HTML: character sets, and repairs of what a parser would lose."""

import pytest

from ingest.steps.parse.formats.html import decode_html, html_to_text
from ingest.steps.parse.formats.html.source import strip_tags
from tests.timing import assert_linear


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("<meta charset=utf-8>ä".encode(), "ä"),
        ("<meta charset='windows-1251'>да".encode("cp1251"), "да"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=gb2312">中文'.encode("gbk"), "中文"),
        ('<?xml version="1.0" encoding="shift_jis"?>日本'.encode("shift_jis"), "日本"),
        ("<meta charset=utf-8>größer".encode("latin-1"), "größer"),
        ("<meta charset=utf-16>ä".encode(), "ä"),
        ("<meta charset=nonsense>ä".encode(), "ä"),
        ("<meta charset=latin-1>ä".encode("utf-16"), "ä"),
    ],
)
def test_the_character_set_is_the_declared_one_unless_that_is_wrong(data: bytes, expected: str) -> None:
    assert decode_html(data).partition(">")[2] == expected


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<html><head><title>Report</head><body><p>Body text</p></body></html>", "Report\n\nBody text"),
        ("<title>Report<body><p>Body text</p>", "Report\n\nBody text"),
        ("<title>Report\n<meta name=x><p>Body text</p><svg><title>icon</title></svg>", "Report\n\nBody text\n\nicon"),
        ("<head><script>var a = 1;</head><body><p>Body text</p>", "Body text"),
        ("<head><style>p {}<body><p>Body text</p>", "Body text"),
        ("<p>a</p><!-- never closed <p>Body text</p>", "a\n\nnever closed\n\nBody text"),
        ("<script><!-- x //--></script><p>a</p>", "a"),
        ("<title>A &lt; B</title><p>x</p>", "A < B\n\nx"),
        ("<p>a</p><textarea>typed<div>after</div>", "a\n\ntyped\nafter"),
    ],
)
def test_a_title_or_text_area_without_end_does_not_swallow_the_page(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "element",
    ["<title/>", "<script src='a.js'/>", "<div class='x'/>", "<a id='top'/>", "<textarea/>", "<style/>"],
)
def test_an_empty_element_of_xhtml_ends_at_its_slash(element: str) -> None:
    html = f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head/><body>{element}<p>text</p></body></html>'

    assert html_to_text(html) == "text"


def test_cdata_sections_are_text() -> None:
    assert html_to_text("<p>a</p><p><![CDATA[x < y & <b>z</b>]]></p>") == "a\n\nx < y & <b>z</b>"


def test_a_utf_8_page_that_declares_latin_1_is_utf_8() -> None:
    assert html_to_text('<meta charset="iso-8859-1"><p>Müller wohnt in Köln</p>'.encode()) == "Müller wohnt in Köln"


def test_latin_1_means_windows_1252() -> None:
    assert html_to_text('<meta charset="iso-8859-1"><p>5 € “net”</p>'.encode("cp1252")) == "5 € “net”"


@pytest.mark.parametrize("opener", ["<script>", "<style>", "<!--", "<![CDATA[", "<title>", "<textarea>", "<", "<a "])
def test_openers_without_end_take_linear_time(opener: str) -> None:
    assert_linear(lambda count: (html_to_text(opener * count), strip_tags(opener * count)), 50_000)
