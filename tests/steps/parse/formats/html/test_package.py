"""HTML documents as a whole."""


import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.steps.parse.formats.html import html_to_text, write_html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText
from ingest.steps.parse.formats.html import decode_html, read


def parse(html: str) -> ParsedText:
    builder = TextBuilder()
    write_html(builder, html)
    return builder.parsed("html")


@pytest.mark.parametrize("depth", [1_000, 20_000])
@pytest.mark.parametrize("tag", ["div", "b", "table", "ul", "font"])
def test_deep_nesting_loses_no_text(tag: str, depth: int) -> None:
    assert "deep" in html_to_text(f"<html><body>{f'<{tag}>' * depth}deep{f'</{tag}>' * depth}")
